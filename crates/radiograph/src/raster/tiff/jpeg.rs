//! Pixels of strips and tiles that are streams of JPEG, and the memory that these take.

use std::borrow::Cow;

use image::{DynamicImage, ImageDecoder, ImageFormat};

use super::super::{PIXEL_BYTES, WORKSPACE, jpeg, reader};
use super::bad;
use super::layout::Layout;
use crate::error::{Result, quoted};

/// Pixels by which a JPEG's sides may exceed those of its strip or tile: its sides are whole
/// blocks, of up to four each way.
const MARGIN: usize = 64;

/// Checks that each JPEG is of its chunk's size, and that none is there for several. Returns the
/// bytes that decoding the largest one takes; 0 for other compressions.
pub(super) fn memory(layout: &Layout) -> Result<u64> {
    if !layout.compression.is_jpeg() {
        return Ok(0);
    }
    let bits = layout.jpeg.bits();
    if bits != 8 {
        return Err(bad(format!("JPEG of {bits} bits a sample, expected 8: save it as LZW")));
    }
    let (mut sum, mut largest) = (0, 0);
    for chunk in 0..layout.chunks().iter().product::<usize>() * layout.planes() {
        sum += layout.data(chunk).len();
        if sum > layout.bytes.len() {
            let there = layout.bytes.len();
            return Err(bad(format!("strips or tiles of {sum} bytes in {there}, expected fewer")));
        }
        let stream = layout.stream(chunk);
        let frame =
            jpeg::check(&stream).map_err(|error| bad(format!("in a strip or tile: {error}")))?;
        layout.check_frame(chunk, [frame.width, frame.height].map(|side| side as usize))?;
        // The decoder has a copy of the stream.
        largest = largest.max(frame.samples() + frame.bytes() + 2 * stream.len() as u64);
    }
    Ok(largest)
}

/// Samples of a chunk, each from 0 to 255, row by row, by its number among those of all planes.
pub(super) fn pixels(layout: &Layout, chunk: usize) -> Result<Vec<u8>> {
    let wrong = |error: image::ImageError| {
        bad(format!("in a strip or tile: {}", quoted(&error.to_string())))
    };
    let stream = layout.stream(chunk);
    let room = (layout.chunk[0] + MARGIN) as u64 * (layout.chunk[1] + MARGIN) as u64;
    let workspace = WORKSPACE.saturating_add(room * PIXEL_BYTES);
    let decoder = reader(&stream, ImageFormat::Jpeg, workspace).into_decoder().map_err(wrong)?;
    let (width, samples) = (decoder.dimensions().0 as usize, layout.form.samples);
    let got = usize::from(decoder.color_type().channel_count());
    if got != samples {
        return Err(bad(format!("{got} samples a pixel in a strip or tile, expected {samples}")));
    }
    let bytes = DynamicImage::from_decoder(decoder).map_err(wrong)?.into_bytes();
    if width == layout.chunk[0] {
        return Ok(bytes);
    }
    // Rows as long as those of a chunk.
    let (length, shown) = (layout.chunk[0] * samples, layout.chunk[0].min(width) * samples);
    let mut rows = vec![0; bytes.len() / (width * samples) * length];
    for (row, from) in rows.chunks_exact_mut(length).zip(bytes.chunks_exact(width * samples)) {
        row[..shown].copy_from_slice(&from[..shown]);
    }
    Ok(rows)
}

impl<'a> Layout<'a> {
    /// The stream of a chunk, by its number among those of all planes.
    fn stream(&self, chunk: usize) -> Cow<'a, [u8]> {
        let height = if self.tiled { self.chunk[1] } else { self.sides_of(chunk)[1] };
        self.jpeg.stream(self.data(chunk), [self.chunk[0], height])
    }

    /// Checks that a frame of these sides fills a chunk's part of the picture, and has no more than
    /// the chunk.
    fn check_frame(&self, chunk: usize, [width, height]: [usize; 2]) -> Result<()> {
        let ([least_width, least_height], [most_width, most_height]) =
            (self.sides_of(chunk), self.chunk);
        if width > most_width + MARGIN || height > most_height + MARGIN {
            return Err(bad(format!(
                "a strip or tile of {width}×{height} pixels, expected at most {most_width}×{most_height}"
            )));
        }
        if width < least_width || height < least_height {
            return Err(bad(format!(
                "a strip or tile of {width}×{height} pixels, expected at least {least_width}×{least_height}"
            )));
        }
        Ok(())
    }
}
