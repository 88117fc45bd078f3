//! JPEG and JPEG-LS (ITU-T T.81 B, T.87 C): blanks the segments of applications and comments.
//!
//! Three application segments change how colours are decoded, and keep the bytes that do: JFIF,
//! Adobe's transform, and the colour transform of JPEG-LS. A segment that is longer than its
//! content needs is refused, as zeros in place of the rest might mean something.

use std::ops::Range;

use super::stream::{Stream, wrong};
use crate::error::Result;

const START: [u8; 2] = [0xFF, 0xD8];
const END: u8 = 0xD9;
const SCAN: u8 = 0xDA;

/// Blanks applications and comments in the stream that begins at `at`. Returns where it ends:
/// behind its last marker, or with the bytes.
///
/// # Errors
/// If it is no JPEG stream, or a segment is longer than its content needs.
pub(super) fn scrub(stream: &mut Stream, at: usize) -> Result<usize> {
    if stream.marker(at) != Some(START) {
        return Err(wrong("no JPEG stream begins where a frame should"));
    }
    let mut at = at + START.len();
    loop {
        let marker = match stream.marker(at) {
            None => return Ok(stream.bytes.len()),
            // Any number of FF may precede a marker.
            Some([0xFF, 0xFF]) => {
                at += 1;
                continue;
            }
            Some([0xFF, marker]) => marker,
            Some(_) => return Err(wrong("bytes lie between two segments of a JPEG stream")),
        };
        match marker {
            END => return Ok(at + 2),
            0x00 | 0x01 | 0xD0..=0xD8 => {
                return Err(wrong("a JPEG stream has a marker where none may be"));
            }
            _ => at = segment(stream, at, marker)?,
        }
    }
}

/// Scrubs a segment, and returns where it ends: behind the coded pixels, if it begins a scan.
fn segment(stream: &mut Stream, at: usize, marker: u8) -> Result<usize> {
    let payload = stream.payload(at)?;
    match marker {
        0xE0..=0xEF => application(stream, payload.clone(), marker),
        // Frame headers, tables and parameters. F7 and F8 are of JPEG-LS.
        0xC0..=0xCF | 0xDA..=0xDF | 0xF7 | 0xF8 => {
            if !is_full(marker, &stream.bytes[payload.clone()]) {
                return Err(wrong("a segment of a JPEG stream has more bytes than it needs"));
            }
        }
        _ => stream.blank(payload.clone()),
    }
    Ok(if marker == SCAN { coded_end(&stream.bytes, payload.end) } else { payload.end })
}

/// Whether a segment has the length that its content needs.
fn is_full(marker: u8, payload: &[u8]) -> bool {
    let count = |at: usize| payload.get(at).map_or(0, |&count| usize::from(count));
    match marker {
        0xC4 => is_of_tables(payload, |table| {
            let counts = table.get(1..17)?;
            Some(17 + counts.iter().map(|&count| usize::from(count)).sum::<usize>())
        }),
        0xDB => {
            is_of_tables(payload, |table| Some(1 + if table.first()? >> 4 == 0 { 64 } else { 128 }))
        }
        0xCC => payload.len().is_multiple_of(2),
        0xC8 | 0xDE => false,
        0xC0..=0xCF | 0xF7 => payload.len() == 6 + 3 * count(5),
        SCAN => payload.len() == 4 + 2 * count(0),
        0xDC => payload.len() == 2,
        // Three and four bytes are of T.87.
        0xDD => (2..=4).contains(&payload.len()),
        0xDF => payload.len() == 1,
        // T.87 C.2.4.1: preset parameters, mapping tables, sides above 65,535.
        _ => match payload {
            [1, ..] => payload.len() == 11,
            [2 | 3, _, width, table @ ..] => table.len().is_multiple_of(usize::from(*width)),
            [4, width, sides @ ..] => sides.len() == 2 * usize::from(*width),
            _ => false,
        },
    }
}

/// Whether a payload is tables, one after the other; `length` is that of the first one in a slice.
fn is_of_tables(mut payload: &[u8], length: impl Fn(&[u8]) -> Option<usize>) -> bool {
    while !payload.is_empty() {
        match length(payload).and_then(|length| payload.get(length..)) {
            Some(rest) => payload = rest,
            None => return false,
        }
    }
    true
}

/// Blanks an application segment but for the bytes that decide how colours are decoded.
fn application(stream: &mut Stream, payload: Range<usize>, marker: u8) {
    let start = payload.start;
    let was = stream.bytes[payload.clone()].to_vec();
    stream.blank(payload);
    let kept: Vec<u8> = match (marker, &was[..]) {
        // Version 1.01, square pixels, no thumbnail.
        (0xE0, [b'J', b'F', b'I', b'F', 0, rest @ ..]) if rest.len() >= 9 => {
            [&b"JFIF\0"[..], &[1, 1, 0, 0, 1, 0, 1, 0, 0]].concat()
        }
        // Version 100, no flags, and the transform.
        (0xEE, [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform @ 0..=2, ..]) => {
            [b"Adobe", &[0, 100, 0, 0, 0, 0, *transform][..]].concat()
        }
        (0xE8, [b'm', b'r', b'f', b'x', transform @ 0..=5, ..]) => {
            [b"mrfx", &[*transform][..]].concat()
        }
        _ => Vec::new(),
    };
    stream.blanked =
        stream.blanked.saturating_sub(kept.iter().filter(|&&byte| byte != 0).count() as u64);
    stream.put(start, &kept);
}

