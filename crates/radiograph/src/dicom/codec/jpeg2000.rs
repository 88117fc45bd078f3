//! JPEG 2000 (ITU-T T.800 and T.814): part 1 and high-throughput code streams, reversible and not.

use super::super::encoding::Encoding;
use super::super::shape::Shape;
use super::super::syntax::Codec;
use super::codestream;
use super::{bad, check, high_throughput};
use crate::error::Result;
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

const FORMAT: &str = "JPEG 2000";

/// Samples, pixel by pixel, and whether the decoder has made red, green and blue of them.
pub(super) fn decode(
    stream: &[u8],
    codec: Codec,
    encoding: &Encoding,
    shape: &Shape,
) -> Result<(Vec<u16>, bool)> {
    let no_stream = "got no code stream, expected one that begins FF4FFF51";
    let stream = codestream::from_start(stream).ok_or_else(|| bad(FORMAT, no_stream))?;
    codestream::check(FORMAT, stream, encoding.samples())?;
    let kind = codestream::kind(stream)
        .ok_or_else(|| bad(FORMAT, "got no marker segment COD, expected one"))?;
    let stream = codestream::plain(FORMAT, stream, codec == Codec::HighThroughput)?;
    let lossy = codec == Codec::Jpeg2000 || !kind.reversible;
    let samples = match codec {
        Codec::HighThroughput => high_throughput::decode(&stream, lossy, encoding, shape)?,
        _ => decode_part_1(&stream, lossy, encoding, shape)?,
    };
    // The decoder of part 1 takes components of fewer samples for Cb and Cr.
    let converted = kind.subsampled && codec != Codec::HighThroughput;
    Ok((samples, kind.mixed || converted))
}

/// Samples, pixel by pixel; those of a stream that may be `lossy` are kept within the bits stored.
fn decode_part_1(
    stream: &[u8],
    lossy: bool,
    encoding: &Encoding,
    shape: &Shape,
) -> Result<Vec<u16>> {
    let settings =
        DecodeSettings { resolve_palette_indices: false, strict: true, target_resolution: None };
    let failed = |e: hayro_jpeg2000::DecodeError| bad(FORMAT, e.to_string());
    let image = Image::new(stream, &settings).map_err(failed)?;
    let samples = usize::from(image.color_space().num_channels()) + usize::from(image.has_alpha());
    check(FORMAT, (image.width(), image.height(), samples), encoding, shape)?;
    let mut context = DecoderContext::default();
    let decoded = image.decode(&mut context).map_err(failed)?;
    let components = decoded.components();
    if components.len() != samples || components.iter().any(|c| c.samples().len() != shape.pixels())
    {
        return Err(bad(
            FORMAT,
            format!("{} components, expected {samples} of the frame's sides", components.len()),
        ));
    }
    let (_, signed) = codestream::precision(stream);
    let mut words = vec![0; samples * shape.pixels()];
    for (at, component) in components.iter().enumerate() {
        let mut range = f32::from(u16::MAX >> (16 - component.bit_depth().clamp(1, 16)));
        // The decoder lifts signed samples as it does the others.
        let lift = if signed { (range + 1.0) / 2.0 } else { 0.0 };
        // Where edges ring, samples may lie beyond those stored: with the bits above masked they
        // would wrap round.
        if lossy && !signed {
            range = range.min(encoding.largest().into());
        }
        for (word, &sample) in words[at..].iter_mut().step_by(samples).zip(component.samples()) {
            *word = (sample.round().clamp(0.0, range) - lift) as i32 as u16;
        }
    }
    Ok(words)
}
