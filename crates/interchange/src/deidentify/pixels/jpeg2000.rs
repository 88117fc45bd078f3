//! JPEG 2000 (ITU-T T.800 A): blanks comments and unknown segments of headers. The data of tile
//! parts stay.

use super::stream::{Stream, wrong};
use crate::error::Result;

const START: [u8; 2] = [0xFF, 0x4F];
const END: [u8; 2] = [0xFF, 0xD9];
const TILE_PART: [u8; 2] = [0xFF, 0x90];
const TILE_DATA: [u8; 2] = [0xFF, 0x93];
/// The payload of SOT: tile, length of the tile part, its number, how many there are.
const TILE_PART_PAYLOAD: usize = 8;

/// Blanks comments and unknown segments in the code stream that begins at `at`. Returns where it
/// ends: behind its last marker, or with the bytes.
///
/// # Errors
/// If it is no code stream.
pub(super) fn scrub(stream: &mut Stream, at: usize) -> Result<usize> {
    if stream.marker(at) != Some(START) {
        return Err(wrong("no JPEG 2000 code stream begins where a frame should"));
    }
    let mut at = header(stream, at + START.len(), TILE_PART)?;
    loop {
        match stream.marker(at) {
            None => return Ok(stream.bytes.len()),
            Some(END) => return Ok(at + END.len()),
            Some(TILE_PART) => at = tile_part(stream, at)?,
            Some(_) => {
                return Err(wrong("bytes lie between two tile parts of a JPEG 2000 code stream"));
            }
        }
    }
}

/// Blanks comments and unknown segments in a header that begins at `at`. Returns the position of
/// the marker `end`, which ends it.
fn header(stream: &mut Stream, mut at: usize, end: [u8; 2]) -> Result<usize> {
    loop {
        match stream.marker(at) {
            Some(marker) if marker == end => return Ok(at),
            // Markers without a segment.
            Some([0xFF, 0x30..=0x3F]) => at += 2,
            Some([0xFF, kind]) => {
                let payload = stream.payload(at)?;
                if !is_kept(kind, &stream.bytes[payload.clone()]) {
                    stream.blank(payload.clone());
                }
                at = payload.end;
            }
            _ => return Err(wrong("a header of a JPEG 2000 code stream is no header")),
        }
    }
}

/// Whether a segment says how pixels are decoded or where they lie: CAP, SIZ, COD, COC, TLM, PRF,
/// PLM, PLT, CPF, QCD, QCC, RGN, POC, PPM, PPT, CRG.
fn is_kept(kind: u8, payload: &[u8]) -> bool {
    match kind {
        0x51 => {
            let components = payload.get(34..36).and_then(|two| two.first_chunk().copied());
            components
                .is_some_and(|two| payload.len() == 36 + 3 * usize::from(u16::from_be_bytes(two)))
        }
        0x50 | 0x52 | 0x53 | 0x55..=0x59 | 0x5C..=0x61 | 0x63 => true,
        _ => false,
    }
}

/// Scrubs the header of the tile part that begins at `at`, and returns where the tile part ends.
fn tile_part(stream: &mut Stream, at: usize) -> Result<usize> {
    let payload = stream.payload(at)?;
    let length =
        stream.bytes[payload.clone()].get(2..6).and_then(|four| four.first_chunk().copied());
    let length = length.filter(|_| payload.len() == TILE_PART_PAYLOAD).map(u32::from_be_bytes);
    let length =
        length.ok_or_else(|| wrong("a tile part of a JPEG 2000 code stream has no length"))?;
    let data = header(stream, payload.end, TILE_DATA)? + TILE_DATA.len();
    let end = match length as usize {
        // It goes on to the end of the code stream, as coded data hold no marker.
        0 => {
            let coded = stream.bytes.get(data..).unwrap_or_default();
            coded
                .windows(2)
                .position(|pair| pair == END)
                .map_or(stream.bytes.len(), |length| data + length)
        }
        length => at.saturating_add(length).min(stream.bytes.len()),
    };
    match end >= data {
        true => Ok(end),
        false => Err(wrong("a tile part of a JPEG 2000 code stream ends before its data begin")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(kind: u8, payload: &[u8]) -> Vec<u8> {
        [&[0xFF, kind][..], &(payload.len() as u16 + 2).to_be_bytes(), payload].concat()
    }

    fn code_stream(secret: &[u8], length: u32) -> Vec<u8> {
        let size = [&[0; 34][..], &[0, 1, 7, 1, 1]].concat();
        let part = [&[0, 0][..], &length.to_be_bytes(), &[0, 1]].concat();
        [
            START.to_vec(),
            segment(0x51, &size),
            segment(0x64, secret),
            segment(0x70, secret),
            segment(0x90, &part),
            segment(0x64, secret),
            TILE_DATA.to_vec(),
            b"PIXELS".to_vec(),
            END.to_vec(),
        ]
        .concat()
    }

    #[test]
    fn comments_are_blanked_in_all_headers_and_tile_data_stay() {
        // SOT of 12 bytes, a comment of 10, SOD and six bytes of data; or no length.
        for length in [30, 0] {
            let whole = code_stream(b"SECRET", length);
            let mut stream = Stream { bytes: [&whole[..], b"SECRET"].concat(), blanked: 0 };
            assert_eq!(scrub(&mut stream, 0).unwrap(), whole.len());
            assert_eq!(&stream.bytes[..whole.len()], code_stream(&[0; 6], length));
            assert_eq!(stream.blanked, 18);
        }
    }

    #[test]
    fn bytes_that_are_no_code_stream_are_refused() {
        let whole = code_stream(b"SECRET", 30);
        let jp2 = [&b"\0\0\0\x0CjP  \r\n\x87\n"[..], &whole].concat();
        for bytes in [
            &jp2[..],
            b"SECRET",
            &[0xFF, 0x4F],
            &whole[..20],
            &code_stream(b"SECRET", 5),
            &code_stream(b"SECRET", 28),
        ] {
            assert!(
                scrub(&mut Stream { bytes: bytes.to_vec(), blanked: 0 }, 0).is_err(),
                "{bytes:?}"
            );
        }
    }
}
