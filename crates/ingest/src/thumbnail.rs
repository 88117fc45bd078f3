//! Thumbnails: radiographs as small pictures of 8 bits, and as bytes of JPEG.

use anyhow::{Context, Result};
use image::codecs::jpeg::JpegEncoder;
use image::{GenericImageView, GrayImage, Luma, PixelWithColorType, imageops};
use radiograph::Radiograph;

/// A radiograph in 8 bits, its longer side at most `longer` pixels.
pub fn shrink(radiograph: &Radiograph, longer: u32) -> GrayImage {
    let (width, height) = (radiograph.width(), radiograph.height());
    let pixels = radiograph.pixels();
    let full = GrayImage::from_fn(width, height, |x, y| {
        let value = pixels[y as usize * width as usize + x as usize];
        Luma([(value.clamp(0.0, 1.0) * 255.0).round() as u8])
    });
    shrink_grey(full, longer)
}

/// A grey picture, its longer side at most `longer` pixels; never enlarged.
pub fn shrink_grey(picture: GrayImage, longer: u32) -> GrayImage {
    let (width, height) = picture.dimensions();
    let scale = f64::from(longer) / f64::from(width.max(height));
    if scale >= 1.0 {
        return picture;
    }
    let side = |pixels: u32| ((f64::from(pixels) * scale).round() as u32).max(1);
    imageops::thumbnail(&picture, side(width), side(height))
}

/// A picture as the bytes of a JPEG file.
///
/// # Errors
/// If it cannot be encoded.
pub fn jpeg(
    picture: &impl GenericImageView<Pixel: PixelWithColorType>,
    quality: u8,
) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(picture)
        .context("cannot write a JPEG")?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_keeps_the_shape_and_never_enlarges() {
        let wide = GrayImage::new(1000, 10);
        assert_eq!(shrink_grey(wide, 100).dimensions(), (100, 1));
        assert_eq!(shrink_grey(GrayImage::new(4000, 1), 100).dimensions(), (100, 1));
        assert_eq!(shrink_grey(GrayImage::new(7, 5), 100).dimensions(), (7, 5));
    }
}
