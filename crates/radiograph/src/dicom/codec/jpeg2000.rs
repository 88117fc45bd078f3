//! JPEG 2000 (ITU-T T.800): part 1 code streams, reversible and not.

use super::super::encoding::Encoding;
use super::super::samples::Shape;
use super::{bad, check, codestream};
use crate::error::Result;
use hayro_jpeg2000::{DecodeSettings, DecoderContext, Image};

const FORMAT: &str = "JPEG 2000";
/// SOC and SIZ: where a code stream begins. Some writers put it into boxes, as in a file of its
/// own, and not always well.
const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// EOC; some writers pad a fragment with a zero or two.
const END: [u8; 2] = [0xFF, 0xD9];
/// Bytes looked through for the end.
const TRAILER: usize = 64;

/// Samples, pixel by pixel; those of a stream that may be `lossy` are kept within the bits stored.
pub(super) fn decode(
    stream: &[u8],
    lossy: bool,
    encoding: &Encoding,
    shape: &Shape,
) -> Result<Vec<u16>> {
    let stream = code_stream(FORMAT, stream)?;
    codestream::check(FORMAT, stream, encoding.samples())?;
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
    let signed = signed(stream);
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

/// A stream from its beginning, if it has an end: decoders make up what is missing.
pub(super) fn code_stream<'a>(format: &'static str, stream: &'a [u8]) -> Result<&'a [u8]> {
    let start = stream.windows(START.len()).position(|four| four == START);
    let stream = &stream[start
        .ok_or_else(|| bad(format, "got no code stream, expected one that begins FF4FFF51"))?..];
    let tail = &stream[stream.len().saturating_sub(TRAILER)..];
    if !tail.windows(2).any(|pair| pair == END) {
        return Err(bad(format, "cut off, got no marker FFD9 at its end, expected one"));
    }
    Ok(stream)
}

/// Whether the first component is signed: the high bit of Ssiz in the marker segment SIZ (T.800
/// A.5.1), which follows SOC.
pub(super) fn signed(stream: &[u8]) -> bool {
    const SSIZ: usize = 42;
    stream.get(SSIZ).is_some_and(|byte| byte & 0x80 != 0)
}
