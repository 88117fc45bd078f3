//! A JPEG 2000 code stream in the form that all decoders read (ITU-T T.800 annex A).
//!
//! Readers are to skip private marker segments and those of later parts of the standard, as no
//! picture depends on them; decoders refuse them. The last tile-part may leave out its length, as
//! it goes to the end of the stream; not all decoders know that. So a stream with such segments is
//! copied without them, and with all lengths. Bytes after its end are padding.
//!
//! A coefficient that is quantised stands for a range. Decoders take its middle (T.800 E.1.1), but
//! the decoder of high-throughput streams takes its lower end, which leaves a dark, dull picture.
//! With an exponent one higher it sees half the step and a bit more, which is the middle.

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

/// The coding of a stream, by its main header.
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

/// A stream as decoders know it, up to its end; with `halves`, of half the steps.
pub(super) fn plain(stream: &[u8], halves: bool) -> Result<Cow<'_, [u8]>> {
    let mut copy = Copy { stream, done: 0, bytes: Vec::new() };
    let (edits, mut at) = header(stream, 2, halves)?;
    edits.into_iter().for_each(|edit| copy.edit(edit));
    while let Ok((SOT, &[_, _, p3, p2, p1, p0, _, _], first)) = segment(stream, at) {
        let (edits, data) = header(stream, first, halves)?;
        let stated = u32::from_be_bytes([p3, p2, p1, p0]) as usize;
        let end = match stated {
            0 => data + end_of_data(&stream[data..])?,
            length => at + length,
        };
        let less: usize = edits.iter().map(|(range, bytes)| range.len() - bytes.len()).sum();
        if stated == 0 || less > 0 {
            let length = end.saturating_sub(at + less) as u32;
            copy.edit((at + LENGTH..at + LENGTH + 4, length.to_be_bytes().to_vec()));
        }
        edits.into_iter().for_each(|edit| copy.edit(edit));
        if end <= at + SOT_LENGTH {
            return Err("a tile-part that is shorter than its header".into());
        }
        at = end;
    }
    // Some writers pad there by a comment.
    while let Ok((COM, _, next)) = segment(stream, at) {
        copy.edit((at..next, Vec::new()));
        at = next;
    }
    match segment(stream, at) {
        Ok((EOC, _, end)) => Ok(copy.up_to(end)),
        _ => Err(format!("cut off, got no marker FFD9 at byte {at}, expected one")),
    }
}

/// Bytes of a stream, and those that take their place; no more of them.
type Edit = (Range<usize>, Vec<u8>);

/// Returns the changes to a header, and the position behind it: that of the next SOT or EOC, or the
/// one behind SOD.
fn header(stream: &[u8], mut at: usize, halves: bool) -> Result<(Vec<Edit>, usize)> {
    let mut edits = Vec::new();
    loop {
        let (marker, body, next) = segment(stream, at)?;
        match (marker, body) {
            (SOT | EOC, _) => return Ok((edits, at)),
            (SOD, _) => return Ok((edits, next)),
            (QCD, [style, steps @ ..]) | (QCC, [_, style, steps @ ..])
                if halves && matches!(style & 31, 1 | 2) =>
            {
                edits.push((next - steps.len()..next, half_steps(style >> 5, steps)));
            }
            (SIZ | COD | COC | QCD | QCC | RGN | POC | PPM | PPT, _) => {}
            (TLM | PLT | CRG | COM | 0x30..=0x3F, _) => {}
            _ => edits.push((at..next, Vec::new())),
        }
        at = next;
    }
}

/// Steps of quantisation (table A.30) with exponents one higher, unless a decoder would have more
/// than 31 bits, some of them guards.
fn half_steps(guards: u8, steps: &[u8]) -> Vec<u8> {
    let mut steps = steps.to_vec();
    for step in steps.iter_mut().step_by(2).filter(|step| (**step >> 3) + guards <= 31) {
        *step = step.checked_add(1 << 3).unwrap_or(*step);
    }
    steps
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
    fn edit(&mut self, (range, bytes): Edit) {
        self.bytes.extend(&self.stream[self.done..range.start]);
        self.bytes.extend(bytes);
        self.done = range.end;
    }

    fn up_to(mut self, end: usize) -> Cow<'a, [u8]> {
        if self.done == 0 {
            return Cow::Borrowed(&self.stream[..end]);
        }
        self.edit((end..end, Vec::new()));
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
        assert!(matches!(plain(&padded, false), Ok(Cow::Borrowed(bytes)) if bytes == plain_stream));
        let comment = [&plain_stream[..plain_stream.len() - 2], &segment(COM, b"PADDING")].concat();
        assert_eq!(plain(&[&comment[..], &END].concat(), false).unwrap(), plain_stream);
        let cut = plain(&plain_stream[..plain_stream.len() - 1], true).unwrap_err();
        assert!(cut.contains("no marker FFD9 at byte"), "{cut}");
    }

    #[test]
    fn unknown_segments_go_and_lengths_are_told() {
        let odd = [segment(0x76, b"private"), segment(0x57, b"lengths")].concat();
        let parts = [tile_part(17 + odd.len() as u32, &odd, b"abc"), tile_part(0, &odd, b"de")];
        let expected = [tile_part(17, &[], b"abc"), tile_part(16, &[], b"de")].concat();
        let got = stream(&odd, &parts.concat(), &[0xFF, 0xD9, 0, 0]);
        assert_eq!(plain(&got, true).unwrap(), stream(&[], &expected, &END));
        for length in 4..got.len() - 4 {
            assert!(plain(&got[..length], false).is_err(), "{length}");
        }
    }

    #[test]
    fn steps_are_halved_where_coefficients_are_quantised() {
        // Exponents 8 and 29 of two guard bits, and one of three that has no room.
        let steps = |style: u8, steps: &[u8]| segment(QCD, &[&[style], steps].concat());
        let got =
            stream(&steps(0x42, &[8 << 3 | 7, 1, 29 << 3, 2]), &tile_part(17, &[], b"abc"), &END);
        let expected =
            stream(&steps(0x42, &[9 << 3 | 7, 1, 30 << 3, 2]), &tile_part(17, &[], b"abc"), &END);
        assert_eq!(plain(&got, true).unwrap(), expected);
        assert_eq!(plain(&got, false).unwrap(), got);
        assert_eq!(half_steps(3, &[29 << 3, 1, 28 << 3, 0]), [29 << 3, 1, 29 << 3, 0]);
        let reversible = stream(&steps(0x40, &[8 << 3]), &tile_part(17, &[], b"abc"), &END);
        assert_eq!(plain(&reversible, true).unwrap(), reversible);
    }

    #[test]
    fn the_main_header_tells_the_kind() {
        let expected =
            Kind { mixed: true, reversible: false, high_throughput: true, subsampled: false };
        assert_eq!(kind(&stream(&segment(0x76, &[]), &[], &[])), Some(expected));
        assert_eq!(kind(&stream(&[], &[], &[])[..50]), None);
    }
}
