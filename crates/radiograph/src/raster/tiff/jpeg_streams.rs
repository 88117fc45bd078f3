//! Strips and tiles that are streams of JPEG (Adobe Photoshop TIFF technical note 2).
//!
//! A stream's tables may lie in the directory, and what its three samples mean is said there. Both
//! are written into the stream, so that a decoder of JPEG files reads it.

use std::borrow::Cow;

use super::super::jpeg;
use super::bad;
use super::colour::Colour;
use super::directory::Directory;
use super::old_jpeg::OldTables;
use super::samples::Form;
use crate::error::Result;

const TABLES: u16 = 347;
/// Start and end of an image, start of scan, the marker of Adobe's segment, and the first marker of
/// an application.
const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const ADOBE: u8 = 0xEE;
const APPLICATIONS: std::ops::RangeInclusive<u8> = 0xE0..=0xEF;
/// Bytes of tables that each stream gets: four of each kind have fewer.
const MAX_TABLES: usize = 16 << 10;

/// A directory's parameters of its JPEG streams.
pub(super) struct Streams<'a> {
    tables: &'a [u8],
    old: OldTables,
    /// Bits of a sample, and samples of a pixel.
    form: (u32, usize),
    /// Adobe's number for what three samples mean.
    transform: Option<u8>,
    subsampling: [usize; 2],
}

impl<'a> Streams<'a> {
    pub(super) fn of(directory: &Directory<'a>) -> Result<Self> {
        let (tables, old) = (directory.block(TABLES)?, OldTables::of(directory)?);
        if tables.len() > MAX_TABLES {
            let got = tables.len();
            return Err(bad(format!("JPEG tables of {got} bytes, expected at most {MAX_TABLES}")));
        }
        Ok(Self { tables, old, form: (8, 1), transform: None, subsampling: [1, 1] })
    }

    /// Notes what samples mean.
    pub(super) fn expect(&mut self, form: &Form, colour: &Colour, subsampling: [usize; 2]) {
        self.form = (form.bits, form.samples);
        self.transform = match colour {
            Colour::Rgb => Some(0),
            Colour::YCbCr(_) => Some(1),
            _ => None,
        }
        .filter(|_| form.samples == 3);
        self.subsampling = subsampling;
    }

    /// Bits of a sample.
    pub(super) fn bits(&self) -> u32 {
        self.form.0
    }

    /// Position and length of the stream that is the whole picture, if there is one.
    pub(super) fn whole(&self, bytes: &[u8]) -> Option<(u64, u64)> {
        self.old.whole(bytes)
    }

    /// A stream that can be decoded by itself, of a chunk of these sides.
    pub(super) fn stream(&self, data: &'a [u8], sides: [usize; 2]) -> Cow<'a, [u8]> {
        if !data.starts_with(&[0xFF, SOI]) && self.old.is_there() {
            return Cow::Owned(self.old.stream(data, sides, (self.form.1, self.subsampling)));
        }
        if self.tables.is_empty() && self.transform.is_none() {
            return Cow::Borrowed(data);
        }
        let mut stream = vec![0xFF, SOI];
        if let Some(transform) = self.transform {
            stream.extend(
                [&[0xFF, ADOBE, 0, 14][..], b"Adobe", &[0, 100, 0, 0, 0, 0, transform]].concat(),
            );
        }
        for part in [self.tables, data] {
            append(&mut stream, part);
        }
        Cow::Owned(stream)
    }
}

/// Appends a stream without its first marker and segments of applications; of one without scans
/// not its last marker either.
fn append(stream: &mut Vec<u8>, part: &[u8]) {
    let mut at = 2;
    while let Some((marker, _, next)) = jpeg::segment(part, at) {
        match marker {
            SOS => {
                stream.extend(&part[at..]);
                return;
            }
            EOI => return,
            _ if APPLICATIONS.contains(&marker) => {}
            _ => stream.extend(&part[at..next]),
        }
        at = next;
    }
}
