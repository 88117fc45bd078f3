//! JPEG-LS (ITU-T T.87), of one sample a pixel.

use super::super::encoding::Encoding;
use super::super::samples::Shape;
use super::{bad, check, segments};
use crate::error::Result;

const FORMAT: &str = "JPEG-LS";
/// SOF55.
const START_OF_FRAME: u8 = 0xF7;

/// Samples, pixel by pixel.
pub(super) fn decode(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    // It has the layout of a JPEG's frame header: precision, height, width, components.
    let mut segments = segments(stream);
    let frame =
        segments.find(|segment| segment.marker == START_OF_FRAME).map(|segment| segment.body);
    let Some(&[_, h1, h0, w1, w0, components, ..]) = frame else {
        return Err(bad(FORMAT, "no JPEG-LS frame header"));
    };
    let side = |high, low| u32::from(u16::from_be_bytes([high, low]));
    check(FORMAT, (side(w1, w0), side(h1, h0), components.into()), encoding, shape)?;
    if components != 1 {
        return Err(bad(
            FORMAT,
            "colours in JPEG-LS are not decoded: transcode with gdcmconv --raw",
        ));
    }
    // A run of equal samples takes a bit at least, and ends with its line.
    if shape.rows as usize > stream.len().saturating_mul(8) {
        return Err(bad(FORMAT, format!("{} bytes cannot hold {} rows", stream.len(), shape.rows)));
    }
    let read = |stream: &[u8]| jpegls::decode(stream, shape.columns, shape.rows);
    // T.81 B.1.1.2: any number of FF may precede a marker. The decoder takes none before the last
    // one.
    let (samples, ..) = read(stream)
        .or_else(|error| without_fill(stream).map_or(Err(error), |stream| read(&stream)))
        .map_err(|e| bad(FORMAT, e.to_string()))?;
    if samples.len() != shape.pixels() {
        return Err(bad(FORMAT, format!("{} pixels, expected {}", samples.len(), shape.pixels())));
    }
    Ok(samples)
}

/// A stream whose last marker, EOI, has fill bytes before it, without them.
fn without_fill(stream: &[u8]) -> Option<Vec<u8>> {
    let end = stream.windows(3).rposition(|three| three == [0xFF, 0xFF, 0xD9])?;
    let data = stream[..end].iter().rposition(|&byte| byte != 0xFF).map_or(0, |last| last + 1);
    Some([&stream[..data], &stream[end + 1..]].concat())
}
