//! RLE Lossless (PS3.5 annex G): bytes of equal weight in segments of their own, each packed.

use super::super::encoding::Encoding;
use super::super::shape::Shape;
use super::bad;
use crate::error::Result;

/// Bytes of the header: the number of segments, and where up to 15 begin.
const HEADER: usize = 64;

/// Samples, pixel by pixel.
pub(super) fn decode(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    let (samples, weights) = (encoding.samples(), encoding.allocated.div_ceil(8) as usize);
    let offsets = offsets(stream, samples * weights)?;
    let pixels = shape.pixels();
    // A run of 128 takes two bytes: what cannot hold so many pixels is refused before room is made
    // for them.
    if pixels > stream.len().saturating_mul(64) {
        return Err(bad("RLE", format!("{} bytes cannot hold {pixels} pixels", stream.len())));
    }
    let mut words = vec![0; samples * pixels];
    for (segment, &start) in offsets.iter().enumerate() {
        // The most significant byte of a sample comes first.
        let (sample, shift) = (segment / weights, 8 * (weights - 1 - segment % weights));
        let end = offsets.get(segment + 1).copied().unwrap_or(stream.len());
        let packed =
            stream.get(start..end).ok_or_else(|| bad("RLE", "segments lie outside the frame"))?;
        let places = words[sample..].iter_mut().step_by(samples);
        unpack(packed, places.map(|word| (word, shift)), segment)?;
    }
    Ok(words)
}

fn offsets(stream: &[u8], expected: usize) -> Result<Vec<usize>> {
    let (numbers, _) =
        stream.get(..HEADER).ok_or_else(|| bad("RLE", "cut off in its header"))?.as_chunks();
    let mut numbers = numbers.iter().map(|&bytes| u32::from_le_bytes(bytes) as usize);
    match numbers.next() {
        Some(got) if got == expected => Ok(numbers.take(expected).collect()),
        got => {
            Err(bad("RLE", format!("{} segments, expected {expected}", got.unwrap_or_default())))
        }
    }
}

/// PS3.5 G.3.2: a byte n up to 127 goes before n + 1 bytes as they are, one from 129 before a byte
/// that is meant 257 − n times.
fn unpack<'w>(
    packed: &[u8],
    mut places: impl ExactSizeIterator<Item = (&'w mut u16, usize)>,
    segment: usize,
) -> Result<()> {
    let mut rest = packed.iter();
    let short = || bad("RLE", format!("segment {segment} is cut off"));
    while places.len() > 0 {
        let count = usize::from(*rest.next().ok_or_else(short)?);
        if count == 128 {
            continue;
        }
        let run = if count > 128 { Some(*rest.next().ok_or_else(short)?) } else { None };
        for _ in 0..if count > 128 { 257 - count } else { count + 1 } {
            let byte = run.or_else(|| rest.next().copied()).ok_or_else(short)?;
            // Rows are padded to an even number of bytes by some writers: what is too much is left.
            if let Some((word, shift)) = places.next() {
                *word |= u16::from(byte) << shift;
            }
        }
    }
    Ok(())
}
