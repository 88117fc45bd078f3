//! RLE (PS3.5 annex G): blanks bytes that no pixel is made of, between segments and in them.

use std::ops::Range;

use super::Shape;
use super::stream::{Stream, wrong};
use crate::error::Result;

/// Bytes of the header: the number of segments, and the offsets of up to 15.
const HEADER: usize = 64;

/// Blanks the bytes of a frame that no pixel is made of.
///
/// # Errors
/// If its segments do not lie one after the other, or are more than its samples have bytes.
pub(super) fn scrub(stream: &mut Stream, frame: Range<usize>, shape: &Shape) -> Result<()> {
    let starts = starts(&stream.bytes[frame.clone()])?;
    if starts.len() > usize::from(shape.samples) * usize::from(shape.allocated.div_ceil(8)) {
        return Err(wrong("an RLE frame has more segments than its samples have bytes"));
    }
    let header = frame.start + 4 * (1 + starts.len());
    let mut end = frame.start + HEADER;
    stream.blank(header..end);
    for (segment, &start) in starts.iter().enumerate() {
        // A gap before the first segment; the others begin where the one before ends.
        stream.blank(end..frame.start + start);
        let next = starts.get(segment + 1).map_or(frame.end, |&next| frame.start + next);
        end = packed_end(&stream.bytes[..next], frame.start + start, shape.pixels());
        stream.blank(end..next);
        end = next;
    }
    stream.blank(end..frame.end);
    Ok(())
}

/// The offsets of the segments from the frame's first byte, in order.
fn starts(frame: &[u8]) -> Result<Vec<usize>> {
    let header =
        frame.get(..HEADER).ok_or_else(|| wrong("an RLE frame is shorter than its header"))?;
    let (numbers, _) = header.as_chunks();
    let numbers: Vec<usize> =
        numbers.iter().map(|&bytes| u32::from_le_bytes(bytes) as usize).collect();
    let starts = numbers
        .get(1..=numbers[0])
        .ok_or_else(|| wrong("an RLE frame has more than 15 segments"))?;
    let in_order =
        starts.is_sorted() && starts.iter().all(|start| (HEADER..=frame.len()).contains(start));
    match in_order {
        true => Ok(starts.to_vec()),
        false => Err(wrong("segments of an RLE frame do not lie one after the other")),
    }
}

/// The end of the bytes of a segment that so many pixels are made of (PS3.5 G.3.2).
fn packed_end(bytes: &[u8], start: usize, pixels: u64) -> usize {
    let (mut at, mut made) = (start, 0);
    while made < pixels
        && let Some(&count) = bytes.get(at)
    {
        let count = u64::from(count);
        match count {
            0..128 => (at, made) = (at + 2 + count as usize, made + count + 1),
            128 => at += 1,
            _ => (at, made) = (at + 2, made + 257 - count),
        }
    }
    at.min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(starts: &[u32], segments: &[u8]) -> Vec<u8> {
        let mut header = (starts.len() as u32).to_le_bytes().to_vec();
        header.extend(starts.iter().flat_map(|start| start.to_le_bytes()));
        header.resize(HEADER, b'S');
        [&header, segments].concat()
    }

    fn scrubbed(bytes: Vec<u8>) -> Result<Vec<u8>> {
        let shape =
            Shape { rows: 3, columns: 1, samples: 1, allocated: 16, frames: 1, subsampled: false };
        let whole = 0..bytes.len();
        let mut stream = Stream { bytes, blanked: 0 };
        scrub(&mut stream, whole, &shape)?;
        Ok(stream.bytes)
    }

    #[test]
    fn bytes_that_make_no_pixels_are_blanked() {
        // Three bytes as they are; a run of four, of which three are needed.
        let out = scrubbed(frame(&[66, 76], b"SE\x02abcSECRET\xFDxSECRET")).unwrap();
        let clean = frame(&[66, 76], b"\0\0\x02abc\0\0\0\0\0\0\xFDx\0\0\0\0\0\0");
        assert_eq!((&out[..12], &out[12..64]), (&clean[..12], &[0; 52][..]));
        assert_eq!(&out[64..], &clean[64..]);
    }

    #[test]
    fn segments_that_overlap_are_refused() {
        for starts in [&[64, 63][..], &[10], &[200], &[64, 64, 64]] {
            assert!(scrubbed(frame(starts, b"\x02abc")).is_err(), "{starts:?}");
        }
        assert!(scrubbed(vec![16; 64]).is_err() && scrubbed(vec![0; 9]).is_err());
    }
}
