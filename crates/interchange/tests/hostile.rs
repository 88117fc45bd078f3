//! Bytes that mean harm, and files that are only unusual.
mod common;

use std::fs;

use common::{CR, Syntax, deidentifier, element, file, files, holds, item};
use dicom_core::{Tag, VR};
use interchange::deidentify::Options;
use interchange::{Doubt, Error};
use proptest::prelude::*;

const SYNTAX: Syntax = Syntax::Explicit;

fn name() -> Vec<u8> {
    element(SYNTAX, Tag(0x10, 0x10), VR::PN, b"SECRET^NAME")
}

fn nested(depth: usize) -> Vec<u8> {
    // Built from the outside, as an attacker would: building it from the inside would copy it as
    // often as it is deep.
    let open =
        [&[0x08, 0, 0x18, 0x22][..], b"SQ\0\0", &[0xFF; 4], &[0xFE, 0xFF, 0, 0xE0], &[0xFF; 4]]
            .concat();
    let close =
        [&[0xFE, 0xFF, 0x0D, 0xE0][..], &[0; 4], &[0xFE, 0xFF, 0xDD, 0xE0], &[0; 4]].concat();
    [open.repeat(depth), name(), close.repeat(depth)].concat()
}

#[test]
fn nesting_is_limited_and_never_exhausts_the_stack() {
    let of = |depth| {
        deidentifier(Options::default())
            .file(&file(SYNTAX, CR, "", &nested(depth)))
            .map(|done| done.bytes)
    };
    let out = of(60).unwrap();
    assert!(!holds(&out, b"SECRET"));
    assert_eq!(
        out.windows(8).filter(|bytes| bytes.starts_with(&[0x08, 0, 0x18, 0x22])).count(),
        60
    );
    for depth in [65, 100_000] {
        let error = of(depth).unwrap_err();
        assert!(
            matches!(error, Error::Parse { problem: "lies in more than 64 sequences", .. }),
            "{error}"
        );
    }
}

#[test]
fn lengths_are_compared_with_what_is_there() {
    let data_sets: [&[u8]; 7] = [
        &[8, 0, 5],
        &[0x10, 0, 0x10, 0, b'P', b'N', 0xFE, 0xFF, b'S'],
        &[8, 0, 0x18, 0x22, b'S', b'Q', 0, 0, 0xFE, 0xFF, 0xFF, 0xFF],
        &[
            8, 0, 0x18, 0x22, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE, 0xFF, 0, 0xE0, 0xF0,
            0xFF, 0xFF, 0xFF,
        ],
        &[8, 0, 0x18, 0x22, b'S', b'Q', 0, 0, 8, 0, 0, 0, 8, 0, 5, 0, b'C', b'S', 0, 0],
        &[0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0],
        &[0xE0, 0x7F, 0x10, 0, b'O', b'W', 0, 0, 0xFE, 0xFF, 0xFF, 0xFF, 1, 2],
    ];
    for data_set in data_sets {
        let error =
            deidentifier(Options::default()).file(&file(SYNTAX, CR, "", data_set)).err().unwrap();
        assert!(matches!(error, Error::Parse { .. }), "{data_set:?}: {error}");
    }
}

#[test]
fn a_bomb_of_deflated_zeros_stops_at_the_limit() {
    let bytes = file(Syntax::Deflated, CR, "", &vec![0; 64 << 20]);
    assert!(bytes.len() < 1 << 20);
    let options = Options { max_bytes: 8 << 20, ..Options::default() };
    assert!(matches!(deidentifier(options).file(&bytes), Err(Error::TooManyBytes { .. })));
    assert!(matches!(
        deidentifier(options).file(&vec![0; 9 << 20]),
        Err(Error::TooManyBytes { .. })
    ));
}

