//! CCITT T.4 (in one dimension) and T.6: pages of black and white.

use std::convert::Infallible;
use std::io::{Error, ErrorKind, Read, Result};

use fax::Color;
use fax::decoder::{DecodeStatus, Group3Decoder, Group4Decoder, pels};

/// A mark of a line's end, with zeros before it.
const END_OF_LINE: [u8; 2] = [0, 1];

type Bytes<'a> = Box<dyn Iterator<Item = std::result::Result<u8, Infallible>> + 'a>;

enum Lines<'a> {
    Group3(Group3Decoder<Bytes<'a>>),
    Group4(Group4Decoder<Bytes<'a>>),
}

/// A reader of rows whose bits are 1 where CCITT has black.
pub(super) struct Fax<'a> {
    lines: Lines<'a>,
    width: u16,
    row: Vec<u8>,
    /// Bytes of the row that were read.
    read: usize,
    /// Whether the mark of the page's end has come; what is missing then is white.
    ended: bool,
}

impl<'a> Fax<'a> {
    /// Rows of T.6, or of T.4, which have so many pixels.
    pub(super) fn open(bytes: &'a [u8], width: u16, group_4: bool) -> Result<Self> {
        let lines = if group_4 {
            let bytes: Bytes = Box::new(bytes.iter().map(|&byte| Ok(byte)));
            Lines::Group4(Group4Decoder::new(bytes, width).map_err(damaged)?)
        } else {
            // Some writers leave out the marks before the first line and after the last.
            let marked = matches!(bytes, [0, second, ..] if second & 0xE0 == 0);
            let first = if marked { &[][..] } else { &END_OF_LINE };
            let bytes = first.iter().chain(bytes).chain(&END_OF_LINE).map(|&byte| Ok(byte));
            Lines::Group3(Group3Decoder::new(Box::new(bytes) as Bytes).map_err(damaged)?)
        };
        Ok(Self { lines, width, row: Vec::new(), read: 0, ended: false })
    }

    /// Decodes the next row.
    fn advance(&mut self) -> Result<()> {
        let changes = match &mut self.lines {
            _ if self.ended => &[],
            Lines::Group3(lines) => {
                self.ended = lines.advance().map_err(damaged)? == DecodeStatus::End;
                whole(lines.transitions(), self.width)?
            }
            Lines::Group4(lines) => {
                self.ended = lines.advance().map_err(damaged)? == DecodeStatus::End;
                if self.ended { &[] } else { lines.transition() }
            }
        };
        self.row.clear();
        self.row.resize(usize::from(self.width).div_ceil(8), 0);
        for (x, colour) in pels(changes, self.width).enumerate() {
            self.row[x / 8] |= u8::from(colour == Color::Black) << (7 - x % 8);
        }
        self.read = 0;
        Ok(())
    }
}

/// The changes of a row of T.4, if they go to its end.
fn whole(changes: &[u16], width: u16) -> Result<&[u16]> {
    match changes.last() {
        Some(&last) if last != width => Err(damaged(format!("{last} pixels of {width} in a row"))),
        _ => Ok(changes),
    }
}

impl Read for Fax<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        if self.read == self.row.len() {
            self.advance()?;
        }
        let count = out.len().min(self.row.len() - self.read);
        out[..count].copy_from_slice(&self.row[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}

fn damaged(error: impl std::fmt::Debug) -> Error {
    Error::new(ErrorKind::InvalidData, format!("CCITT does not decode: {error:?}"))
}
