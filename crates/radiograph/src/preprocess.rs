//! The one preprocessing, for training and for serving: cropped, grey stretched, aspect kept,
//! area-resampled, padded.

use crate::collimation;
use crate::radiograph::Radiograph;
use crate::region::Region;
use crate::resample::resample;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The largest square.
const MAX_SIZE: u32 = 4096;

/// The steps from a radiograph to the square picture that the network sees. Values read from a file
/// are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocess {
    /// Side of the square in pixels, 1 to 4096.
    #[serde(deserialize_with = "size")]
    pub size: u32,
    /// Share of the pixels that may turn black, and share that may turn white, when the grey levels
    /// are stretched to [0, 1]: what single burnt-in markers cost. From 0 to 0.4.
    #[serde(deserialize_with = "clip")]
    pub clip: f32,
    /// Whether the borders that collimation left are cut off. False, as models were trained before
    /// there was a choice.
    pub crop: bool,
}

impl Default for Preprocess {
    fn default() -> Self {
        Self { size: 128, clip: 0.005, crop: false }
    }
}

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let size = u32::deserialize(from)?;
    let reason = || D::Error::custom(format!("size is {size}, expected 1 to {MAX_SIZE} pixels"));
    (1..=MAX_SIZE).contains(&size).then_some(size).ok_or_else(reason)
}

fn clip<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let clip = f32::deserialize(from)?;
    let reason = || {
        D::Error::custom(format!("clip is {clip}, expected a share of the pixels from 0 to 0.4"))
    };
    (0.0..=0.4).contains(&clip).then_some(clip).ok_or_else(reason)
}

/// The place of the picture in the padded square, in pixels of the square, and the part of the
/// picture that is there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// The part of the picture that lies there: what is left of it when borders are cut off.
    pub region: Region,
}

impl Frame {
    /// All of a picture, filling all of a square of this side.
    #[must_use]
    pub const fn full(size: u32) -> Self {
        Self { left: 0, top: 0, width: size, height: size, region: Region::WHOLE }
    }
}

/// The network's input: `size` × `size` values in [0, 1], row by row, black around the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Side of the square.
    pub size: u32,
    /// The square, row by row.
    pub pixels: Vec<f32>,
    /// The place of the picture in the square.
    pub frame: Frame,
}

impl Input {
    /// Returns the input with black and white exchanged in the picture; the padding stays black.
    pub fn inverted(&self) -> Self {
        let mut inverted = self.clone();
        let (size, frame) = (self.size as usize, self.frame);
        for row in inverted
            .pixels
            .chunks_exact_mut(size)
            .skip(frame.top as usize)
            .take(frame.height as usize)
        {
            let (start, end) = (frame.left as usize, (frame.left + frame.width) as usize);
            row[start..end].iter_mut().for_each(|grey| *grey = 1.0 - *grey);
        }
        inverted
    }

    /// The inner part of the square, without a twentieth at each side, as large as the square
    /// again: what a picture shows without the borders, markers and edges of collimation around it.
    pub fn inner(&self) -> Self {
        Self { pixels: inner(&self.pixels, self.size as usize), ..self.clone() }
    }

    /// A quarter turn clockwise.
    pub fn turned(&self) -> Self {
        let (size, frame) = (self.size as usize, self.frame);
        let pixels = (0..size * size)
            .map(|at| self.pixels[(size - 1 - at % size) * size + at / size])
            .collect();
        let left = self.size - frame.top - frame.height;
        let region = frame.region.turned();
        let frame =
            Frame { left, top: frame.left, width: frame.height, height: frame.width, region };
        Self { size: self.size, pixels, frame }
    }
}

/// Share of a square's side that [`Input::inner`] leaves out at each end.
const MARGIN: f32 = 0.05;

/// See [`Input::inner`]; of a square of `size` × `size` values, row by row. Interpolated linearly.
fn inner(pixels: &[f32], size: usize) -> Vec<f32> {
    let last = size.saturating_sub(1);
    // Where a place of the new square lies in the old one: the pixel before, the one behind it, and
    // the share of that.
    let source = |at: usize| {
        let along = (at as f32 + 0.5) * (1.0 - 2.0 * MARGIN) + MARGIN * size as f32 - 0.5;
        let before = (along.max(0.0) as usize).min(last);
        (before, (before + 1).min(last), (along - before as f32).clamp(0.0, 1.0))
    };
    let places: Vec<_> = (0..size).map(source).collect();
    let value = |i: usize| {
        let ((top, bottom, down), (left, right, across)) = (places[i / size], places[i % size]);
        let row =
            |y: usize| pixels[y * size + left] * (1.0 - across) + pixels[y * size + right] * across;
        row(top) * (1.0 - down) + row(bottom) * down
    };
    (0..size * size).map(value).collect()
}

impl Preprocess {
    /// Crops, stretches, resamples and pads a radiograph.
    pub fn apply(&self, radiograph: &Radiograph) -> Input {
        let region = if self.crop { collimation::field(radiograph) } else { Region::WHOLE };
        let frame = self.frame(region, radiograph.width(), radiograph.height());
        let mut small = resample(radiograph, &region, frame.width, frame.height);
        let (black, white) = percentiles(&small, self.clip);
        let scale = 1.0 / (white - black).max(1e-6);
        small.iter_mut().for_each(|p| *p = ((*p - black) * scale).clamp(0.0, 1.0));
        Input { size: self.size, pixels: pad(&small, frame, self.size), frame }
    }

    /// The place in the square of a part of a picture of `width` × `height`. The part lies in the
    /// middle, and its longer side fills the square.
    pub fn frame(&self, region: Region, width: u32, height: u32) -> Frame {
        let (width, height) = (region.columns(width).len(), region.rows(height).len());
        let longer = width.max(height).max(1) as f64;
        let fit = |side: usize| {
            ((side as f64 * f64::from(self.size) / longer).round() as u32).clamp(1, self.size)
        };
        let (width, height) = (fit(width), fit(height));
        Frame {
            left: (self.size - width) / 2,
            top: (self.size - height) / 2,
            width,
            height,
            region,
        }
    }
}

/// The grey levels below which, and above which, lies a `clip` share of the pixels.
pub(crate) fn percentiles(pixels: &[f32], clip: f32) -> (f32, f32) {
    let mut sorted = pixels.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |share: f32| sorted[(share * (sorted.len() - 1) as f32).round() as usize];
    (at(clip), at(1.0 - clip))
}

fn pad(picture: &[f32], frame: Frame, size: u32) -> Vec<f32> {
    let mut square = vec![0.0; (size * size) as usize];
    for (y, row) in picture.chunks_exact(frame.width as usize).enumerate() {
        let start = (frame.top as usize + y) * size as usize + frame.left as usize;
        square[start..start + row.len()].copy_from_slice(row);
    }
    square
}
