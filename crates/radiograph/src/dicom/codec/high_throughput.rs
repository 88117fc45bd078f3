//! High-Throughput JPEG 2000 (ITU-T T.814), reversible and not.

use super::super::encoding::Encoding;
use super::super::shape::Shape;
use super::{bad, check, codestream};
use crate::error::Result;
use dicom_toolkit_jpeg2000::{DecodeSettings, Image};

const FORMAT: &str = "High-Throughput JPEG 2000";

/// Samples, pixel by pixel; those of a `lossy` stream are kept within the bits stored.
pub(super) fn decode(
    stream: &[u8],
    lossy: bool,
    encoding: &Encoding,
    shape: &Shape,
) -> Result<Vec<u16>> {
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let image = Image::new(stream, &settings).map_err(|e| bad(FORMAT, e.to_string()))?;
    let samples = usize::from(image.color_space().num_channels()) + usize::from(image.has_alpha());
    check(FORMAT, (image.width(), image.height(), samples), encoding, shape)?;
    let decoded = image.decode_native().map_err(|e| bad(FORMAT, e.to_string()))?;
    // The decoder lifts signed samples by half their range, as it does the others.
    let (_, signed) = codestream::precision(stream);
    let lift = if signed { 1_u16 << decoded.bit_depth.clamp(1, 16).saturating_sub(1) } else { 0 };
    let largest = if lossy && !signed { encoding.largest() } else { u16::MAX };
    let word = |sample: u16| sample.min(largest).wrapping_sub(lift);
    let words: Vec<u16> = match decoded.bytes_per_sample {
        1 => decoded.data.iter().map(|&byte| word(byte.into())).collect(),
        _ => {
            let (pairs, _) = decoded.data.as_chunks();
            pairs.iter().map(|&pair| word(u16::from_le_bytes(pair))).collect()
        }
    };
    if words.len() != samples * shape.pixels() {
        return Err(bad(
            FORMAT,
            format!("{} samples, expected {}", words.len(), samples * shape.pixels()),
        ));
    }
    Ok(words)
}
