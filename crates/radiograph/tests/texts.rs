//! What a DICOM file says in words, in every form of data set.
#![expect(clippy::unwrap_used, reason = "tests")]

use dicom_dictionary_std::tags;
use radiograph::{Limits, texts};
use std::fs;
use std::path::Path;

fn phantom(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/dicom").join(name)).unwrap()
}

#[test]
fn texts_are_read_in_every_form_of_data_set() {
    let wanted = [
        tags::PATIENT_NAME,
        tags::STUDY_INSTANCE_UID,
        tags::SOP_CLASS_UID,
        tags::STUDY_ID,
        tags::PIXEL_DATA,
    ];
    for name in ["u8.native.dcm", "frames.deflated.dcm", "frames.j2k.dcm", "rgb.big.dcm"] {
        let found = texts(&phantom(name), &Limits::default(), &wanted).unwrap();
        assert_eq!(found[&tags::PATIENT_NAME], "Phantom", "{name}");
        assert_eq!(found[&tags::STUDY_INSTANCE_UID], "1.2.826.0.1.3680043.10.1");
        assert!(found[&tags::SOP_CLASS_UID].starts_with("1.2.840.10008.5.1.4.1.1."));
        assert_eq!(found.len(), 3);
    }
}

#[test]
fn of_lookup_tables_it_is_said_that_they_are_there() {
    let wanted = [tags::VOILUT_SEQUENCE, tags::MODALITY_LUT_SEQUENCE];
    let found = texts(&phantom("grey-voi-lut.dcm"), &Limits::default(), &wanted).unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(tags::VOILUT_SEQUENCE, String::new())]);
}

#[test]
fn what_is_cut_short_is_an_error() {
    let whole = phantom("u8.native.dcm");
    for length in 0..600 {
        let _never_panics = texts(&whole[..length], &Limits::default(), &[tags::PATIENT_NAME]);
    }
    let error = texts(b"\x89PNG\r\n\x1a\n", &Limits::default(), &[]).unwrap_err();
    assert!(error.to_string().contains("DICM"), "{error}");
}
