//! A frame's bytes to words, one a pixel: what is stored, or the luminance of colours.

use super::attributes::wrong;
use super::codec;
use super::encoding::{Encoding, Photometric};
use super::frames;
use super::header::{Elements, PixelData};
use super::syntax::{Codec, Order};
use crate::error::Result;
use crate::radiograph::Radiograph;
use crate::warning::Warnings;

/// Bytes that decoders take besides, however small the picture: tables, contexts.
pub(super) const WORKSPACE: u64 = 4 << 20;

/// What a frame should be.
pub(super) struct Shape {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) frames: u32,
    /// The one that is wanted; the first is 0.
    pub(super) frame: u32,
}

impl Shape {
    /// Pixels of a frame.
    pub(super) fn pixels(&self) -> usize {
        self.columns as usize * self.rows as usize
    }
}

/// Bytes that the picture takes beside its file, and beside what a compressed frame of several
/// fragments is joined to.
pub(super) fn needed(codec: Codec, encoding: &Encoding, shape: &Shape) -> u64 {
    let pixels = shape.pixels() as u64;
    let decoding = pixels.saturating_mul(codec::bytes_a_pixel(codec, encoding));
    WORKSPACE + decoding.max(Radiograph::bytes(pixels))
}

/// The words of a frame, row by row. Nothing is allocated before the bytes for it are known to be
/// there, or a compressed frame has stated the same sides.
pub(super) fn read(
    elements: &Elements,
    codec: Codec,
    encoding: &Encoding,
    shape: &Shape,
    warnings: &mut Warnings,
) -> Result<Vec<u16>> {
    if shape.frame >= shape.frames {
        let got = format!("{} frames", shape.frames);
        return Err(wrong(
            "NumberOfFrames",
            &got,
            "more than the number of the frame asked for, from 0",
        ));
    }
    let needed = native_bytes(encoding, shape);
    let bytes = frames::bytes(elements, codec, shape, needed)?;
    let mut samples = match codec {
        Codec::Native => native(&bytes, encoding, swapped(elements, encoding)),
        Codec::EncapsulatedNative => match bytes.get(..needed) {
            Some(bytes) => native(bytes, encoding, false),
            None => {
                return Err(wrong("PixelData", &format!("{} bytes", bytes.len()), "a whole frame"));
            }
        },
        compressed => codec::decode(&bytes, compressed, encoding, shape, warnings)?,
    };
    // Without what pads the last byte or the last pair of them.
    samples.truncate(encoding.samples() * shape.pixels());
    Ok(if encoding.samples() == 1 { samples } else { luminance(&samples, codec, encoding, shape) })
}

/// Bytes of an uncompressed frame.
fn native_bytes(encoding: &Encoding, shape: &Shape) -> usize {
    let samples = match encoding.photometric {
        // Two pixels share four.
        Photometric::Ybr422 => 2 * shape.pixels(),
        _ => encoding.samples() * shape.pixels(),
    };
    (samples * encoding.allocated as usize).div_ceil(8)
}

/// Whether words lie with their high byte first, and so do pairs of bytes that are written as
/// words.
fn swapped(elements: &Elements, encoding: &Encoding) -> bool {
    let words = matches!(elements.pixels, Some(PixelData::Native { words: true, .. }));
    elements.order == Order::Big && (words || encoding.allocated == 16)
}

fn native(bytes: &[u8], encoding: &Encoding, swapped: bool) -> Vec<u16> {
    let (pairs, last) = bytes.as_chunks::<2>();
    let straight = pairs.iter().map(|&pair| if swapped { [pair[1], pair[0]] } else { pair });
    match encoding.allocated {
        16 => straight.map(u16::from_le_bytes).collect(),
        8 => straight.flatten().chain(last.iter().copied()).map(u16::from).collect(),
        // PS3.5 8.1.1: the first pixel is the lowest bit.
        _ => straight
            .flatten()
            .chain(last.iter().copied())
            .flat_map(|byte| (0..8).map(move |bit| u16::from(byte >> bit & 1)))
            .collect(),
    }
}

/// Rec. 601, as JPEG's luminance. Decoders of JPEG give red, green and blue, and so does that of
/// JPEG 2000.
fn luminance(samples: &[u16], codec: Codec, encoding: &Encoding, shape: &Shape) -> Vec<u16> {
    let value = |sample: u16| encoding.value(sample) as f32;
    let pixels = shape.pixels();
    let photometric = if codec.gives_rgb() { Photometric::Rgb } else { encoding.photometric };
    let planar = encoding.planar && matches!(codec, Codec::Native | Codec::EncapsulatedNative);
    let at = |pixel: usize, sample: usize| match planar {
        true => samples.get(sample * pixels + pixel),
        false => samples.get(pixel * 3 + sample),
    };
    let sample = |pixel, sample| at(pixel, sample).map_or(0.0, |&word| value(word));
    (0..pixels)
        .map(|pixel| match photometric {
            // Two pixels share four samples: Y Y Cb Cr.
            Photometric::Ybr422 => {
                samples.get(pixel / 2 * 4 + pixel % 2).map_or(0.0, |&word| value(word))
            }
            Photometric::Ybr => sample(pixel, 0),
            _ => 0.299 * sample(pixel, 0) + 0.587 * sample(pixel, 1) + 0.114 * sample(pixel, 2),
        })
        .map(|grey| grey.round() as u16)
        .collect()
}
