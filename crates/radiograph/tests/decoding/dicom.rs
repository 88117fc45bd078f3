//! DICOM files that must look alike.

use dicom_core::{DataElement, PrimitiveValue, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use radiograph::{Limits, decode};

/// A DICOM file of 4×3 pixels.
pub(crate) fn dicom(
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

pub(crate) const RAMP: [u16; 12] = [0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000, 1023];

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
