//! A code stream without what decoders do not know (ITU-T T.800 annex A).
//!
//! Marker segments of later parts of the standard, and private ones, say nothing that a picture
//! depends on and are to be skipped; decoders refuse them. The last tile-part may leave its length
//! out, as it goes to the end of the stream; not all decoders find that. So a stream that has
//! either is copied without, and with its lengths. What follows the end is padding.

use super::super::END;
use super::markers::{COC, COD, EOC, POC, QCC, QCD, RGN, Result, SOD, SOT, segment};
use std::borrow::Cow;
use std::ops::Range;

const SIZ: u8 = 0x51;
/// Packet headers, in the main header or of a tile-part.
const PPM: u8 = 0x60;
const PPT: u8 = 0x61;
// What decoders skip by themselves: lengths, registration, comments.
const TLM: u8 = 0x55;
const PLT: u8 = 0x58;
const CRG: u8 = 0x63;
const COM: u8 = 0x64;
/// Bytes of SOT.
const SOT_LENGTH: usize = 12;
/// Position of a tile-part's length in SOT.
const LENGTH: usize = 6;

/// How a stream is coded, as its main header says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Kind {
    /// Whether red, green and blue were mixed, and the decoder separates them (MCT).
    pub(in super::super) mixed: bool,
    /// Whether nothing is lost by the wavelet.
    pub(in super::super) reversible: bool,
    /// Whether code blocks are those of T.814.
    pub(in super::super) high_throughput: bool,
    /// Whether the second and third component have fewer samples than the first, as only Cb and Cr
    /// have.
    pub(in super::super) subsampled: bool,
}

/// The kind of a stream that begins with SOC and SIZ; none if its header ends before it says so.
pub(in super::super) fn kind(stream: &[u8]) -> Option<Kind> {
    let (_, size, mut at) = segment(stream, 2).ok()?;
    let (steps, _) = size.get(36..)?.as_chunks::<3>();
    let subsampled = match steps {
        &[[_, x, y], [_, x1, y1], [_, x2, y2]] => {
            (x1, y1) == (x2, y2) && (x1, y1) != (x, y) && x1 >= x && y1 >= y
        }
        _ => false,
    };
    loop {
        match segment(stream, at).ok()? {
            (COD, &[_, _, _, _, mixed, _, _, _, style, transform, ..], _) => {
                let high_throughput = style & 0x40 != 0;
                let (mixed, reversible) = (mixed != 0, transform == 1);
                return Some(Kind { mixed, reversible, high_throughput, subsampled });
            }
            (SOT | SOD | EOC, ..) => return None,
            (.., next) => at = next,
        }
    }
}

/// A stream as decoders know it, up to its end.
pub(super) fn plain(stream: &[u8]) -> Result<Cow<'_, [u8]>> {
    let mut copy = Copy { stream, done: 0, bytes: Vec::new() };
    let (skipped, mut at) = header(stream, 2)?;
    skipped.into_iter().for_each(|range| copy.skip(range));
    while let Ok((SOT, &[_, _, p3, p2, p1, p0, _, _], first)) = segment(stream, at) {
        let (skipped, data) = header(stream, first)?;
        let stated = u32::from_be_bytes([p3, p2, p1, p0]) as usize;
        let end = match stated {
            0 => data + end_of_data(&stream[data..])?,
            length => at + length,
        };
        if stated == 0 || !skipped.is_empty() {
            let less: usize = skipped.iter().map(Range::len).sum();
            let length = end.saturating_sub(at + less) as u32;
            copy.replace(at + LENGTH, length.to_be_bytes());
        }
        skipped.into_iter().for_each(|range| copy.skip(range));
        if end <= at + SOT_LENGTH {
            return Err("a tile-part that is shorter than its header".into());
        }
        at = end;
    }
    match segment(stream, at) {
        Ok((EOC, _, end)) => Ok(copy.up_to(end)),
        _ => Err(format!("cut off, got no marker FFD9 at byte {at}, expected one")),
    }
}

