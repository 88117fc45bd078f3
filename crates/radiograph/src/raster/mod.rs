//! PNG, JPEG and TIFF: colours turned grey, alpha ignored, all turned upright.

pub(crate) mod jpeg;
mod orientation;
mod png;
mod tiff;

use crate::error::{Error, Result, quoted};
use crate::limits::Limits;
use crate::memory::Reservation;
use crate::radiograph::{Format, Header, Radiograph};
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use std::io::Cursor;

/// Bytes that a decoder may take beside the pixels: colour profiles and tables, however far they
/// unpack.
const WORKSPACE: u64 = 8 << 20;
/// Bytes of a grey pixel.
const GREY: u64 = 4;
/// Bytes of the largest pixel: four channels of 32 bits.
const PIXEL_BYTES: u64 = 16;

/// A picture as its file stores it.
struct Decoded {
    width: u32,
    height: u32,
    pixels: Vec<f32>,
    bits_stored: u8,
    /// Whether low values were white, and were turned round.
    inverted: bool,
    /// The number of the way up, as TIFF and EXIF have it; 1 where nothing is said.
    orientation: u64,
    memory: Reservation,
}

/// Decodes a raster file whose format is known, and turns it upright.
pub(crate) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Radiograph> {
    let decoded = match format {
        Format::Png => picture(bytes, ImageFormat::Png, limits)?,
        Format::Jpeg => picture(&jpeg::with_colours(bytes, false), ImageFormat::Jpeg, limits)?,
        _ => tiff::decode(bytes, limits)?,
    };
    let Decoded { width, height, pixels, bits_stored, inverted, orientation, memory } = decoded;
    let ([width, height], pixels) = orientation::upright(orientation, [width, height], pixels);
    let header = Header { format: Some(format), bits_stored, inverted, ..Header::default() };
    Ok(Radiograph::new(width, height, pixels)?.decoded(header, memory))
}

/// Decodes a PNG or JPEG.
fn picture(bytes: &[u8], format: ImageFormat, limits: &Limits) -> Result<Decoded> {
    let name = if format == ImageFormat::Png { "PNG" } else { "JPEG" };
    let bad = |e: image::ImageError| Error::Raster { format: name, reason: quoted(&e.to_string()) };
    let (width, height) = reader(bytes, format, WORKSPACE).into_dimensions().map_err(bad)?;
    limits.check_sides("the file", width.into(), height.into())?;
    let (beside, exif) = match format {
        ImageFormat::Png => (png::check(bytes).map(|()| 0)?, png::exif(bytes)),
        _ => (jpeg::check(bytes)?.bytes(), jpeg::exif(bytes)),
    };
    let pixels = u64::from(width) * u64::from(height);
    let workspace = WORKSPACE.saturating_add(pixels * PIXEL_BYTES);
    let decoder = reader(bytes, format, workspace).into_decoder().map_err(bad)?;
    let bits_stored = bits(decoder.color_type());
    // The decoder of JPEG has a copy of the file.
    let needed = needed(pixels, decoder.total_bytes()) + beside + bytes.len() as u64;
    let memory = limits.reserve(needed)?;
    let pixels = grey(DynamicImage::from_decoder(decoder).map_err(bad)?);
    let orientation = exif.and_then(orientation::of_exif).unwrap_or(1);
    Ok(Decoded { width, height, pixels, bits_stored, inverted: false, orientation, memory })
}

/// Bytes that decoding takes of a picture whose samples have so many bytes. While they are turned
/// grey there are both, and while grey is turned upright there is that twice.
fn needed(pixels: u64, samples: u64) -> u64 {
    WORKSPACE + (samples + GREY * pixels).max(Radiograph::bytes(pixels))
}

fn reader(bytes: &[u8], format: ImageFormat, workspace: u64) -> ImageReader<Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(workspace);
    reader.limits(bounds);
    reader
}

/// The samples of a JPEG stream inside a DICOM file, each from 0 to 255, interleaved; it must have
/// the sides, and the number of samples a pixel, stated there.
pub(crate) fn jpeg_samples(
    bytes: &[u8],
    columns: u32,
    rows: u32,
    samples: usize,
) -> Result<Vec<u8>> {
    let bad = |reason: String| Error::Raster { format: "JPEG", reason: quoted(&reason) };
    jpeg::check(bytes)?;
    let workspace = WORKSPACE.saturating_add(u64::from(columns) * u64::from(rows) * PIXEL_BYTES);
    let decoder = reader(bytes, ImageFormat::Jpeg, workspace)
        .into_decoder()
        .map_err(|e| bad(e.to_string()))?;
    let (width, height) = decoder.dimensions();
    if (width, height) != (columns, rows) {
        return Err(bad(format!(
            "{width}×{height} pixels, expected the Columns × Rows, {columns}×{rows}"
        )));
    }
    let channels = usize::from(decoder.color_type().channel_count());
    if channels != samples {
        return Err(bad(format!(
            "{channels} samples a pixel, expected the SamplesPerPixel, {samples}"
        )));
    }
    Ok(DynamicImage::from_decoder(decoder).map_err(|e| bad(e.to_string()))?.into_bytes())
}

fn bits(colour: ColorType) -> u8 {
    let bytes = colour.bytes_per_pixel() / colour.channel_count().max(1);
    bytes.saturating_mul(8)
}

/// Grey in [0, 1].
fn grey(image: DynamicImage) -> Vec<f32> {
    let byte = |p: u8| f32::from(p) / 255.0;
    let word = |p: u16| f32::from(p) / 65535.0;
    match image {
        DynamicImage::ImageLuma8(i) => i.iter().map(|&p| byte(p)).collect(),
        DynamicImage::ImageLuma16(i) => i.iter().map(|&p| word(p)).collect(),
        DynamicImage::ImageLumaA8(i) => i.pixels().map(|p| byte(p.0[0])).collect(),
        DynamicImage::ImageLumaA16(i) => i.pixels().map(|p| word(p.0[0])).collect(),
        DynamicImage::ImageRgb8(i) => i.pixels().map(|p| luma(p.0.map(byte))).collect(),
        DynamicImage::ImageRgb16(i) => i.pixels().map(|p| luma(p.0.map(word))).collect(),
        DynamicImage::ImageRgba8(i) => {
            i.pixels().map(|p| luma([p.0[0], p.0[1], p.0[2]].map(byte))).collect()
        }
        DynamicImage::ImageRgba16(i) => {
            i.pixels().map(|p| luma([p.0[0], p.0[1], p.0[2]].map(word))).collect()
        }
        floats => floats.into_rgb32f().pixels().map(|p| luma(p.0)).collect(),
    }
}

/// Rec. 601, whose weights JPEG's own luminance has. Not a number is black.
fn luma([red, green, blue]: [f32; 3]) -> f32 {
    let grey = (0.299 * red + 0.587 * green + 0.114 * blue).clamp(0.0, 1.0);
    if grey.is_nan() { 0.0 } else { grey }
}
