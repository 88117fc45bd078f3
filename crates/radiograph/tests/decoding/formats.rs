//! PNG, JPEG and TIFF.

use crate::{encoded, ramp16};
use image::{DynamicImage, ImageBuffer, ImageFormat, LumaA, Rgb, Rgba};
use radiograph::{ContentHash, Error, Format, Limits, decode};
use std::path::Path;

#[test]
fn png_and_tiff_keep_sixteen_bits_and_jpeg_is_near() {
    let expected = |x: u32, y: u32| (x * 4000 + y * 7) as f32 / 65535.0;
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let picture = decode(&encoded(&ramp16(), format), &Limits::default()).unwrap();
        assert_eq!((picture.width(), picture.height(), picture.header().bits_stored), (16, 9, 16));
        assert!((picture.pixels()[16 * 2 + 3] - expected(3, 2)).abs() < 1e-6);
    }
    let eight = DynamicImage::ImageLuma8(ramp16().into_luma8());
    let png = decode(&encoded(&eight, ImageFormat::Png), &Limits::default()).unwrap();
    assert!(
        (png.pixels()[5] - eight.as_luma8().unwrap().get_pixel(5, 0).0[0] as f32 / 255.0).abs()
            < 1e-6
    );
    let jpeg = decode(&encoded(&eight, ImageFormat::Jpeg), &Limits::default()).unwrap();
    assert!(jpeg.pixels().iter().zip(png.pixels()).all(|(a, b)| (a - b).abs() < 0.08));
}

#[test]
fn colours_turn_grey_by_luminance() {
    let red = [
        DynamicImage::ImageRgb8(ImageBuffer::from_pixel(2, 2, Rgb([255, 0, 0]))),
        DynamicImage::ImageRgb16(ImageBuffer::from_pixel(2, 2, Rgb([65535, 0, 0]))),
        DynamicImage::ImageRgba8(ImageBuffer::from_pixel(2, 2, Rgba([255, 0, 0, 7]))),
        DynamicImage::ImageRgba16(ImageBuffer::from_pixel(2, 2, Rgba([65535, 0, 0, 7]))),
        DynamicImage::ImageRgb32F(ImageBuffer::from_pixel(
            2,
            2,
            Rgb([1.0, 0.0, f32::NAN.min(0.0)]),
        )),
    ];
    for (image, format) in
        red.iter().zip([ImageFormat::Png; 4].into_iter().chain([ImageFormat::Tiff]))
    {
        let picture = decode(&encoded(image, format), &Limits::default()).unwrap();
        assert!(picture.pixels().iter().all(|p| (p - 0.299).abs() < 1e-6), "{:?}", image.color());
    }
    let transparent = DynamicImage::ImageLumaA8(ImageBuffer::from_pixel(2, 2, LumaA([51, 0])));
    let picture = decode(&encoded(&transparent, ImageFormat::Png), &Limits::default()).unwrap();
    assert!(picture.pixels().iter().all(|p| (p - 0.2).abs() < 1e-6), "alpha counts for nothing");
}

/// A TIFF of one row of bytes, with the photometric interpretation 0 (white is zero) or 1 (black is
/// zero).
fn tiff(photometric: u32, row: &[u8]) -> Vec<u8> {
    let (count, strip) = (row.len() as u32, 8 + 2 + 8 * 12 + 4);
    let entries: [(u16, u32); 8] = [
        (256, count),
        (257, 1),
        (258, 8),
        (259, 1),
        (262, photometric),
        (273, strip),
        (278, 1),
        (279, count),
    ];
    let mut bytes = [&b"II*\0"[..], &8u32.to_le_bytes(), &8u16.to_le_bytes()].concat();
    for (tag, value) in entries {
        bytes.extend([&tag.to_le_bytes()[..], &[4, 0, 1, 0, 0, 0], &value.to_le_bytes()].concat());
    }
    [&bytes[..], &[0; 4], row].concat()
}

#[test]
fn tiffs_where_white_is_zero_are_turned_round() {
    let black_is_zero = decode(&tiff(1, &[0, 51, 255]), &Limits::default()).unwrap();
    assert_eq!(black_is_zero.pixels(), [0.0, 0.2, 1.0]);
    assert_eq!(
        decode(&tiff(0, &[255, 204, 0]), &Limits::default()).unwrap().pixels(),
        [0.0, 0.2, 1.0]
    );
}

#[test]
fn bytes_tell_the_format_and_names_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("named.dcm");
    std::fs::write(&path, encoded(&ramp16(), ImageFormat::Png)).unwrap();
    let (picture, hash) = radiograph::read(&path, &Limits::default()).unwrap();
    assert_eq!((picture.header().format, hash.to_string().len()), (Some(Format::Png), 64));
    assert_eq!(hash, ContentHash::of(&std::fs::read(&path).unwrap()));
    // FIPS 180-2, appendix B.1.
    assert!(ContentHash::of(b"abc").to_string().starts_with("ba7816bf8f01cfea"));
    let large = Limits { max_bytes: 20, ..Limits::default() };
    let refused = radiograph::read(&path, &large).unwrap_err().to_string();
    assert!(refused.contains("named.dcm") && refused.contains("at most 20"), "{refused}");
    assert!(matches!(
        radiograph::read(folder.path(), &large),
        Err(Error::File { .. } | Error::InFile { .. })
    ));
    assert!(
        radiograph::read(
            &path,
            &Limits { max_bytes: u64::MAX, max_pixels: u64::MAX, ..Limits::default() }
        )
        .is_ok()
    );
}

#[test]
fn a_jpeg_file_whose_colours_are_named_r_g_b_is_read_as_that() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom");
    let dicom = std::fs::read(folder.join("rgb.jpeg50-letters.dcm")).unwrap();
    let start = dicom.windows(3).rposition(|bytes| bytes == [0xFF, 0xD8, 0xFF]).unwrap();
    let end = dicom.windows(2).rposition(|bytes| bytes == [0xFF, 0xD9]).unwrap() + 2;
    let [whole, alone] =
        [&dicom[..], &dicom[start..end]].map(|bytes| decode(bytes, &Limits::default()).unwrap());
    let largest = whole.pixels().iter().zip(alone.pixels()).map(|(a, b)| (a - b).abs());
    assert!(largest.fold(0.0, f32::max) < 0.01, "another picture");
}