/// The end of the coded pixels of a scan: the next marker that does more than restart the coder. An
/// FF that is no marker is followed by a byte below 80 in JPEG-LS, and by a zero in JPEG.
fn coded_end(bytes: &[u8], start: usize) -> usize {
    let is_marker = |pair: &[u8]| matches!(pair, [0xFF, 0x80..=0xCF | 0xD8..=0xFE]);
    let coded = bytes.get(start..).unwrap_or_default();
    coded.windows(2).position(is_marker).map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scrubbed(bytes: &[u8]) -> Result<(Vec<u8>, usize)> {
        let mut stream = Stream { bytes: bytes.to_vec(), blanked: 0 };
        let end = scrub(&mut stream, 0)?;
        Ok((stream.bytes, end))
    }

    fn segment_of(marker: u8, payload: &[u8]) -> Vec<u8> {
        [&[0xFF, marker][..], &(payload.len() as u16 + 2).to_be_bytes(), payload].concat()
    }

    #[test]
    fn comments_and_applications_are_blanked_and_pixels_stay() {
        let frame = segment_of(0xC0, &[8, 0, 1, 0, 1, 1, 1, 0x11, 0]);
        let scan =
            [&segment_of(SCAN, &[1, 1, 0, 0, 63, 0])[..], &[0x12, 0xFF, 0, 0x34, 0xFF, 0xD0, 0x56]]
                .concat();
        let jfif = [&b"JFIF\0"[..], b"SECRET", &[1, 1, 1], b"SEC"].concat();
        let adobe = [&b"Adobe"[..], b"SECRET", &[1], b"SECRET"].concat();
        let of = |secrets: bool| {
            let or_zeros = |payload: &[u8], clean: &[u8]| {
                let mut zeros = clean.to_vec();
                zeros.resize(payload.len(), 0);
                if secrets { payload.to_vec() } else { zeros }
            };
            let jfif_clean = [&b"JFIF\0"[..], &[1, 1, 0, 0, 1, 0, 1, 0, 0]].concat();
            [
                START.to_vec(),
                segment_of(0xE0, &or_zeros(&jfif, &jfif_clean)),
                segment_of(0xE1, &or_zeros(b"Exif SECRET", b"")),
                segment_of(
                    0xEE,
                    &or_zeros(&adobe, &[&b"Adobe"[..], &[0, 100, 0, 0, 0, 0, 1]].concat()),
                ),
                segment_of(0xE8, &or_zeros(b"mrfx\x01SECRET", b"mrfx\x01")),
                segment_of(0xFE, &or_zeros(b"SECRET", b"")),
                segment_of(0xF0, &or_zeros(b"SECRET", b"")),
                frame.clone(),
                scan.clone(),
                segment_of(0xFE, &or_zeros(b"SECRET", b"")),
                scan.clone(),
                vec![0xFF, 0xFF, END],
            ]
            .concat()
        };
        let whole = of(true);
        assert_eq!(scrubbed(&whole).unwrap(), (of(false), whole.len()));
        let (out, end) = scrubbed(&[&whole[..], b"SECRET"].concat()).unwrap();
        assert_eq!((out.len(), end), (whole.len() + 6, whole.len()));
        // Cut off in its pixels.
        assert_eq!(scrubbed(&whole[..whole.len() - 6]).unwrap().1, whole.len() - 6);
    }

    #[test]
    fn streams_that_could_hide_something_are_refused() {
        let table = [&[0][..], &[1; 64]].concat();
        assert!(scrubbed(&[&START[..], &segment_of(0xDB, &table), &[0xFF, END]].concat()).is_ok());
        let hidden = [table, b"SECRET".to_vec()].concat();
        for bytes in [
            b"SECRET".to_vec(),
            [&START[..], b"SECRET"].concat(),
            [&START[..], &segment_of(0xDB, &hidden)].concat(),
            [&START[..], &segment_of(0xDD, b"SECRET")].concat(),
            [&START[..], &segment_of(0xF8, b"SECRET")].concat(),
            [&START[..], &segment_of(0xC0, b"SECRET")].concat(),
            [&START[..], &[0xFF, 0xE0, 0xFF, 0xFF], b"SECRET"].concat(),
            [&START[..], &START[..]].concat(),
        ] {
            assert!(scrubbed(&bytes).is_err(), "{bytes:?}");
        }
    }
}
