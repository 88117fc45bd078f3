//! TIFF and BigTIFF: the page that is the radiograph, row by row.
//!
//! The directories are read here, and so is what lies between a decompressor and a grey pixel:
//! samples of any number of bits, floats, palettes, subsampled colours, planes. General decoders
//! refuse half of these. Rows are decompressed one at a time, so memory is that of the picture.

mod chunks;
mod colour;
mod compression;
pub(super) mod directory;
mod fax;
mod jpeg;
mod jpeg_streams;
mod layout;
mod old_jpeg;
mod page;
mod samples;
mod subsampled;

use super::{Decoded, GREY, WORKSPACE};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::radiograph::Radiograph;
use chunks::Rows;
use directory::File;
use layout::Layout;

const WIDTH: u16 = 256;
const HEIGHT: u16 = 257;
const PHOTOMETRIC: u16 = 262;
pub(super) const ORIENTATION: u16 = 274;

/// Decodes the page that is the radiograph.
///
/// # Errors
/// [`Error::Raster`], also for kinds that are not read, or those of `limits`.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded> {
    let file = File::open(bytes).ok_or_else(|| bad("its first bytes are damaged".into()))?;
    let directory = page::choose(&file)?;
    let orientation = directory.value(ORIENTATION).ok().flatten().unwrap_or(1);
    let turned: Vec<u8>;
    let mut layout = Layout::of(&directory, limits)?;
    let pixels = (layout.width * layout.height) as u64;
    let decoding = layout.row_memory().saturating_add(GREY * pixels + jpeg::memory(&layout)?);
    let needed = decoding.max(Radiograph::bytes(pixels)).saturating_add(WORKSPACE);
    let memory = limits.reserve(needed)?;
    if layout.reversed {
        turned = bytes.iter().map(|byte| byte.reverse_bits()).collect();
        layout.bytes = &turned;
    }
    Ok(Decoded {
        width: layout.width as u32,
        height: layout.height as u32,
        pixels: picture(&layout)?,
        bits_stored: layout.form.bits as u8,
        inverted: layout.form.inverted,
        orientation,
        memory,
    })
}

/// Grey in [0, 1], row by row.
fn picture(layout: &Layout) -> Result<Vec<f32>> {
    let range = if layout.form.has_no_white() { range(layout)? } else { Range::default() };
    let mut pixels = vec![0.0; layout.width * layout.height];
    for_each_row(layout, |start, row| {
        for (pixel, &value) in pixels[start..].iter_mut().zip(row) {
            *pixel = range.grey(value);
        }
    })?;
    Ok(pixels)
}

/// Gives each row of each chunk to `take`, with the place of its first pixel.
fn for_each_row(layout: &Layout, mut take: impl FnMut(usize, &[f64])) -> Result<()> {
    let [across, down] = layout.chunks();
    let mut row = vec![0.0; layout.chunk[0].min(layout.width)];
    for chunk in 0..across * down {
        let [left, top] = [chunk % across * layout.chunk[0], chunk / across * layout.chunk[1]];
        let [width, height] = layout.sides_of(chunk);
        let mut rows = Rows::open(layout, chunk)?;
        for y in top..top + height {
            rows.next(&mut row[..width])?;
            take(y * layout.width + left, &row[..width]);
        }
    }
    Ok(())
}

/// Values that are black and white.
struct Range {
    black: f64,
    white: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { black: 0.0, white: 1.0 }
    }
}

impl Range {
    /// Grey of a value; what is no number is black.
    fn grey(&self, value: f64) -> f32 {
        let grey = (value - self.black) / (self.white - self.black);
        if grey.is_nan() { 0.0 } else { grey.clamp(0.0, 1.0) as f32 }
    }
}

/// The range of values without an agreed white. Floats that lie in [0, 1] keep it; else the least
/// value of the picture is black and the largest white, or the other way round.
fn range(layout: &Layout) -> Result<Range> {
    let (mut least, mut largest) = (f64::MAX, f64::MIN);
    for_each_row(layout, |_, row| {
        for &value in row.iter().filter(|value| value.is_finite()) {
            (least, largest) = (least.min(value), largest.max(value));
        }
    })?;
    if layout.form.is_float() && least >= 0.0 && largest <= 1.0 {
        (least, largest) = (0.0, 1.0);
    }
    let (black, white) = if layout.form.inverted { (largest, least) } else { (least, largest) };
    Ok(Range { black, white })
}

fn bad(reason: String) -> Error {
    Error::Raster { format: "TIFF", reason }
}

#[cfg(test)]
mod tests;
