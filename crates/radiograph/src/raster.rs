//! PNG, JPEG and TIFF: one grey channel of 8, 16 or 32 bits, colours turned grey, alpha ignored.

use crate::decode::Limits;
use crate::error::{Error, Result};
use crate::radiograph::{Format, Header, Radiograph};
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader};
use std::io::Cursor;

/// Decodes a raster file whose format is known.
pub(crate) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Radiograph> {
    let (image_format, name) = match format {
        Format::Png => (ImageFormat::Png, "PNG"),
        Format::Jpeg => (ImageFormat::Jpeg, "JPEG"),
        _ => (ImageFormat::Tiff, "TIFF"),
    };
    let bad = |e: image::ImageError| Error::Raster { format: name, reason: e.to_string() };
    if format == Format::Jpeg {
        check_whole_jpeg(bytes)?;
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), image_format);
    // Sixteen bytes a pixel is the most that a decoder needs (four channels of 32 bits).
    let mut bounds = image::Limits::default();
    bounds.max_alloc = Some(limits.max_pixels.saturating_mul(16));
    reader.limits(bounds);
    let decoder = reader.into_decoder().map_err(bad)?;
    let (width, height) = decoder.dimensions();
    limits.check_pixels(width.into(), height.into())?;
    let bits_stored = bits(decoder.color_type());
    let image = DynamicImage::from_decoder(decoder).map_err(bad)?;
    let header = Header { format: Some(format), bits_stored, ..Header::default() };
    Ok(Radiograph::new(width, height, grey(image))?.with_header(header))
}

/// The pixels of a JPEG stream inside a DICOM file, each from 0 to 255.
pub(crate) fn jpeg_samples(bytes: &[u8], limits: &Limits) -> Result<(u32, u32, Vec<u8>)> {
    let bad = |e: image::ImageError| Error::Raster { format: "JPEG", reason: e.to_string() };
    check_whole_jpeg(bytes)?;
    let decoder =
        ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg).into_decoder().map_err(bad)?;
    let (width, height) = decoder.dimensions();
    limits.check_pixels(width.into(), height.into())?;
    Ok((width, height, DynamicImage::from_decoder(decoder).map_err(bad)?.into_luma8().into_raw()))
}

fn bits(colour: ColorType) -> u8 {
    let bytes = colour.bytes_per_pixel() / colour.channel_count().max(1);
    bytes.saturating_mul(8)
}

/// Grey in [0, 1]. Colours by the weights of Rec. 601, which JPEG's own luminance has.
fn grey(image: DynamicImage) -> Vec<f32> {
    match image {
        DynamicImage::ImageLuma8(i) => i.into_raw().iter().map(|&p| f32::from(p) / 255.0).collect(),
        DynamicImage::ImageLuma16(i) => i.into_raw().iter().map(|&p| f32::from(p) / 65535.0).collect(),
        DynamicImage::ImageLumaA8(i) => i.pixels().map(|p| f32::from(p.0[0]) / 255.0).collect(),
        DynamicImage::ImageLumaA16(i) => i.pixels().map(|p| f32::from(p.0[0]) / 65535.0).collect(),
        colours => colours
            .into_rgb32f()
            .pixels()
            .map(|p| (0.299 * p.0[0] + 0.587 * p.0[1] + 0.114 * p.0[2]).clamp(0.0, 1.0))
            .map(|grey| if grey.is_nan() { 0.0 } else { grey })
            .collect(),
    }
}

/// Whether the picture data of a JPEG have an end: the decoder would fill what is missing with grey.
fn check_whole_jpeg(bytes: &[u8]) -> Result<()> {
    const START_OF_SCAN: u8 = 0xDA;
    const END: [u8; 2] = [0xFF, 0xD9];
    let cut = || Error::Raster { format: "JPEG", reason: "the file is cut off before its end marker".into() };
    let mut at = 2;
    // Segments up to the first scan: FF, marker, length of two bytes with themselves counted.
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        if marker == START_OF_SCAN {
            let scan = bytes.get(at..).unwrap_or_default();
            return if scan.windows(2).any(|pair| pair == END) { Ok(()) } else { Err(cut()) };
        }
        // A marker may be preceded by fill bytes.
        at += if marker == 0xFF { 1 } else { 2 + usize::from(u16::from_be_bytes([high, low])) };
    }
    Err(cut())
}
