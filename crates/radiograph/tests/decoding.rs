//! Decoding: every format, the DICOM pairs that must look alike, and bytes meant to break it.
#![expect(clippy::unwrap_used, reason = "tests")]

use dicom_core::{DataElement, PrimitiveValue, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma, LumaA, Rgb, Rgba};
use proptest::prelude::*;
use radiograph::{ContentHash, Error, Format, Limits, Preprocess, decode};
use std::io::Cursor;
use std::path::{Path, PathBuf};

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn ramp16() -> DynamicImage {
    DynamicImage::ImageLuma16(ImageBuffer::from_fn(16, 9, |x, y| Luma([(x * 4000 + y * 7) as u16])))
}

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

/// A DICOM file of 4×3 pixels.
fn dicom(
    syntax: &str,
    photometric: &str,
    stored: u16,
    signed: u16,
    pixels: &[u16],
    extra: &[(dicom_core::Tag, &str)],
) -> Vec<u8> {
    let mut object = InMemDicomObject::new_empty();
    let mut put = |tag, vr, value: PrimitiveValue| object.put(DataElement::new(tag, vr, value));
    put(tags::SOP_CLASS_UID, VR::UI, uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE.into());
    put(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4".into());
    put(tags::PATIENT_ID, VR::LO, "SECRET".into());
    put(tags::MODALITY, VR::CS, "CR".into());
    put(tags::SAMPLES_PER_PIXEL, VR::US, dicom_value!(U16, [1]));
    put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric.into());
    put(tags::ROWS, VR::US, dicom_value!(U16, [3]));
    put(tags::COLUMNS, VR::US, dicom_value!(U16, [4]));
    put(tags::BITS_ALLOCATED, VR::US, dicom_value!(U16, [16]));
    put(tags::BITS_STORED, VR::US, dicom_value!(U16, [stored]));
    put(tags::HIGH_BIT, VR::US, dicom_value!(U16, [stored - 1]));
    put(tags::PIXEL_REPRESENTATION, VR::US, dicom_value!(U16, [signed]));
    for (tag, value) in extra {
        put(*tag, VR::DS, (*value).into());
    }
    put(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into()));
    let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}

const RAMP: [u16; 12] = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1023];

