//! The one preprocessing, for training and for serving: grey stretched, aspect kept, area-resampled, padded.

use crate::radiograph::Radiograph;
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::F32;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

/// The largest square.
const MAX_SIZE: u32 = 4096;

/// How a radiograph becomes the square picture that the network sees. Read from a file, its values are checked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocess {
    /// Side of the square in pixels, 1 to 4096.
    #[serde(deserialize_with = "size")]
    pub size: u32,
    /// Share of the pixels that may turn black, and share that may turn white, when the grey levels are
    /// stretched to [0, 1]: what single burnt-in markers cost. From 0 to 0.4.
    #[serde(deserialize_with = "clip")]
    pub clip: f32,
}

impl Default for Preprocess {
    fn default() -> Self {
        Self { size: 128, clip: 0.005 }
    }
}

fn size<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let size = u32::deserialize(from)?;
    let reason = || D::Error::custom(format!("size is {size}, expected 1 to {MAX_SIZE} pixels"));
    (1..=MAX_SIZE).contains(&size).then_some(size).ok_or_else(reason)
}

fn clip<'de, D: Deserializer<'de>>(from: D) -> Result<f32, D::Error> {
    let clip = f32::deserialize(from)?;
    let reason = || D::Error::custom(format!("clip is {clip}, expected a share of the pixels from 0 to 0.4"));
    (0.0..=0.4).contains(&clip).then_some(clip).ok_or_else(reason)
}

/// Where the picture lies in the padded square, in pixels of the square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// What the network takes: `size` × `size` values in [0, 1], row by row, black around the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Side of the square.
    pub size: u32,
    /// The square, row by row.
    pub pixels: Vec<f32>,
    /// Where the picture lies in it.
    pub frame: Frame,
}

impl Input {
    /// With black and white exchanged in the picture; what pads it stays black.
    pub fn inverted(&self) -> Self {
        let mut inverted = self.clone();
        let (size, frame) = (self.size as usize, self.frame);
        for row in inverted.pixels.chunks_exact_mut(size).skip(frame.top as usize).take(frame.height as usize)
        {
            let (start, end) = (frame.left as usize, (frame.left + frame.width) as usize);
            row[start..end].iter_mut().for_each(|grey| *grey = 1.0 - *grey);
        }
        inverted
    }

    /// A quarter turn clockwise.
    pub fn turned(&self) -> Self {
        let (size, frame) = (self.size as usize, self.frame);
        let pixels =
            (0..size * size).map(|at| self.pixels[(size - 1 - at % size) * size + at / size]).collect();
        let left = self.size - frame.top - frame.height;
        let frame = Frame { left, top: frame.left, width: frame.height, height: frame.width };
        Self { size: self.size, pixels, frame }
    }
}

impl Preprocess {
    /// Stretches, resamples and pads a radiograph.
    pub fn apply(&self, radiograph: &Radiograph) -> Input {
        let frame = self.frame(radiograph.width(), radiograph.height());
        let mut small = resample(radiograph, frame.width, frame.height);
        let (black, white) = percentiles(&small, self.clip);
        let scale = 1.0 / (white - black).max(1e-6);
        small.iter_mut().for_each(|p| *p = ((*p - black) * scale).clamp(0.0, 1.0));
        Input { size: self.size, pixels: pad(&small, frame, self.size), frame }
    }

    /// Where a picture of `width` × `height` lies in the square: in the middle, its longer side filling it.
    pub fn frame(&self, width: u32, height: u32) -> Frame {
        let longer = f64::from(width.max(height).max(1));
        let fit = |side: u32| {
            ((f64::from(side) * f64::from(self.size) / longer).round() as u32).clamp(1, self.size)
        };
        let (width, height) = (fit(width), fit(height));
        Frame { left: (self.size - width) / 2, top: (self.size - height) / 2, width, height }
    }
}

/// Means over the area that each new pixel covers; linear interpolation where the picture is enlarged.
pub(crate) fn resample(radiograph: &Radiograph, width: u32, height: u32) -> Vec<f32> {
    let enlarges = width > radiograph.width() || height > radiograph.height();
    let filter = if enlarges { FilterType::Bilinear } else { FilterType::Box };
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    let pixels: Vec<F32> = radiograph.pixels().iter().map(|&p| F32::new(p)).collect();
    let mut small = TypedImage::<F32>::new(width, height);
    // Neither call can fail: a radiograph has as many pixels as its sides say, and no side is 0.
    let resized = TypedImageRef::new(radiograph.width(), radiograph.height(), &pixels)
        .map(|source| Resizer::new().resize_typed(&source, &mut small, &options));
    debug_assert!(matches!(resized, Ok(Ok(()))), "resampling a radiograph");
    small.pixels().iter().map(|p| p.0).collect()
}

/// The grey levels below which, and above which, lies a `clip` share of the pixels.
fn percentiles(pixels: &[f32], clip: f32) -> (f32, f32) {
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
