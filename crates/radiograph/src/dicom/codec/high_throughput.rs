//! High-Throughput JPEG 2000 (ITU-T T.814), lossless.

use super::super::encoding::Encoding;
use super::super::samples::Shape;
use super::jpeg2000::{code_stream, signed};
use super::{bad, check, codestream};
use crate::error::Result;
use dicom_toolkit_jpeg2000::{DecodeSettings, Image};

const FORMAT: &str = "High-Throughput JPEG 2000";

/// Samples, pixel by pixel.
pub(super) fn decode(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    let stream = code_stream(FORMAT, stream)?;
    codestream::check(FORMAT, stream, encoding.samples())?;
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let image = Image::new(stream, &settings).map_err(|e| bad(FORMAT, e.to_string()))?;
    let samples = usize::from(image.color_space().num_channels()) + usize::from(image.has_alpha());
    check(FORMAT, (image.width(), image.height(), samples), encoding, shape)?;
    let decoded = image.decode_native().map_err(|e| bad(FORMAT, e.to_string()))?;
    // The decoder lifts signed samples by half their range, as it does the others.
    let lift =
        if signed(stream) { 1_u16 << decoded.bit_depth.clamp(1, 16).saturating_sub(1) } else { 0 };
    let words: Vec<u16> = match decoded.bytes_per_sample {
        1 => decoded.data.iter().map(|&byte| u16::from(byte).wrapping_sub(lift)).collect(),
        _ => decoded
            .data
            .as_chunks()
            .0
            .iter()
            .map(|&pair| u16::from_le_bytes(pair).wrapping_sub(lift))
            .collect(),
    };
    if words.len() != samples * shape.pixels() {
        return Err(bad(
            FORMAT,
            format!("{} samples, expected {}", words.len(), samples * shape.pixels()),
        ));
    }
    Ok(words)
}