/// Segments of a header to skip, and the position behind it: of SOT, or behind SOD.
fn header(stream: &[u8], mut at: usize) -> Result<(Vec<Range<usize>>, usize)> {
    let mut skipped = Vec::new();
    loop {
        let (marker, _, next) = segment(stream, at)?;
        match marker {
            SOT | EOC => return Ok((skipped, at)),
            SOD => return Ok((skipped, next)),
            SIZ | COD | COC | QCD | QCC | RGN | POC | PPM | PPT => {}
            TLM | PLT | CRG | COM | 0x30..=0x3F => {}
            _ => skipped.push(at..next),
        }
        at = next;
    }
}

/// Length of the data of the last tile-part: no two bytes in it are as high as a marker.
fn end_of_data(data: &[u8]) -> Result<usize> {
    let end = data.windows(2).position(|pair| pair == END);
    end.ok_or_else(|| "cut off, got no marker FFD9 after its last tile-part, expected one".into())
}

/// A copy of a stream, begun where it first differs.
struct Copy<'a> {
    stream: &'a [u8],
    /// Position up to which it is copied.
    done: usize,
    bytes: Vec<u8>,
}

impl<'a> Copy<'a> {
    fn skip(&mut self, range: Range<usize>) {
        self.bytes.extend(&self.stream[self.done..range.start]);
        self.done = range.end;
    }

    fn replace(&mut self, at: usize, four: [u8; 4]) {
        self.skip(at..at + four.len());
        self.bytes.extend(four);
    }

    fn up_to(mut self, end: usize) -> Cow<'a, [u8]> {
        if self.done == 0 {
            return Cow::Borrowed(&self.stream[..end]);
        }
        self.skip(end..end);
        Cow::Owned(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        [&[0xFF, marker][..], &(body.len() as u16 + 2).to_be_bytes(), body].concat()
    }

    fn tile_part(length: u32, header: &[u8], data: &[u8]) -> Vec<u8> {
        let start = segment(SOT, &[&[0, 0][..], &length.to_be_bytes(), &[0, 1]].concat());
        [&start, header, &[0xFF, SOD], data].concat()
    }

    /// A stream of one component with these segments in its main header.
    fn stream(main: &[u8], parts: &[u8], tail: &[u8]) -> Vec<u8> {
        let size = segment(SIZ, &[&[0; 34][..], &[0, 1, 7, 1, 1]].concat());
        let coding = segment(COD, &[0, 0, 0, 1, 1, 5, 4, 4, 0x40, 0]);
        [&[0xFF, 0x4F][..], &size, main, &coding, parts, tail].concat()
    }

    #[test]
    fn a_plain_stream_is_not_copied_and_its_padding_is_left() {
        let plain_stream = stream(&segment(COM, b"made"), &tile_part(17, &[], b"abc"), &END);
        let padded = [&plain_stream[..], &[0; 1000], &[0xFF, 0xD9, 7]].concat();
        assert!(matches!(plain(&padded), Ok(Cow::Borrowed(bytes)) if bytes == plain_stream));
        let cut = plain(&plain_stream[..plain_stream.len() - 1]).unwrap_err();
        assert!(cut.contains("no marker FFD9 at byte"), "{cut}");
    }

    #[test]
    fn unknown_segments_go_and_lengths_are_told() {
        let odd = [segment(0x76, b"private"), segment(0x57, b"lengths")].concat();
        let parts = [tile_part(17 + odd.len() as u32, &odd, b"abc"), tile_part(0, &odd, b"de")];
        let expected = [tile_part(17, &[], b"abc"), tile_part(16, &[], b"de")].concat();
        let got = stream(&odd, &parts.concat(), &[0xFF, 0xD9, 0, 0]);
        assert_eq!(plain(&got).unwrap(), stream(&[], &expected, &END));
        for length in 4..got.len() - 4 {
            assert!(plain(&got[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn the_main_header_tells_the_kind() {
        let expected =
            Kind { mixed: true, reversible: false, high_throughput: true, subsampled: false };
        assert_eq!(kind(&stream(&segment(0x76, &[]), &[], &[])), Some(expected));
        assert_eq!(kind(&stream(&[], &[], &[])[..50]), None);
    }
}
