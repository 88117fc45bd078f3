//! A frame's bytes to words, one a pixel: what is stored, or the luminance of colours in 16 bits.

use super::attributes::wrong;
use super::codec;
use super::encoding::{Encoding, Photometric};
use super::frames::{self, Frame};
use super::header::{Elements, PixelData};
use super::shape::Shape;
use super::syntax::Codec;
use crate::error::Result;
use crate::radiograph::Radiograph;
use dicom::Order;

/// Bytes that decoders take besides, however small the picture: tables, contexts.
pub(super) const WORKSPACE: u64 = 4 << 20;

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
    frame: &Frame,
    encoding: &Encoding,
    shape: &Shape,
) -> Result<Vec<u16>> {
    let bytes = frame.bytes();
    let needed = frames::native_bytes(encoding, frame.photometric, shape);
    let (mut samples, photometric) = match frame.codec {
        Codec::Native => (native(&bytes, encoding, swapped(elements, encoding)), frame.photometric),
        Codec::EncapsulatedNative => match bytes.get(..needed) {
            Some(bytes) => (native(bytes, encoding, false), frame.photometric),
            None => {
                return Err(wrong("PixelData", &format!("{} bytes", bytes.len()), "a whole frame"));
            }
        },
        compressed => codec::decode(&bytes, compressed, encoding, shape)?,
    };
    // Without what pads the last byte or the last pair of them.
    samples.truncate(encoding.samples() * shape.pixels());
    let native = matches!(frame.codec, Codec::Native | Codec::EncapsulatedNative);
    Ok(match photometric {
        Photometric::Monochrome { .. } => samples,
        colours => luminance(&samples, colours, encoding.planar && native, encoding, shape),
    })
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

/// Rec. 601, as JPEG's luminance: from 0 to 65,535, however few bits the colours have.
fn luminance(
    samples: &[u16],
    photometric: Photometric,
    planar: bool,
    encoding: &Encoding,
    shape: &Shape,
) -> Vec<u16> {
    let value = |sample: u16| encoding.value(sample) as f32;
    let (pixels, scale) = (shape.pixels(), f32::from(u16::MAX) / f32::from(encoding.largest()));
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
        .map(|grey| (grey * scale).round() as u16)
        .collect()
}
