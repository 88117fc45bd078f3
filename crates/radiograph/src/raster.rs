//! PNG, JPEG and TIFF: grey of 8 or 16 bits, colours turned grey, alpha ignored.

use crate::decode::Limits;
use crate::error::{Error, Result, quoted};
use crate::radiograph::{Format, Header, Radiograph};
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use std::io::Cursor;

/// Bytes that a decoder may take beside the pixels: colour profiles and tables, however far they unpack.
const WORKSPACE: u64 = 8 << 20;
/// Bytes of the largest pixel: four channels of 32 bits.
const PIXEL_BYTES: u64 = 16;

/// Decodes a raster file whose format is known.
pub(crate) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Radiograph> {
    let (image_format, name) = match format {
        Format::Png => (ImageFormat::Png, "PNG"),
        Format::Jpeg => (ImageFormat::Jpeg, "JPEG"),
        _ => (ImageFormat::Tiff, "TIFF"),
    };
    let bad = |e: image::ImageError| Error::Raster { format: name, reason: quoted(&e.to_string()) };
    match format {
        Format::Jpeg => check_whole_jpeg(bytes)?,
        Format::Tiff => check_tiff_directory(bytes)?,
        _ => {}
    }
    let (width, height) = reader(bytes, image_format, WORKSPACE).into_dimensions().map_err(bad)?;
    limits.check_pixels("the file", width.into(), height.into())?;
    let workspace = WORKSPACE.saturating_add(u64::from(width) * u64::from(height) * PIXEL_BYTES);
    let decoder = reader(bytes, image_format, workspace).into_decoder().map_err(bad)?;
    let bits_stored = bits(decoder.color_type());
    let image = DynamicImage::from_decoder(decoder).map_err(bad)?;
    let header = Header { format: Some(format), bits_stored, ..Header::default() };
    Ok(Radiograph::new(width, height, grey(image))?.with_header(header))
}

fn reader(bytes: &[u8], format: ImageFormat, workspace: u64) -> ImageReader<Cursor<&[u8]>> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(workspace);
    reader.limits(bounds);
    reader
}

/// The samples of a JPEG stream inside a DICOM file, each from 0 to 255, interleaved; it must have the sides, and the
/// number of samples a pixel, stated there.
pub(crate) fn jpeg_samples(bytes: &[u8], columns: u32, rows: u32, samples: usize) -> Result<Vec<u8>> {
    let bad = |reason: String| Error::Raster { format: "JPEG", reason: quoted(&reason) };
    check_whole_jpeg(bytes)?;
    let workspace = WORKSPACE.saturating_add(u64::from(columns) * u64::from(rows) * PIXEL_BYTES);
    let decoder =
        reader(bytes, ImageFormat::Jpeg, workspace).into_decoder().map_err(|e| bad(e.to_string()))?;
    let (width, height) = decoder.dimensions();
    if (width, height) != (columns, rows) {
        return Err(bad(format!("{width}×{height} pixels, expected the Columns × Rows, {columns}×{rows}")));
    }
    let channels = usize::from(decoder.color_type().channel_count());
    if channels != samples {
        return Err(bad(format!("{channels} samples a pixel, expected the SamplesPerPixel, {samples}")));
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
        DynamicImage::ImageRgba8(i) => i.pixels().map(|p| luma([p.0[0], p.0[1], p.0[2]].map(byte))).collect(),
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

/// Whether the picture data of a JPEG have an end: the decoder would fill what is missing with grey.
fn check_whole_jpeg(bytes: &[u8]) -> Result<()> {
    const START_OF_SCAN: u8 = 0xDA;
    const END: [u8; 2] = [0xFF, 0xD9];
    let bad = |reason: &str| Err(Error::Raster { format: "JPEG", reason: reason.into() });
    let mut at = 2;
    // Segments up to the first scan: FF, marker, length of two bytes with themselves counted.
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        if marker == START_OF_SCAN {
            let scan = &bytes[at..];
            return if scan.windows(2).any(|pair| pair == END) {
                Ok(())
            } else {
                bad("cut off, got no marker FFD9 after its scan, expected one")
            };
        }
        // A marker may be preceded by fill bytes.
        at += if marker == 0xFF { 1 } else { 2 + usize::from(u16::from_be_bytes([high, low])) };
    }
    bad("cut off, or damaged: got no scan (FFDA), expected one")
}

/// Whether the first directory of a TIFF claims no more values than the file has bytes (TIFF 6.0, section 2): the decoder makes room
/// for them, 32 bytes each, before it looks whether they are there, and before it can be told of limits.
fn check_tiff_directory(bytes: &[u8]) -> Result<()> {
    let number = |at: usize, length: usize| {
        let digits = bytes.get(at..at.saturating_add(length))?.iter().map(|&byte| usize::from(byte));
        let joined = |all: usize, digit: usize| all << 8 | digit;
        Some(if bytes[0] == b'I' { digits.rev().fold(0, joined) } else { digits.fold(0, joined) })
    };
    // What is cut off is for the decoder to tell.
    let directory = number(4, 4).unwrap_or(usize::MAX);
    let entries = (0..number(directory, 2).unwrap_or(0)).map(|entry| directory + 2 + 12 * entry);
    let claims = entries.map_while(|at| number(at, 2).zip(number(at + 4, 4)));
    match claims.into_iter().find(|&(_, count)| count > bytes.len()) {
        None => Ok(()),
        Some((tag, count)) => {
            let most = bytes.len();
            let reason =
                format!("tag {tag} claims {count} values, expected at most {most}, the bytes of the file");
            Err(Error::Raster { format: "TIFF", reason })
        }
    }
}
