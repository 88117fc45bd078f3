//! Compressed frames to samples: pixel by pixel, in the words that an uncompressed file would hold.

mod codestream;
mod dct;
mod high_throughput;
mod huffman;
mod jpeg2000;
mod jpeg_ls;
mod lossless;
mod rle;

use super::encoding::Encoding;
use super::samples::Shape;
use super::syntax::Codec;
use crate::error::{Error, Result, quoted};
use crate::raster;
use crate::warning::Warnings;

/// Start of image.
const SOI: [u8; 2] = [0xFF, 0xD8];
/// SOS.
const START_OF_SCAN: u8 = 0xDA;

/// Samples of a frame, interleaved. A frame that states other sides, or another number of samples,
/// than its file is refused before anything is allocated for it.
pub(super) fn decode(
    stream: &[u8],
    codec: Codec,
    encoding: &Encoding,
    shape: &Shape,
    _warnings: &mut Warnings,
) -> Result<Vec<u16>> {
    if matches!(codec, Codec::JpegDct | Codec::JpegLossless | Codec::JpegLs)
        && !stream.starts_with(&SOI)
    {
        let got: String = stream.iter().take(SOI.len()).map(|byte| format!("{byte:02X}")).collect();
        return Err(bad("JPEG", format!("it does not begin as a JPEG: got {got}, expected FFD8")));
    }
    let samples = match codec {
        Codec::Rle => rle::decode(stream, encoding, shape),
        Codec::JpegDct if precision(stream) == Some(12) => dct::decode(stream, encoding, shape),
        Codec::JpegDct => baseline(stream, encoding, shape),
        Codec::JpegLossless => lossless::decode(stream, encoding, shape),
        Codec::JpegLs => jpeg_ls::decode(stream, encoding, shape),
        Codec::Jpeg2000Lossless => jpeg2000::decode(stream, false, encoding, shape),
        Codec::Jpeg2000 => jpeg2000::decode(stream, true, encoding, shape),
        Codec::HighThroughput => high_throughput::decode(stream, encoding, shape),
        Codec::Native | Codec::EncapsulatedNative => Ok(Vec::new()),
    };
    within(samples?, encoding.allocated)
}

/// Bytes a pixel at the peak of decoding, with words and grey: as measured (`cargo run --release
/// --workspace --example memory`) and rounded up. For JPEG 2000 they include what tiles and code
/// blocks may take.
pub(super) fn bytes_a_pixel(codec: Codec, encoding: &Encoding) -> u64 {
    let (grey, colours) = match codec {
        Codec::Native | Codec::EncapsulatedNative | Codec::Rle => (8, 14),
        Codec::JpegDct => (8, 18),
        Codec::JpegLossless => (10, 22),
        Codec::JpegLs => (8, 8),
        Codec::Jpeg2000Lossless | Codec::Jpeg2000 => (20, 40),
        Codec::HighThroughput => (24, 52),
    };
    if encoding.samples() == 1 { grey } else { colours }
}

/// The samples in the bits allocated for each. A stream has its own opinion of them: what is above
/// is the sign, or too much.
fn within(mut samples: Vec<u16>, allocated: u32) -> Result<Vec<u16>> {
    let all = u16::MAX >> (16 - allocated);
    let fits = |sample: u16| sample <= all || (sample | (all >> 1)) == u16::MAX;
    if let Some(got) = samples.iter().find(|sample| !fits(**sample)) {
        let reason = format!(
            "got a sample of {got}, expected at most {all}, as BitsAllocated is {allocated}"
        );
        return Err(bad("compressed", reason));
    }
    samples.iter_mut().for_each(|sample| *sample &= all);
    Ok(samples)
}

/// Eight bits, by the decoder of JPEG files.
fn baseline(stream: &[u8], encoding: &Encoding, shape: &Shape) -> Result<Vec<u16>> {
    let samples = raster::jpeg_samples(stream, shape.columns, shape.rows, encoding.samples());
    Ok(samples.map_err(in_frame)?.into_iter().map(u16::from).collect())
}

/// Turns the refusal of a JPEG into that of a frame.
fn in_frame(error: Error) -> Error {
    match error {
        Error::Raster { format, reason } => Error::Frame { format, reason },
        other => other,
    }
}

/// Bits a sample, as the frame header of a JPEG says.
fn precision(stream: &[u8]) -> Option<u8> {
    segments(stream).find(|segment| raster::jpeg::is_frame(segment.marker))?.body.first().copied()
}

/// A marker segment of a JPEG.
struct Segment<'a> {
    marker: u8,
    /// What follows its length.
    body: &'a [u8],
    /// What follows it: after a scan's header, what is coded.
    rest: &'a [u8],
}

/// The marker segments up to the first scan's header.
fn segments(stream: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut rest = stream.strip_prefix(&[0xFF, 0xD8]).unwrap_or_default();
    std::iter::from_fn(move || {
        // A marker may be preceded by fill bytes.
        while rest.starts_with(&[0xFF, 0xFF]) {
            rest = &rest[1..];
        }
        let (&[_, marker, high, low], _) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = rest.get(4..2 + length).filter(|_| rest[0] == 0xFF)?;
        let segment = Segment { marker, body, rest: &rest[2 + length..] };
        rest = if marker == START_OF_SCAN { &[] } else { segment.rest };
        Some(segment)
    })
}

/// A frame that does not decode.
fn bad(format: &'static str, reason: impl AsRef<str>) -> Error {
    Error::Frame { format, reason: quoted(reason.as_ref()) }
}

/// Checks what a frame says of itself against what its file says.
fn check(
    format: &'static str,
    (width, height, samples): (u32, u32, usize),
    encoding: &Encoding,
    shape: &Shape,
) -> Result<()> {
    if (width, height) != (shape.columns, shape.rows) {
        let (columns, rows) = (shape.columns, shape.rows);
        let expected = format!("expected the Columns × Rows, {columns}×{rows}");
        return Err(bad(format, format!("{width}×{height} pixels, {expected}")));
    }
    if samples != encoding.samples() {
        let expected = encoding.samples();
        return Err(bad(
            format,
            format!("{samples} samples a pixel, expected the SamplesPerPixel, {expected}"),
        ));
    }
    Ok(())
}
