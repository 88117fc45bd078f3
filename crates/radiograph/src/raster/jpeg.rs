//! Bounds on what a JPEG asks for, read from its markers (ITU-T T.81) before a decoder makes room
//! for it.
//!
//! A frame header of twenty bytes can ask for four thousand million pixels, and each further scan
//! for another pass over all of them. The coded bytes bound both: a block of 8×8 takes a bit at
//! least, and so does a lossless sample.

use crate::error::{Error, Result};
use std::borrow::Cow;

/// The application segment that has EXIF.
const APP1: u8 = 0xE1;
/// Start of scan.
const SOS: u8 = 0xDA;
/// End of image.
const EOI: u8 = 0xD9;
/// APP0 and APP14, the segments of JFIF and of Adobe.
const APP0: u8 = 0xE0;
const APP14: u8 = 0xEE;
/// SOF3: the process without loss, which codes samples and not blocks.
const LOSSLESS: u8 = 0xC3;
/// SOF2: the process of several scans.
const PROGRESSIVE: u8 = 0xC2;
/// Scans, which are passes over the picture. Encoders of progressive pictures make ten, and 30 if
/// each bit has its own.
const MAX_SCANS: usize = 64;
const NO_FRAME: &str = "cut off, or damaged: got no frame header, expected one";
/// Pixels of a block.
const BLOCK: u64 = 64;

/// The frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Columns.
    pub(crate) width: u32,
    /// Rows.
    pub(crate) height: u32,
    /// Number of samples a pixel.
    components: u8,
    /// Whether one scan has the whole picture, so that nothing of it is kept for later scans.
    sequential: bool,
    /// Whether samples are coded, and not blocks.
    lossless: bool,
}

impl Frame {
    /// The most scans. A lossless picture has at most one for each component.
    fn most_scans(&self) -> usize {
        if self.lossless { self.components.into() } else { MAX_SCANS }
    }

    /// Bytes of its samples, of eight bits.
    pub(super) fn samples(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height) * u64::from(self.components)
    }

    /// Bytes that the decoder keeps beside samples: two for each coefficient of whole blocks if
    /// there are several scans.
    pub(super) fn bytes(&self) -> u64 {
        let side = |side: u32| u64::from(side).next_multiple_of(64);
        let coefficients = side(self.width) * side(self.height) * u64::from(self.components);
        if self.sequential { 0 } else { 2 * coefficients }
    }
}

/// Checks that a stream is whole, and that it has bits for all of its picture. Returns its frame.
///
/// # Errors
/// [`Error::Raster`], also if the picture data have no end: a decoder would fill what is missing
/// with grey.
pub(crate) fn check(bytes: &[u8]) -> Result<Frame> {
    match walk(bytes)? {
        (Some(frame), true) => Ok(frame),
        (Some(_), false) => Err(bad("cut off, got no marker FFD9 after its scan, expected one")),
        (None, _) => Err(bad(NO_FRAME)),
    }
}

/// Returns the frame of a stream, which need not be whole, if its bytes can hold the picture.
///
/// # Errors
/// [`Error::Raster`], also if there is none.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame> {
    walk(bytes)?.0.ok_or_else(|| bad(NO_FRAME))
}

/// The EXIF block of a file, if there is one before its picture.
pub(super) fn exif(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    while let Some((marker, body, next)) = segment(bytes, at) {
        match body.strip_prefix(b"Exif\0\0") {
            Some(block) if marker == APP1 => return Some(block),
            _ if marker == SOS => return None,
            _ => at = next,
        }
    }
    None
}

/// Reads the markers up to the end of the picture data. Returns the frame, and whether there is
/// such an end.
fn walk(bytes: &[u8]) -> Result<(Option<Frame>, bool)> {
    let (mut frame, mut scans, mut at) = (None::<Frame>, 0, 2);
    while let Some((marker, body, next)) = segment(bytes, at) {
        at = next;
        match marker {
            EOI if scans > 0 => {
                return Ok((
                    frame.map(|f| Frame { sequential: f.sequential && scans == 1, ..f }),
                    true,
                ));
            }
            SOS => {
                scans += 1;
                at = scan_end(bytes, next);
            }
            _ if is_frame(marker)
                && frame.replace(header(marker, body, bytes.len())?).is_some() =>
            {
                return Err(bad(
                    "got a second frame header, expected one: hierarchical, or damaged",
                ));
            }
            _ => {}
        }
        let most = frame.map_or(MAX_SCANS, |frame| frame.most_scans());
        if scans > most {
            return Err(bad(&format!("got more than {most} scans, expected at most that many")));
        }
    }
    Ok((frame, false))
}

