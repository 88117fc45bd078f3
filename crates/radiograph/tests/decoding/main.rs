//! Decoding: every format, the DICOM pairs that must look alike, and bytes meant to break it.
#![expect(clippy::unwrap_used, reason = "tests")]

mod damage;
mod dicom;
mod formats;
mod shared;
mod upright;

use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};
use std::io::Cursor;

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn ramp16() -> DynamicImage {
    DynamicImage::ImageLuma16(ImageBuffer::from_fn(16, 9, |x, y| Luma([(x * 4000 + y * 7) as u16])))
}
