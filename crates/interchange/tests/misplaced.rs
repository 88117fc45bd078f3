//! Text in every attribute of the dictionary under every value representation: it stays nowhere but
//! in short texts (LO, SH) that Table E.1-1 does not have, under their own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{CR, Syntax, deidentifier, element, file, inflated, item, table};
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use interchange::deidentify::{Dates, Options};

const EVERY_VR: [VR; 34] = [
    VR::AE,
    VR::AS,
    VR::AT,
    VR::CS,
    VR::DA,
    VR::DS,
    VR::DT,
    VR::FL,
    VR::FD,
    VR::IS,
    VR::LO,
    VR::LT,
    VR::OB,
    VR::OD,
    VR::OF,
    VR::OL,
    VR::OV,
    VR::OW,
    VR::PN,
    VR::SH,
    VR::SL,
    VR::SQ,
    VR::SS,
    VR::ST,
    VR::SV,
    VR::TM,
    VR::UC,
    VR::UI,
    VR::UL,
    VR::UN,
    VR::UR,
    VR::US,
    VR::UT,
    VR::UV,
];
/// Begins what is planted; the attribute's number follows. Sixteen characters in the form of a code
/// string.
const MARKER: &[u8] = b"SECRET ";
/// Refuse the whole file if they hold text: Burned In Annotation, Overlay Bit Position.
const GATES: [Tag; 2] = [Tag(0x28, 0x301), Tag(0x6000, 0x102)];
/// Without them, or with others, there is no instance.
const INSTANCE: [Tag; 2] = [Tag(8, 0x16), Tag(8, 0x18)];

/// Every attribute of the dictionary that a data set may have, with its value representation.
fn dictionary() -> Vec<(Tag, VR)> {
    let low = (0x0004..=0x0100).step_by(2);
    let printing = (0x2000..=0x2200).step_by(0x10);
    let therapy = (0x3002..=0x3010).step_by(2);
    let others = [
        0x0400, 0x1000, 0x1010, 0x4000, 0x4008, 0x4010, 0x4FFE, 0x5000, 0x5200, 0x5400, 0x5600,
        0x6000, 0x7F00, 0x7FE0, 0xFFFA, 0xFFFC,
    ];
    let groups: BTreeSet<u16> = low.chain(printing).chain(therapy).chain(others).collect();
    let tags =
        groups.into_iter().flat_map(|group| (1..=0xFFFF).map(move |element| Tag(group, element)));
    let known =
        tags.filter_map(|tag| Some((tag, StandardDataDictionary.by_tag(tag)?.vr().relaxed())));
    known.filter(|(tag, _)| !GATES.contains(tag) && !INSTANCE.contains(tag)).collect()
}

fn planted(tag: Tag) -> Vec<u8> {
    let number = format!("{:04X}{:04X} ", tag.0, tag.1);
    [MARKER, number.as_bytes()].concat()
}

/// Every attribute under one value representation.
fn data_set(syntax: Syntax, dictionary: &[(Tag, VR)], vr: VR) -> Vec<u8> {
    let one = |&(tag, _): &(Tag, VR)| match vr {
        VR::SQ => {
            let name = element(syntax, Tag(0x10, 0x10), VR::PN, &planted(tag));
            let comments = element(syntax, Tag(0x10, 0x4000), VR::LT, &planted(tag));
            let tag_in_code = element(syntax, Tag(0x18, 0x15), VR::CS, &planted(tag));
            element(syntax, tag, vr, &item(syntax, true, &[name, comments, tag_in_code].concat()))
        }
        _ => element(syntax, tag, vr, &planted(tag)),
    };
    // A sequence that its sender did not know has items in it, or the file does not parse.
    dictionary.iter().filter(|(_, known)| vr != VR::UN || *known != VR::SQ).flat_map(one).collect()
}

/// The attributes whose planted text is among the bytes.
fn leaked(bytes: &[u8]) -> BTreeSet<Tag> {
    let found = bytes.windows(MARKER.len() + 8).filter(|window| window.starts_with(MARKER));
    let number = |window: &[u8]| {
        u32::from_str_radix(str::from_utf8(&window[MARKER.len()..]).unwrap(), 16).unwrap()
    };
    found.map(number).map(|number| Tag((number >> 16) as u16, number as u16)).collect()
}

fn cleaned(syntax: Syntax, options: Options, data_set: &[u8]) -> BTreeSet<Tag> {
    let done = deidentifier(options).file(&file(syntax, CR, "SECRET 00020016", data_set)).unwrap();
    let report = serde_json::to_string(&done.report).unwrap();
    assert!(!report.contains("SECRET"), "{report}");
    leaked(&inflated(syntax, &done.bytes))
}

/// The attributes that may have a short text as it is, by the table and under one value
/// representation.
fn may_stay(dictionary: &[(Tag, VR)], vr: VR) -> BTreeSet<Tag> {
    let listed: BTreeSet<Tag> = table().into_iter().map(|(tag, _)| tag).collect();
    // Marks are written anew, and overlays and curves go whole.
    let goes = |tag: Tag| {
        matches!(tag, Tag(0x12, 0x62..=0x64) | Tag(0x28, 0x303)) || matches!(tag.0, 0x5000 | 0x6000)
    };
    let fits = |known: VR| matches!(known, VR::LO | VR::SH) && (vr == known || vr == VR::UN);
    let unlisted = dictionary
        .iter()
        .filter(|(tag, known)| fits(*known) && !listed.contains(tag) && !goes(*tag));
    unlisted.map(|(tag, _)| *tag).collect()
}