/// Whether a marker begins a frame (T.81 table B.1: SOF0 to SOF15 without DHT, JPG and DAC).
pub(crate) fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

/// Returns the marker at `at`, the bytes behind its length, and the position of the next marker.
/// Fill bytes may precede a marker.
pub(super) fn segment(bytes: &[u8], mut at: usize) -> Option<(u8, &[u8], usize)> {
    while bytes.get(at..at + 2)? == [0xFF, 0xFF] {
        at += 1;
    }
    let &[0xFF, marker] = bytes.get(at..at + 2)? else { return None };
    // TEM, RST, SOI and EOI stand alone.
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Some((marker, &[], at + 2));
    }
    let &[high, low] = bytes.get(at + 2..at + 4)? else { return None };
    let end = at + 2 + usize::from(u16::from_be_bytes([high, low]));
    Some((marker, bytes.get(at + 4..end)?, end))
}

/// A marker segment APP14 by which Adobe says that components are red, green and blue.
const RGB: [u8; 16] = *b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00\x00";

/// Bytes of Adobe's segment up to the one that tells the colours.
const ADOBE: usize = 12;

/// Returns a stream that says what its colours are, for a decoder that else takes them for Y Cb Cr.
/// Without a word from JFIF or Adobe they are red, green and blue if their identifiers are these
/// letters, as libjpeg has it, or if the file around the stream says so. A segment of Adobe's that
/// is too short for its word is left out, as that decoder would refuse it.
pub(crate) fn with_colours(bytes: &[u8], stated_rgb: bool) -> Cow<'_, [u8]> {
    let (mut at, mut told, mut rgb, mut short) = (2, false, false, 2..2);
    while let Some((marker, body, next)) = segment(bytes, at) {
        match (marker, body) {
            (APP0, [b'J', b'F', b'I', b'F', 0, ..]) => told = true,
            (APP14, [b'A', b'd', b'o', b'b', b'e', ..]) if body.len() >= ADOBE => told = true,
            (APP14, [b'A', b'd', b'o', b'b', b'e', ..]) => short = at..next,
            (SOS | EOI, _) => break,
            (frame, [_, _, _, _, _, 3, first, _, _, second, _, _, third, ..])
                if is_frame(frame) =>
            {
                rgb = stated_rgb || [*first, *second, *third] == *b"RGB";
                break;
            }
            _ => {}
        }
        at = next;
    }
    let word: &[u8] = if rgb && !told { &RGB } else { &[] };
    if word.is_empty() && short.is_empty() {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned([&bytes[..2], word, &bytes[2..short.start], &bytes[short.end..]].concat())
}

/// Returns the end of the coded bytes: the next marker that is no restart. A zero after FF is no
/// marker.
pub(crate) fn scan_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let ends = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0 | 0xD0..=0xD7 | 0xFF);
    rest.windows(2).position(ends).map_or(bytes.len(), |at| start + at)
}

/// Reads a frame header, and compares the picture with the bytes of the whole file.
fn header(process: u8, body: &[u8], bytes: usize) -> Result<Frame> {
    let &[_, h1, h0, w1, w0, components, ..] = body else {
        return Err(bad("its frame header is cut off"));
    };
    let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
    let sequential = process != PROGRESSIVE;
    let lossless = process == LOSSLESS;
    let frame =
        Frame { width: side(w1, w0), height: side(h1, h0), components, sequential, lossless };
    let (width, height) = (u64::from(frame.width), u64::from(frame.height));
    let units = if lossless { width * height } else { (width * height).div_ceil(BLOCK) };
    if units > 8 * bytes as u64 {
        return Err(bad(&format!("{bytes} bytes cannot hold {width}×{height} pixels")));
    }
    Ok(frame)
}

