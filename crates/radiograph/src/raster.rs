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
    let decoder = ImageReader::with_format(Cursor::new(bytes), ImageFormat::Jpeg).into_decoder().map_err(bad)?;
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