#[test]
fn text_stays_in_short_texts_alone_and_under_their_own_value_representation() {
    let dictionary = dictionary();
    assert!(dictionary.len() > 5000, "{} attributes", dictionary.len());
    let unlisted = may_stay(&dictionary, VR::UN).len();
    assert!((200..400).contains(&unlisted), "{unlisted} short texts");
    for syntax in [Syntax::Explicit, Syntax::Big, Syntax::Deflated] {
        for vr in EVERY_VR {
            let all = data_set(syntax, &dictionary, vr);
            let expected = may_stay(&dictionary, vr);
            assert_eq!(cleaned(syntax, Options::default(), &all), expected, "{syntax:?} {vr:?}");
            for undefined in [false, true] {
                let region =
                    element(syntax, Tag(8, 0x2218), VR::SQ, &item(syntax, undefined, &all));
                let twice =
                    element(syntax, Tag(0x5200, 0x9229), VR::SQ, &item(syntax, undefined, &region));
                let found = cleaned(syntax, Options::default(), &twice);
                assert_eq!(found, expected, "in sequences, {syntax:?} {vr:?}");
            }
        }
    }
}

#[test]
fn without_value_representations_text_is_read_by_those_of_the_dictionary() {
    let dictionary = dictionary();
    let not_sequences: Vec<_> = dictionary.into_iter().filter(|(_, vr)| *vr != VR::SQ).collect();
    let all = data_set(Syntax::Implicit, &not_sequences, VR::UN);
    let expected = may_stay(&not_sequences, VR::UN);
    assert_eq!(cleaned(Syntax::Implicit, Options::default(), &all), expected);
    // A sequence that its sender did not know.
    let unknown =
        element(Syntax::Explicit, Tag(8, 0x2218), VR::UN, &item(Syntax::Implicit, false, &all));
    assert_eq!(cleaned(Syntax::Explicit, Options::default(), &unknown), expected);
}

#[test]
fn of_a_sequence_that_is_replaced_nothing_but_its_form_is_left() {
    let dictionary = dictionary();
    // Of the table's sequences that are replaced by a dummy (D).
    let replaced = table()
        .into_iter()
        .find(|(_, cells)| cells[1] == "D" && cells[12].ends_with("Sequence"))
        .unwrap()
        .0;
    for vr in EVERY_VR {
        let all = data_set(Syntax::Explicit, &dictionary, vr);
        let hollow =
            element(Syntax::Explicit, replaced, VR::SQ, &item(Syntax::Explicit, true, &all));
        let found = cleaned(Syntax::Explicit, Options::default(), &hollow);
        assert_eq!(found, BTreeSet::new(), "{vr:?}");
    }
}

#[test]
fn options_keep_texts_of_their_attributes_and_nothing_of_another_form() {
    let dictionary = dictionary();
    let every = Options {
        dates: Dates::Kept,
        keep_device: true,
        keep_institution: true,
        keep_patient: true,
        keep_uids: true,
        ..Options::default()
    };
    let texts = [VR::AE, VR::LO, VR::SH, VR::LT, VR::ST, VR::UT, VR::UC, VR::PN];
    let own: BTreeSet<_> =
        dictionary.iter().filter(|(_, vr)| texts.contains(vr)).copied().collect();
    for vr in EVERY_VR {
        let found = cleaned(Syntax::Explicit, every, &data_set(Syntax::Explicit, &dictionary, vr));
        for tag in found {
            assert!(
                own.iter().any(|&(known, its)| known == tag && (its == vr || vr == VR::UN)),
                "{tag} {vr:?}"
            );
        }
    }
}

#[test]
fn text_beside_the_data_set_and_in_the_gates_stays_nowhere() {
    let secret = b"SECRET 00280301 ";
    for vr in EVERY_VR {
        for gate in GATES {
            let data_set = element(Syntax::Explicit, gate, vr, secret);
            let file = file(Syntax::Explicit, CR, "", &data_set);
            let overlay_or_annotation = deidentifier(Options::default()).file(&file);
            assert!(overlay_or_annotation.is_err(), "{gate} {vr:?}");
            let allowed = Options { allow_burned_in: true, ..Options::default() };
            assert_eq!(
                leaked(&deidentifier(allowed).file(&file).unwrap().bytes),
                BTreeSet::new(),
                "{gate} {vr:?}"
            );
        }
        for instance in INSTANCE {
            let data_set = element(Syntax::Explicit, instance, vr, secret);
            for options in [Options::default(), Options { keep_uids: true, ..Options::default() }] {
                let done = deidentifier(options).file(&file(Syntax::Explicit, CR, "", &data_set));
                let bytes = done.map(|done| done.bytes).unwrap_or_default();
                assert_eq!(leaked(&bytes), BTreeSet::new(), "{instance} {vr:?}");
            }
        }
    }
}
