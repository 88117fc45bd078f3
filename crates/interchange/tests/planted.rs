//! Something is planted in every attribute of Table E.1-1, and nothing of it comes out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{CR, DX, Syntax, deidentifier, element, file, holds, inflated, item, table, vr};
use dicom_core::{Tag, VR};
use interchange::deidentify::{Action, Dates, Options};

const PIXELS: &[u8] = b"\x01\x02\x03\x04PIXELS THAT STAY";
/// Everything that was planted holds one of these, whatever its kind. But for the date, which only
/// digits can be, none is all digits, as those of new UIDs can be any.
const MARKERS: [&[u8]; 6] =
    [b"SECRET", b"1.2.3.777", b"19570313", b"171717.7", b"-777777", b"7.7e7"];

/// The text planted in an attribute: a value as its kind has it, or the same text everywhere.
fn planted(tag: Tag, vr: VR, proper: bool) -> String {
    let number = format!("{:04X}{:04X}", tag.0, tag.1);
    match vr {
        _ if !proper => format!("SECRET{number}"),
        VR::UI => format!("1.2.3.777.{}.{}", tag.0, tag.1),
        VR::DA => "19570313".to_owned(),
        VR::DT => "19570313171717.77".to_owned(),
        VR::TM => "171717.77".to_owned(),
        VR::DS => "7.7e7".to_owned(),
        VR::IS => "-777777".to_owned(),
        VR::AS => "777Y".to_owned(),
        VR::PN => format!("SECRET^{number}^^^=SECRET=SECRET"),
        _ => format!("SECRET{number}"),
    }
}

/// Every attribute of the table in a data set, with sequences that hold private and listed
/// attributes, undefined lengths or defined ones.
fn all_of_the_table(syntax: Syntax, proper: bool, undefined: bool, in_sequences: bool) -> Vec<u8> {
    let one = |tag: Tag, name: &str| {
        let vr = vr(tag, name);
        match vr {
            VR::SQ => element(syntax, tag, vr, &item(syntax, undefined, &lesser(syntax, proper))),
            _ => element(syntax, tag, vr, planted(tag, vr, proper).as_bytes()),
        }
    };
    let rows = table();
    let rows = rows.iter().filter(|(tag, _)| tag.0 != 0 && tag.0 != 2);
    let mut elements: Vec<(Tag, Vec<u8>)> =
        rows.map(|(tag, cells)| (*tag, one(*tag, cells.last().unwrap()))).collect();
    if in_sequences {
        let inside: Vec<u8> = elements.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        let region = element(syntax, Tag(8, 0x2218), VR::SQ, &item(syntax, undefined, &inside));
        let twice = element(syntax, Tag(0x5200, 0x9229), VR::SQ, &item(syntax, undefined, &region));
        elements = vec![(Tag(8, 0x2218), region), (Tag(0x5200, 0x9229), twice)];
        elements.push((Tag(8, 0x18), element(syntax, Tag(8, 0x18), VR::UI, b"1.2.3.777.5")));
    }
    // Private: every kind of text, and a creator.
    elements.push((Tag(0x11, 0x10), element(syntax, Tag(0x11, 0x10), VR::LO, b"SECRET CREATOR")));
    let texts = [
        VR::AE,
        VR::AS,
        VR::CS,
        VR::DA,
        VR::DS,
        VR::DT,
        VR::IS,
        VR::LO,
        VR::LT,
        VR::PN,
        VR::SH,
        VR::ST,
        VR::TM,
        VR::UC,
        VR::UI,
        VR::UN,
        VR::UR,
        VR::UT,
        VR::OB,
    ];
    for (at, vr) in texts.into_iter().enumerate() {
        let tag = Tag(0x11, 0x1000 + at as u16);
        elements.push((tag, element(syntax, tag, vr, b"SECRET")));
    }
    // Four rows of five columns of a byte, as many as PIXELS has.
    for (number, value) in [(0x10, 4), (0x11, 5), (0x100, 8)] {
        let tag = Tag(0x28, number);
        elements.push((tag, element(syntax, tag, VR::US, &syntax.short(value))));
    }
    elements
        .push((Tag(0x6002, 0x22), element(syntax, Tag(0x6002, 0x22), VR::LO, b"SECRET OVERLAY")));
    elements.push((Tag(0x7FE0, 0x10), element(syntax, Tag(0x7FE0, 0x10), VR::OB, PIXELS)));
    elements.sort_by_key(|(tag, _)| *tag);
    elements.into_iter().flat_map(|(_, bytes)| bytes).collect()
}

/// The elements in each sequence of the table.
fn lesser(syntax: Syntax, proper: bool) -> Vec<u8> {
    let one = |group, number, vr| {
        let tag = Tag(group, number);
        element(syntax, tag, vr, planted(tag, vr, proper).as_bytes())
    };
    let code = [one(8, 0x100, VR::SH), one(8, 0x104, VR::LO)].concat();
    [
        one(8, 0x100, VR::SH),
        one(8, 0x104, VR::LO),
        one(8, 0x1155, VR::UI),
        one(9, 0x1010, VR::UT),
        one(0x10, 0x10, VR::PN),
        one(0x10, 0x20, VR::LO),
        one(0x40, 0xA040, VR::CS),
        element(syntax, Tag(0x40, 0xA043), VR::SQ, &item(syntax, true, &code)),
        one(0x40, 0xA160, VR::UT),
        element(syntax, Tag(0x40, 0xA168), VR::SQ, &item(syntax, false, &code)),
    ]
    .concat()
}

