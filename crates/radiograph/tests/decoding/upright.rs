//! Pictures that an orientation turns upright.

use crate::{encoded, ramp16};
use image::{DynamicImage, ImageFormat};
use radiograph::{Limits, decode};

/// An EXIF block with this orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [1, 18, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [&b"MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0; 4]].concat()
}

#[test]
fn pictures_are_turned_upright() {
    let grey = DynamicImage::ImageLuma8(ramp16().into_luma8());
    let read = |bytes: &[u8]| decode(bytes, &Limits::default()).unwrap();
    let jpeg = |image: &DynamicImage| encoded(image, ImageFormat::Jpeg);
    for (orientation, [width, height]) in (1..=8).zip([[16, 9]; 4].into_iter().chain([[9, 16]; 4]))
    {
        let turned = |image: &DynamicImage| match orientation {
            2 => image.fliph(),
            3 => image.rotate180(),
            4 => image.flipv(),
            5 => image.rotate90().fliph(),
            6 => image.rotate90(),
            7 => image.rotate270().fliph(),
            8 => image.rotate270(),
            _ => image.clone(),
        };
        let block = exif(orientation);
        let body = [b"eXIf", &block[..]].concat();
        let length = (block.len() as u32).to_be_bytes();
        let chunk = [&length[..], &body, &crc32fast::hash(&body).to_be_bytes()].concat();
        let mut png = encoded(&grey, ImageFormat::Png);
        png.splice(33..33, chunk);
        let expected = read(&encoded(&turned(&grey), ImageFormat::Png));
        assert_eq!(read(&png), expected, "PNG {orientation}");
        assert_eq!((expected.width(), expected.height()), (width, height));
        let body = [b"Exif\0\0", &block[..]].concat();
        let segment = [&[0xFF, 0xE1, 0, 2 + body.len() as u8][..], &body].concat();
        let mut file = jpeg(&grey);
        let pixels: Vec<u8> =
            read(&file).pixels().iter().map(|grey| (grey * 255.0).round() as u8).collect();
        file.splice(2..2, segment);
        let stored = DynamicImage::from(image::GrayImage::from_raw(16, 9, pixels).unwrap());
        let expected = read(&encoded(&turned(&stored), ImageFormat::Png));
        assert_eq!(read(&file).pixels(), expected.pixels(), "JPEG {orientation}");
        assert_eq!((read(&file).width(), read(&file).height()), (width, height));
    }
}
