//! Compressed frames to samples: pixel by pixel, in the words that an uncompressed file would hold.

mod codestream;
mod dct;
mod found;
mod frame_header;
mod high_throughput;
mod huffman;
mod jpeg2000;
mod jpeg_ls;
mod lossless;
mod rle;

pub(super) use found::{begins, ends, found};

use super::encoding::{Encoding, Photometric};
use super::shape::Shape;
use super::syntax::Codec;
use crate::error::{Error, Result, quoted};
use crate::raster;

/// Start of image.
const SOI: [u8; 2] = [0xFF, 0xD8];
/// EOI of a JPEG, and EOC of a JPEG 2000 code stream.
const END: [u8; 2] = [0xFF, 0xD9];
/// Sampling factors of 1 in both directions.
const FULL: u8 = 0x11;
/// SOS.
const START_OF_SCAN: u8 = 0xDA;
/// DHT.
const DEFINE_HUFFMAN: u8 = 0xC4;
/// DRI.
const RESTART_INTERVAL: u8 = 0xDD;

/// Samples of a frame, interleaved, and what they mean. A frame that states other sides, or another
/// number of samples, than its file is refused before anything is allocated for it.
pub(super) fn decode(
    stream: &[u8],
    codec: Codec,
    encoding: &Encoding,
    shape: &Shape,
) -> Result<(Vec<u16>, Photometric)> {
    if matches!(codec, Codec::JpegDct | Codec::JpegLossless | Codec::JpegLs)
        && !stream.starts_with(&SOI)
    {
        let got = hex::encode_upper(&stream[..stream.len().min(SOI.len())]);
        return Err(bad("JPEG", format!("it does not begin as a JPEG: got {got}, expected FFD8")));
    }
    // These give as many samples as there are pixels, whatever the file says of the stored ones.
    let mut photometric = encoding.photometric.full();
    let mut samples = match codec {
        Codec::Rle => rle::decode(stream, encoding, shape)?,
        Codec::JpegDct if precision(stream) == Some(12) => dct::decode(stream, encoding, shape)?,
        Codec::JpegDct => {
            photometric = photometric.as_rgb();
            baseline(stream, encoding, shape)?
        }
        Codec::JpegLossless => lossless::decode(stream, encoding, shape)?,
        Codec::JpegLs => jpeg_ls::decode(stream, encoding, shape)?,
        Codec::Jpeg2000Lossless | Codec::Jpeg2000 | Codec::HighThroughput => {
            let (samples, rgb) = jpeg2000::decode(stream, codec, encoding, shape)?;
            if rgb {
                photometric = photometric.as_rgb();
            }
            samples
        }
        Codec::Native | Codec::EncapsulatedNative => Vec::new(),
    };
    sign(&mut samples, stream, codec, encoding);
    Ok((within(samples, encoding.allocated)?, photometric))
}

/// Gives samples the sign that the file says they have. A stream may have another opinion, or, of
/// JPEG-LS, none; then the highest bit that is coded is the sign (as pydicom has it).
fn sign(samples: &mut [u16], stream: &[u8], codec: Codec, encoding: &Encoding) {
    let (precision, signed) = match codec {
        Codec::JpegLs => (jpeg_ls::precision(stream), false),
        Codec::Jpeg2000Lossless | Codec::Jpeg2000 | Codec::HighThroughput => {
            codestream::precision(stream)
        }
        _ => return,
    };
    let unused = 16_u8.saturating_sub(precision);
    if encoding.samples() > 1 || signed == encoding.signed {
        return;
    }
    for sample in samples {
        let raw = *sample << unused;
        *sample = if encoding.signed { (raw as i16 >> unused) as u16 } else { raw >> unused };
    }
}

/// Bytes a pixel at the peak of decoding, with words and grey: as measured (`cargo run --release
/// --workspace --example memory`) and rounded up. For JPEG 2000 they include what tiles and code
/// blocks may take.
pub(super) fn bytes_a_pixel(codec: Codec, encoding: &Encoding) -> u64 {
    let (grey, colours) = match codec {
        Codec::Native | Codec::EncapsulatedNative | Codec::Rle => (8, 14),
        Codec::JpegDct => (8, 18),
        Codec::JpegLossless | Codec::JpegLs => (8, 14),
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
    let stream = raster::jpeg::with_colours(stream, encoding.photometric == Photometric::Rgb);
    let samples = raster::jpeg_samples(&stream, shape.columns, shape.rows, encoding.samples());
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
    /// The bytes of the segment after its length.
    body: &'a [u8],
    /// The bytes after the segment; after a scan's header, the coded data.
    rest: &'a [u8],
}

/// The marker segments of a JPEG up to its end.
fn segments(stream: &[u8]) -> Segments<'_> {
    Segments::new(stream, |coded| raster::jpeg::scan_end(coded, 0))
}

/// Marker segments. After one of a scan come those behind what is coded.
struct Segments<'a> {
    rest: &'a [u8],
    /// Whether `rest` begins with what is coded.
    coded: bool,
    /// Length of what is coded.
    scan_end: fn(&[u8]) -> usize,
}

impl<'a> Segments<'a> {
    fn new(stream: &'a [u8], scan_end: fn(&[u8]) -> usize) -> Self {
        Self { rest: stream.strip_prefix(&SOI).unwrap_or_default(), coded: false, scan_end }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        if std::mem::take(&mut self.coded) {
            self.rest = &self.rest[(self.scan_end)(self.rest)..];
        }
        // A marker may be preceded by fill bytes.
        while self.rest.starts_with(&[0xFF, 0xFF]) {
            self.rest = &self.rest[1..];
        }
        let (&[first, marker, high, low], _) = self.rest.split_first_chunk()?;
        if [first, marker] == END {
            return None;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let body = self.rest.get(4..2 + length).filter(|_| first == 0xFF)?;
        self.rest = &self.rest[2 + length..];
        self.coded = marker == START_OF_SCAN;
        Some(Segment { marker, body, rest: self.rest })
    }
}

/// The number in a marker segment DRI, of two bytes, or up to four in JPEG-LS.
fn restart_interval(body: &[u8]) -> usize {
    body.iter().take(4).fold(0, |number, &byte| number << 8 | usize::from(byte))
}

/// Refuses colours that have fewer samples than pixels where no encoder makes them.
fn subsampled(format: &'static str) -> Error {
    let said = "colours of fewer samples than pixels are not decoded";
    bad(format, format!("{said}: transcode with gdcmconv --raw"))
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
