//! Limits, and damaged files.

use crate::dicom::{RAMP, dicom};
use crate::{encoded, ramp16};
use dicom_dictionary_std::{tags, uids};
use image::{DynamicImage, ImageFormat};
use proptest::prelude::*;
use radiograph::{Error, Limits, decode};

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