#[test]
fn both_little_endian_syntaxes_give_the_same_picture_and_monochrome1_its_inverse() {
    let limits = Limits::default();
    let plain =
        decode(&dicom(uids::EXPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME2", 10, 0, &RAMP, &[]), &limits)
            .unwrap();
    assert_eq!((plain.width(), plain.height()), (4, 3));
    assert!((plain.pixels()[5] - 500.0 / 1023.0).abs() < 1e-6);
    let implicit =
        decode(&dicom(uids::IMPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME2", 10, 0, &RAMP, &[]), &limits)
            .unwrap();
    assert_eq!(implicit.pixels(), plain.pixels());
    let inverse =
        decode(&dicom(uids::EXPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME1", 10, 0, &RAMP, &[]), &limits)
            .unwrap();
    assert!(inverse.pixels().iter().zip(plain.pixels()).all(|(i, p)| (i + p - 1.0).abs() < 1e-6));
    assert!(inverse.header().inverted && !plain.header().inverted);
    assert_eq!(plain.header().sop_instance_uid.as_deref(), Some("1.2.3.4"));
    assert!(!format!("{:?}", plain.header()).contains("SECRET"));
}

#[test]
fn signed_pixels_with_rescale_and_a_window() {
    let signed: Vec<u16> = RAMP.iter().map(|&v| (v as i16 - 512) as u16 & 0x0FFF).collect();
    let extra = [
        (tags::RESCALE_INTERCEPT, "512"),
        (tags::RESCALE_SLOPE, "1"),
        (tags::WINDOW_CENTER, "512"),
        (tags::WINDOW_WIDTH, "401"),
    ];
    let bytes = dicom(uids::EXPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME2", 12, 1, &signed, &extra);
    let picture = decode(&bytes, &Limits::default()).unwrap();
    // Modality values are the ramp; the window shows 311.5 to 711.5.
    let expected = |v: f32| ((v - 311.5) / 400.0).clamp(0.0, 1.0);
    assert!(picture.pixels().iter().zip(RAMP).all(|(p, v)| (p - expected(v as f32)).abs() < 1e-5));
}

#[test]
fn limits_come_before_allocation() {
    let tight = Limits { max_pixels: 100, ..Limits::default() };
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let refused = decode(&encoded(&ramp16(), format), &tight);
        assert!(matches!(
            refused,
            Err(Error::TooManyPixels { width: 16, height: 9, limit: 100, .. })
        ));
    }
    let few = Limits { max_bytes: 10, ..Limits::default() };
    assert!(matches!(decode(&[0; 11], &few), Err(Error::TooManyBytes { got: 11, limit: 10 })));
    let narrow = Limits { max_pixels: 11, ..Limits::default() };
    let bytes = dicom(uids::EXPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME2", 10, 0, &RAMP, &[]);
    assert!(matches!(
        decode(&bytes, &narrow),
        Err(Error::TooManyPixels { width: 4, height: 3, limit: 11, .. })
    ));
}

/// Small files of every format.
fn small_files() -> Vec<Vec<u8>> {
    let eight = DynamicImage::ImageLuma8(ramp16().into_luma8());
    let colours = DynamicImage::ImageRgb8(eight.to_rgb8());
    vec![
        dicom(uids::EXPLICIT_VR_LITTLE_ENDIAN, "MONOCHROME1", 10, 0, &RAMP, &[]),
        dicom(
            uids::IMPLICIT_VR_LITTLE_ENDIAN,
            "MONOCHROME2",
            12,
            1,
            &RAMP,
            &[(tags::RESCALE_SLOPE, "2")],
        ),
        encoded(&ramp16(), ImageFormat::Png),
        encoded(&eight, ImageFormat::Png),
        encoded(&ramp16(), ImageFormat::Tiff),
        encoded(&colours, ImageFormat::Tiff),
        encoded(&eight, ImageFormat::Jpeg),
        encoded(&colours, ImageFormat::Jpeg),
    ]
}

#[test]
fn a_truncated_file_is_an_error_or_the_whole_picture_but_never_a_part_of_it() {
    let limits = Limits::default();
    for bytes in small_files() {
        let whole = decode(&bytes, &limits).unwrap();
        for length in 0..bytes.len() {
            if let Ok(picture) = decode(&bytes[..length], &limits) {
                assert_eq!(picture, whole, "{} of {} bytes", length, bytes.len());
            }
        }
        assert!(decode(&bytes[..bytes.len() / 2], &limits).is_err());
    }
    assert!(matches!(decode(&[], &limits), Err(Error::Empty)));
    assert!(
        decode(b"plain text, no picture", &limits).unwrap_err().to_string().contains("70 6c 61 69")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn flipped_bytes_never_panic(changes in prop::collection::vec((0usize..4000, any::<u8>()), 1..20), kind in 0usize..8) {
        let mut bytes = small_files().swap_remove(kind);
        for (at, value) in changes {
            let at = at % bytes.len();
            bytes[at] = value;
        }
        if let Err(error) = decode(&bytes, &Limits { max_bytes: 1 << 20, max_pixels: 1 << 20, ..Limits::default() }) {
            prop_assert!(!matches!(error, Error::Panicked));
            prop_assert!(!error.to_string().contains("SECRET"));
        }
    }
}

/// The data that lies beside a checkout of the project, where it does.
fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/dicom");
    folder.is_dir().then_some(folder)
}

#[test]
fn broken_files_are_refused_and_good_ones_read() {
    let Some(folder) = shared() else { return };
    let limits = Limits::default();
    // Said to be JPEG, this is JPEG 2000 all the same.
    let other = "wrong_transfer_syntax.dcm";
    let (picture, _) = radiograph::read(&folder.join("broken").join(other), &limits).unwrap();
    assert_eq!(picture.header().warnings[0].subject, "TransferSyntaxUID");
    for entry in std::fs::read_dir(folder.join("broken")).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(other) {
            continue;
        }
        let error =
            radiograph::read(&path, &limits).expect_err(&path.to_string_lossy()).to_string();
        assert!(error.contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
    }
    let read = |name: &str| radiograph::read(&folder.join(name), &limits).unwrap().0;
    // Grey at (9, 7), (100, 220), (400, 300) and on average, by pydicom 3.0's modality table and
    // windowing.
    let references = [
        ("cr_mono1_10bit_chest_explicit_le.dcm", [0.311828, 0.387097, 0.535679], 0.546570),
        ("cr_mono1_10bit_implicit_le.dcm", [0.311828, 0.387097, 0.535679], 0.546570),
        ("cr_mono2_10bit.dcm", [0.237537, 0.312805, 0.461388], 0.472280),
        ("cr_mono1_16bit.dcm", [0.275380, 0.350576, 0.499016], 0.509898),
        ("cr_mono1_12bit_signed_rescale.dcm", [0.275214, 0.350427, 0.498901], 0.509785),
    ];
    // Their windows differ, so their greys do; what the network sees may only where a window cuts
    // something off.
    let original = Preprocess::default().apply(&read("cr_mono1_10bit_chest_explicit_le.dcm"));
    for (name, points, mean) in references {
        let picture = read(name);
        for (&(x, y), expected) in [(9, 7), (100, 220), (400, 300)].iter().zip(points) {
            let got = picture.pixels()[y * 440 + x];
            assert!(
                (got - expected).abs() < 2e-5,
                "{name} at {x}, {y}: {got}, expected {expected}"
            );
        }
        let got = picture.pixels().iter().map(|&p| f64::from(p)).sum::<f64>() / (440.0 * 440.0);
        assert!((got - mean).abs() < 2e-5, "{name}: mean {got}, expected {mean}");
        let seen = Preprocess::default().apply(&picture);
        let worst = seen
            .pixels
            .iter()
            .zip(&original.pixels)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst < 0.02, "{name} looks different by {worst}");
    }
    let (low_black, low_white) =
        (read("cxr_nih_jpeg_baseline_mono2.dcm"), read("cxr_nih_jpeg_baseline_mono1.dcm"));
    assert!(
        low_black.pixels().iter().zip(low_white.pixels()).all(|(a, b)| (a + b - 1.0).abs() < 1e-5)
    );
    // The same picture in every lossless syntax, and nearly so in the others.
    let lossless =
        ["rg3_extremity_rle.dcm", "rg3_extremity_jpeg_lossless.dcm", "rg3_extremity_jpegls.dcm"];
    let lossy = [
        "rg3_extremity_j2k_lossy.dcm",
        "rg3_extremity_jpegls_near.dcm",
        "rg3_extremity_jpeg_ext12.dcm",
    ];
    let original = read("rg3_extremity_j2k_lossless.dcm");
    for name in lossless {
        assert!(read(name).pixels() == original.pixels(), "{name}");
    }
    for name in lossy {
        let squares = read(name)
            .pixels()
            .iter()
            .zip(original.pixels())
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>();
        let error = (squares / original.pixels().len() as f32).sqrt();
        assert!(error < 0.02, "{name} is {error} off");
    }
    assert_eq!(
        (read("rg1_chest_j2k_lossy_15bit.dcm").width(), original.header().bits_stored),
        (1841, 10)
    );
}

/// An EXIF block with this orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let entry = [1, 18, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0];
    [&b"MM\0*\0\0\0\x08\0\x01"[..], &entry, &[0; 4]].concat()
}

/// The checksum of a PNG's chunk (PNG, annex D).
fn checksum(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), |crc, _| step(crc)))
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
        let chunk = [&length[..], &body, &checksum(&body).to_be_bytes()].concat();
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