fn found(bytes: &[u8]) -> Vec<String> {
    let found = MARKERS.iter().filter(|marker| holds(bytes, marker));
    found.map(|marker| String::from_utf8_lossy(marker).into_owned()).collect()
}

#[test]
fn nothing_that_was_planted_comes_out() {
    for syntax in Syntax::ALL {
        for at in 0..16 {
            let [proper, undefined, in_sequences, shifted] = [1, 2, 4, 8].map(|bit| at & bit != 0);
            let class = if undefined { CR } else { DX };
            let bytes = file(
                syntax,
                class,
                "SECRET",
                &all_of_the_table(syntax, proper, undefined, in_sequences),
            );
            let before = found(&inflated(syntax, &bytes));
            assert_eq!(before.len(), if proper { MARKERS.len() } else { 2 }, "{before:?}");
            let dates = if shifted { Dates::Shifted } else { Dates::Removed };
            let done = deidentifier(Options { dates, ..Options::default() }).file(&bytes).unwrap();
            let out = inflated(syntax, &done.bytes);
            // Times are not moved: what is a time stays one.
            let expected: &[&str] = if shifted && proper { &["171717.7"] } else { &[] };
            let found: Vec<_> =
                found(&out).into_iter().filter(|it| !expected.contains(&it.as_str())).collect();
            let case = format!(
                "{syntax:?} proper {proper} undefined {undefined} nested {in_sequences} shifted {shifted}"
            );
            assert!(found.is_empty(), "{case}: {found:?}");
            assert!(out.ends_with(PIXELS), "{case}");
            assert!(done.report.private >= 21, "{case}: {}", done.report.private);
            // Once more: what is clean stays clean.
            let again =
                deidentifier(Options { dates, ..Options::default() }).file(&done.bytes).unwrap();
            assert!(inflated(syntax, &again.bytes).ends_with(PIXELS), "{case}");
        }
    }
}

#[test]
fn an_option_lets_through_its_own_column_and_no_other() {
    let every = Options {
        dates: Dates::Kept,
        keep_device: true,
        keep_institution: true,
        keep_patient: true,
        keep_uids: true,
        ..Options::default()
    };
    let none = Options::default();
    let options = [
        (3, Options { keep_uids: true, ..none }),
        (4, Options { keep_device: true, ..none }),
        (5, Options { keep_institution: true, ..none }),
        (6, Options { keep_patient: true, ..none }),
        (7, Options { dates: Dates::Kept, ..none }),
    ];
    let bytes =
        file(Syntax::Explicit, CR, "", &all_of_the_table(Syntax::Explicit, true, false, false));
    let kept = |options| -> BTreeSet<Tag> {
        let report = deidentifier(options).file(&bytes).unwrap().report;
        report
            .actions
            .get(&Action::Kept)
            .into_iter()
            .flatten()
            .map(|(attribute, _)| attribute.0)
            .collect()
    };
    let column = |column: usize| -> BTreeSet<Tag> {
        let rows = table().into_iter().filter(|(tag, cells)| tag.0 > 2 && cells[column] == "K");
        // What the dictionary does not know yet cannot be told to be what it should.
        let known = rows.map(|(tag, _)| tag).filter(|&tag| vr(tag, "") == vr(tag, "DateTime"));
        // What is planted in the others is not of their form.
        let texts = |tag: &Tag| {
            !matches!(vr(*tag, ""), VR::CS | VR::US | VR::UL | VR::FL | VR::FD | VR::SL | VR::OB)
        };
        known.filter(texts).collect()
    };
    let mut union = BTreeSet::new();
    for (at, options) in options {
        assert_eq!(kept(options), column(at), "column {at}");
        union.extend(column(at));
    }
    assert_eq!(kept(every), union);
    assert_eq!(kept(none), BTreeSet::new());
}

#[test]
fn the_report_says_what_was_done_and_no_value() {
    let bytes =
        file(Syntax::Explicit, CR, "", &all_of_the_table(Syntax::Explicit, true, false, false));
    let report = deidentifier(Options::default()).file(&bytes).unwrap().report;
    let text = serde_json::to_string(&report).unwrap();
    assert!(found(text.as_bytes()).is_empty(), "{text}");
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["actions"]["emptied"]["(0010,0010)"], 1);
    assert_eq!(json["actions"]["removed"]["(0010,1010)"], 1);
    assert_eq!(json["actions"]["remapped"]["(0008,0018)"], 1);
    assert_eq!(json["actions"]["replaced"]["(0012,0010)"], 1);
    assert_eq!(json["burned_in"], "unknown");
}
