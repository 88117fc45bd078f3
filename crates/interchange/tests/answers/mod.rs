//! A query and its answer, with texts as bad as they come; and programs of others.
#![expect(clippy::unwrap_used, reason = "tests")]
#![allow(dead_code, reason = "each test uses some of it")]

use chrono::{DateTime, FixedOffset};
use dicom_dictionary_std::tags;
use interchange::{Answer, Neighbor, Software, Source};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

pub(crate) const STUDY: &str = "1.2.826.0.1.3680043.10.2.7";
pub(crate) const INSTANCE: &str = "1.2.826.0.1.3680043.10.1.7";
pub(crate) const CR: &str = "1.2.840.10008.5.1.4.1.1.1";

pub(crate) fn texts() -> BTreeMap<dicom_core::Tag, String> {
    let pairs = [
        (tags::SOP_CLASS_UID, CR),
        (tags::SOP_INSTANCE_UID, INSTANCE),
        (tags::SERIES_INSTANCE_UID, "1.2.826.0.1.3680043.10.3.7"),
        (tags::STUDY_INSTANCE_UID, STUDY),
        (tags::PATIENT_NAME, "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (tags::PATIENT_ID, "P-7"),
        (tags::ISSUER_OF_PATIENT_ID, "General Hospital"),
        (tags::PATIENT_BIRTH_DATE, "19700102"),
        (tags::PATIENT_SEX, "M"),
        (tags::STUDY_DATE, "20260115"),
        (tags::STUDY_TIME, "091500"),
        (tags::STUDY_ID, "S7"),
        (tags::ACCESSION_NUMBER, "A-000000000000017"),
        (tags::STUDY_DESCRIPTION, "Thorax p.a., Über\u{AD}sicht"),
        (tags::BODY_PART_EXAMINED, "CHEST"),
        (tags::PATIENT_ORIENTATION, "L\\F"),
        (tags::BURNED_IN_ANNOTATION, "NO"),
        (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME1"),
        (tags::RESCALE_INTERCEPT, "0"),
        (tags::RESCALE_SLOPE, "1"),
        (tags::RESCALE_TYPE, "US"),
        (tags::WINDOW_CENTER, "2048\\1024"),
        (tags::WINDOW_WIDTH, "4096\\512"),
    ];
    pairs.into_iter().map(|(tag, text)| (tag, text.to_owned())).collect()
}

pub(crate) fn source() -> Source {
    Source::new(texts(), [40, 30]).unwrap()
}

pub(crate) fn made() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-01-15T10:30:00+01:00").unwrap()
}

pub(crate) fn software() -> Software {
    Software { version: "0.1.0".to_owned(), model: "skiagraph-64-0123456789abcdef".to_owned() }
}

/// Texts that a gallery may hold and no object may break on.
pub(crate) fn hostile() -> Vec<String> {
    vec![
        "pneumonia".to_owned(),
        "back\\slash\\and\u{0}nul\u{1b}$Bescape\r\nline".to_owned(),
        "Röntgen 胸部 صدر грудь 🩻 e\u{301}".to_owned(),
        "x".repeat(100_000),
        "<script>alert(\"1\")</script>' OR 1=1".to_owned(),
        " \u{7}\t".to_owned(),
    ]
}

/// Three cases: of a study and a known class, of a study alone, of no study.
pub(crate) fn answer() -> Answer {
    let uid = |number: u32| Some(format!("1.2.826.0.1.3680043.10.{number}"));
    let first = Neighbor {
        key: "1.2.826.0.1.3680043.10.4.1".to_owned(),
        study: uid(21),
        series: uid(31),
        instance: uid(41),
        sop_class: Some(CR.to_owned()),
        distance: 3,
        euclidean: 0.123_456,
        relevance: Some(0.91),
        labels: vec!["chest".to_owned(), "view=PA".to_owned()],
        link: Some(
            "https://ohif.example/viewer?StudyInstanceUIDs=1.2.826.0.1.3680043.10.21".to_owned(),
        ),
    };
    let second = Neighbor {
        key: "1.2.826.0.1.3680043.10.4.2".to_owned(),
        study: uid(22),
        series: Some("no\\uid".to_owned()),
        instance: uid(42),
        distance: 5,
        labels: hostile(),
        ..Neighbor::default()
    };
    let third = Neighbor {
        key: "ab".repeat(32),
        distance: 64,
        euclidean: 2.0,
        relevance: Some(0.0),
        ..Neighbor::default()
    };
    Answer {
        software: software(),
        made: made(),
        query: INSTANCE.to_owned(),
        bits: 64,
        gallery: 4519,
        precision: Some(0.72),
        novel: Some(false),
        question: Vec::new(),
        neighbors: vec![first, second, third],
    }
}

/// A program; none where it is not installed, which is said, and is a failure where continuous
/// integration should have installed it.
pub(crate) fn program(name: &str, package: &str) -> Option<Command> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path: &PathBuf| path.is_file());
    if found.is_none() {
        let said = format!("NOT TESTED, as `{name}` is missing: apt-get install {package}\n");
        // Past the test harness, which shows what a test prints only where it fails.
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        assert!(std::env::var_os("CI").is_none(), "{said}");
    }
    found.map(Command::new)
}

/// Runs a program. Returns its output, errors included, and whether it succeeded.
pub(crate) fn said(command: &mut Command) -> (String, bool) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (String::from_utf8_lossy(&text).into_owned(), output.status.success())
}