#[test]
fn names_hide_nowhere() {
    let secret = b"SECRET^NAME";
    let sequence =
        item(Syntax::Implicit, false, &element(Syntax::Implicit, Tag(0x10, 0x10), VR::PN, secret));
    let hidden: Vec<(&str, Vec<u8>)> = vec![
        // A sequence that a sender did not know (PS3.5 6.2.2).
        ("UN", element(SYNTAX, Tag(8, 0x2218), VR::UN, &sequence)),
        // A sequence that is none, and something else that is.
        ("OB for SQ", element(SYNTAX, Tag(8, 0x2218), VR::OB, secret)),
        ("SQ for LO", element(SYNTAX, Tag(8, 0x70), VR::SQ, &item(SYNTAX, false, &name()))),
        // What no dictionary has.
        ("unknown", element(SYNTAX, Tag(8, 0x7770), VR::LO, secret)),
        ("command", element(SYNTAX, Tag(0, 0x1000), VR::UI, secret)),
        ("group length", element(SYNTAX, Tag(8, 0), VR::UL, secret)),
        ("meta in the data set", element(SYNTAX, Tag(2, 0x16), VR::AE, secret)),
        // The table does not have these.
        ("link", element(SYNTAX, Tag(8, 0x1190), VR::UR, b"http://pacs/SECRET")),
        ("evaluator", element(SYNTAX, Tag(0x14, 0x2006), VR::PN, secret)),
        ("calibration", element(SYNTAX, Tag(0x14, 0x3099), VR::LT, secret)),
        ("source instance", element(SYNTAX, Tag(0x20, 0x242), VR::UI, secret)),
        ("long code", element(SYNTAX, Tag(0x18, 0x15), VR::CS, b"SECRET NAME OF A PATIENT")),
        ("no number", element(SYNTAX, Tag(0x18, 0x60), VR::DS, b"SECRET")),
        ("an earlier method", element(SYNTAX, Tag(0x12, 0x63), VR::LO, secret)),
        // After the picture.
        (
            "after",
            [
                element(SYNTAX, Tag(0x7FE0, 0x10), VR::OW, &[0; 4]),
                element(SYNTAX, Tag(0xFFFC, 0xFFFC), VR::OB, secret),
            ]
            .concat(),
        ),
        (
            "no elements after",
            [element(SYNTAX, Tag(0x7FE0, 0x10), VR::OW, &[0; 4]), b"SECRET NAME".to_vec()].concat(),
        ),
    ];
    for (what, data_set) in hidden {
        let done =
            deidentifier(Options::default()).file(&file(SYNTAX, CR, "SECRET", &data_set)).unwrap();
        assert!(!holds(&done.bytes, b"SECRET"), "{what}");
    }
}

#[test]
fn pictures_that_may_name_the_patient_are_refused_unless_allowed() {
    let annotated = element(SYNTAX, Tag(0x28, 0x301), VR::CS, b"YES");
    let overlay = element(SYNTAX, Tag(0x6000, 0x102), VR::US, &[12, 0]);
    let data = element(SYNTAX, Tag(0x6000, 0x102), VR::US, &[0, 0]);
    let refused = |data_set: &[u8]| match deidentifier(Options::default())
        .file(&file(SYNTAX, CR, "", data_set))
    {
        Err(Error::BurnedIn(doubt)) => Some(doubt),
        other => other.map(|_| None).unwrap(),
    };
    assert_eq!(refused(&annotated), Some(Doubt::Annotation));
    assert_eq!(refused(&overlay), Some(Doubt::OverlayInPixels));
    assert_eq!(refused(&data), None);
    let allowed = Options { allow_burned_in: true, ..Options::default() };
    deidentifier(allowed).file(&file(SYNTAX, CR, "", &annotated)).unwrap();
    let directory = file(SYNTAX, "1.2.840.10008.1.3.10", "", &name());
    assert!(matches!(deidentifier(allowed).file(&directory), Err(Error::Directory)));
}