fn bad(reason: &str) -> Error {
    Error::Raster { format: "JPEG", reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of these sides with so many scans of one byte, and `padding` more.
    fn stream(process: u8, sides: [u8; 4], scans: usize, padding: usize) -> Vec<u8> {
        let [h1, h0, w1, w0] = sides;
        let mut bytes = vec![0xFF, 0xD8, 0xFF, process, 0, 11, 8, h1, h0, w1, w0, 1, 1, 0x11, 0];
        for _ in 0..scans {
            bytes.extend([
                0xFF, 0xFF, SOS, 0, 8, 1, 1, 0, 0, 63, 0, 0x5A, 0xFF, 0, 0xFF, 0xD3, 0x5A,
            ]);
        }
        bytes.resize(bytes.len() + padding, 0);
        [&bytes[..], &[0xFF, EOI]].concat()
    }

    #[test]
    fn a_frame_is_found_past_restarts_and_fill_bytes() {
        let frame = check(&stream(0xC0, [0, 16, 0, 24], 1, 0)).unwrap();
        assert_eq!(
            frame,
            Frame { width: 24, height: 16, components: 1, sequential: true, lossless: false }
        );
    }

    #[test]
    fn exif_is_found_among_other_segments() {
        let rest = &stream(0xC0, [0, 16, 0, 24], 1, 0)[2..];
        let segment = |body: &[u8]| [&[0xFF, APP1, 0, 2 + body.len() as u8][..], body].concat();
        let xmp = segment(b"http://ns.adobe.com/xap/1.0/\0<x/>");
        let file = [b"\xFF\xD8", &xmp[..], &segment(b"Exif\0\0MM"), rest].concat();
        assert_eq!(exif(&file), Some(&b"MM"[..]));
        assert_eq!(exif(&[b"\xFF\xD8", &xmp[..], rest].concat()), None);
    }

    #[test]
    fn coefficients_of_several_scans_are_counted() {
        let bytes =
            |process, scans| check(&stream(process, [0, 16, 0, 24], scans, 0)).unwrap().bytes();
        assert_eq!([bytes(0xC0, 1), bytes(0xC0, 2), bytes(0xC2, 1)], [0, 2 * 64 * 64, 2 * 64 * 64]);
    }

    #[test]
    fn red_green_and_blue_are_told_by_letters_or_by_the_file_around() {
        let stream = |application: &[u8], ids: [u8; 3]| {
            let components = ids.map(|id| [id, 0x11, 0]).concat();
            let frame = [&[0xFF, 0xC0, 0, 17, 8, 0, 8, 0, 8, 3][..], &components].concat();
            [b"\xFF\xD8", application, &frame, &[0xFF, SOS, 0, 2, 0xFF, EOI]].concat()
        };
        let marked = |stream: &[u8], stated| with_colours(stream, stated).len() > stream.len();
        let jfif = b"\xFF\xE0\x00\x07JFIF\x00";
        let numbers = [1, 2, 3];
        assert!(marked(&stream(b"", *b"RGB"), false) && marked(&stream(b"", numbers), true));
        assert!(!marked(&stream(b"", numbers), false));
        for told in [&jfif[..], &RGB] {
            assert!(!marked(&stream(told, *b"RGB"), true) && !marked(&stream(told, numbers), true));
        }
        let short = stream(b"\xFF\xEE\x00\x0CAdobe\0\0\0\0\0", numbers);
        assert_eq!(with_colours(&short, false), stream(b"", numbers));
        assert_eq!(with_colours(&short, true), stream(&RGB, numbers));
        let bytes = stream(b"", *b"RGB");
        let marked = with_colours(&bytes, false);
        assert_eq!(frame(&marked).unwrap(), frame(&bytes).unwrap());
        assert!(!marked[2..].starts_with(b"\xFF\xD8") && marked[2..].starts_with(&RGB));
        for length in 0..bytes.len() {
            with_colours(&bytes[..length], true);
        }
    }

    #[test]
    fn what_the_bytes_cannot_hold_is_refused() {
        let said = |bytes: &[u8]| check(bytes).unwrap_err().to_string();
        assert!(said(&stream(0xC2, [0xFF; 4], 1, 0)).contains("cannot hold 65535×65535 pixels"));
        // 1,000 × 1,000 pixels are 15,625 blocks, which take 1,954 bytes; lossless, 125,000 bytes.
        let sides = [3, 0xE8, 3, 0xE8];
        assert!(check(&stream(0xC0, sides, 1, 1_954)).is_ok());
        assert!(said(&stream(LOSSLESS, sides, 1, 1_954)).contains("cannot hold 1000×1000"));
        assert!(check(&stream(LOSSLESS, sides, 1, 125_000)).is_ok());
    }

    #[test]
    fn scans_without_number_and_second_frames_are_refused() {
        let said = |bytes: &[u8]| check(bytes).unwrap_err().to_string();
        assert!(check(&stream(0xC2, [0, 8, 0, 8], MAX_SCANS, 0)).is_ok());
        assert!(said(&stream(0xC2, [0, 8, 0, 8], 5_000, 0)).contains("more than 64 scans"));
        assert!(said(&stream(LOSSLESS, [0, 8, 0, 8], 2, 9)).contains("more than 1 scans"));
        let twice = [stream(0xC0, [0, 8, 0, 8], 0, 0), stream(0xC0, [0, 8, 0, 8], 1, 0)].concat();
        assert!(said(&twice).contains("second frame header"), "{}", said(&twice));
        assert!(said(b"\xFF\xD8\xFF").contains("no frame header"));
        let whole = stream(0xC0, [0, 8, 0, 8], 1, 0);
        assert!(said(&whole[..whole.len() - 1]).contains("no marker FFD9"));
    }
}
