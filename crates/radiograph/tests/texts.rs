//! The texts of a DICOM file, in every form of data set.
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

/// A phantom with a name in these sets, in explicit VR little endian.
fn named(sets: &[u8], name: &[u8]) -> Vec<u8> {
    let element = |[group, element]: [u8; 2], vr: &[u8; 2], value: &[u8]| {
        let padded = [value, &b" "[..value.len() % 2]].concat();
        let length = (padded.len() as u16).to_le_bytes();
        [&[group, 0, element, 0][..], vr, &length, &padded].concat()
    };
    let mut bytes = phantom("u8.native.dcm");
    let theirs = element([0x10, 0x10], b"PN", b"Phantom");
    let at = bytes.windows(theirs.len()).position(|part| part == theirs).unwrap();
    bytes.splice(at..at + theirs.len(), element([0x10, 0x10], b"PN", name));
    let class = [8, 0, 0x16, 0, b'U', b'I'];
    let at = bytes.windows(class.len()).position(|part| part == class).unwrap();
    bytes.splice(at..at, element([8, 5], b"CS", sets));
    bytes
}

#[test]
fn names_are_read_by_their_components_and_what_is_damaged_shows() {
    let name = |sets: &[u8], name: &[u8]| {
        let found = texts(&named(sets, name), &Limits::default(), &[tags::PATIENT_NAME]).unwrap();
        found[&tags::PATIENT_NAME].clone()
    };
    let korean = b"ISO 2022 IR 100\\ISO 2022 IR 149";
    assert_eq!(name(korean, b"\xE7^\x1B$)C\xA4\xCA^\xE7"), "ç^ㅚ^ç");
    let japanese = b"ISO_IR 13\\ISO 2022 IR 87";
    let name_of_both = b"\x1B(JTEST \x1B$B%k\x1B(J+\x1B$B%+\x1B(J";
    assert_eq!(name(japanese, name_of_both), "TEST ル+カ");
    assert_eq!(name(b"ISO_IR 192", b"M\xFCller"), "M\u{FFFD}ller");
    assert_eq!(name(b"ISO_IR 100", b"A\0B"), "A\0B", "kept, so that it is refused");
    assert_eq!(name(b"ISO_IR 100", &[b'x'; 1100]), "\u{FFFD}", "not left out");
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