#[test]
fn files_cut_short_or_changed_are_refused_or_clean() {
    let small = files().into_iter().find(|file| file.ends_with("u12.jpeg70.dcm")).unwrap();
    let whole = fs::read(small).unwrap();
    let deidentifier = deidentifier(Options::default());
    for length in (0..whole.len().min(3000)).step_by(7) {
        let _refused_or_cut = deidentifier.file(&whole[..length]);
    }
    for at in 128..whole.len().min(2000) {
        for value in [0, 0xFF, whole[at].wrapping_add(1)] {
            let mut changed = whole.clone();
            changed[at] = value;
            let _any = deidentifier.file(&changed);
        }
    }
}

/// The decoder reads such files, too.
#[test]
fn blank_value_representations_are_those_of_the_dictionary() {
    for blank in [b"  ", b"\0\0", b"??", b"xx"] {
        let elements = [
            element(SYNTAX, Tag(8, 0x60), VR::CS, b"DX"),
            name(),
            element(SYNTAX, Tag(0x10, 0x4000), VR::LT, b"SECRET"),
            element(SYNTAX, Tag(0x28, 0x10), VR::US, &[1, 0]),
        ];
        for at in 0..elements.len() {
            let mut data_set = elements.clone();
            data_set[at][4..6].copy_from_slice(blank);
            let file = file(SYNTAX, CR, "", &data_set.concat());
            let done = deidentifier(Options::default()).file(&file).unwrap();
            assert!(!holds(&done.bytes, b"SECRET"), "{blank:?} at {at}");
            assert!(holds(&done.bytes, &elements[0]) && holds(&done.bytes, &elements[3]));
        }
    }
}

#[test]
fn a_data_set_of_another_form_than_its_transfer_syntax_is_read_as_it_is() {
    let forms = [Syntax::Explicit, Syntax::Implicit, Syntax::Big];
    for (claimed, found) in forms.iter().flat_map(|&one| forms.map(|other| (one, other))) {
        let modality = element(found, Tag(8, 0x60), VR::CS, b"DX");
        let name = element(found, Tag(0x10, 0x10), VR::PN, b"SECRET^NAME");
        let file = file(claimed, CR, "", &[modality.clone(), name].concat());
        let done = deidentifier(Options::default()).file(&file).unwrap();
        assert!(!holds(&done.bytes, b"SECRET"), "{found:?} as {claimed:?}");
        assert!(holds(&done.bytes, &modality), "{found:?} as {claimed:?}");
    }
}

/// One patient, whose files come from senders with other character sets.
#[test]
fn a_patient_has_one_pseudonym_in_every_character_set() {
    let pseudonym = |sets: &[u8], id: &[u8]| {
        let set = element(SYNTAX, Tag(8, 5), VR::CS, sets);
        let id = element(SYNTAX, Tag(0x10, 0x20), VR::LO, id);
        let file = file(SYNTAX, CR, "", &[set, id].concat());
        let out = deidentifier(Options::default()).file(&file).unwrap().bytes;
        let at = out.windows(6).position(|six| six == b"\x10\0\x20\0LO").unwrap();
        out[at + 8..at + 8 + usize::from(out[at + 6])].to_vec()
    };
    let unicode = pseudonym(b"ISO_IR 192", "山田 1".as_bytes());
    assert_eq!(unicode.len(), 20);
    assert_eq!(pseudonym(b"\\ISO 2022 IR 87", b"\x1B$B;3ED\x1B(B 1"), unicode);
    assert_eq!(pseudonym(b"ISO 2022 IR 6\\ISO 2022 IR 87", b"\x1B$B;3ED\x1B(B 1"), unicode);
    assert_ne!(pseudonym(b"\\ISO 2022 IR 87", b"\x1B$B;3EE\x1B(B 1"), unicode);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600), form in 0..4_usize) {
        let syntax = Syntax::ALL[form];
        let deidentifier = deidentifier(Options::default());
        let _any = deidentifier.file(&file(syntax, CR, "", &bytes));
        let data_set = [nested(3), bytes].concat();
        if let Ok(done) = deidentifier.file(&file(syntax, CR, "", &data_set)) {
            prop_assert!(!holds(&done.bytes, b"SECRET^NAME"));
        }
    }
}
