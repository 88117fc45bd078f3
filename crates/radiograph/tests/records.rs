//! Values of headers, compared with pydicom, which made the files (`benches/peers/records.py`).

#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use radiograph::{Header, Limits};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/records")
}

fn header(file: &str) -> Header {
    radiograph::read(&folder().join(file), &Limits::default()).unwrap().0.header().clone()
}

#[test]
fn character_sets_and_dates_are_read_as_pydicom_reads_them() {
    let expected = std::fs::read_to_string(folder().join("expected.tsv")).unwrap();
    let rows: Vec<Vec<&str>> = expected.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), 14);
    for row in rows {
        let header = header(row[0]);
        assert_eq!(header.patient_id.as_deref(), Some(row[1]), "{}", row[0]);
        assert_eq!(header.study_date.unwrap_or_default(), row[2], "{}", row[0]);
    }
}

#[test]
fn codes_and_a_birth_date_say_what_the_plain_attributes_do_not() {
    let header = header("codes.dcm");
    let terms = [&header.body_part, &header.view, &header.laterality].map(|term| term.as_deref());
    assert_eq!(terms, [Some("CSPINE"), Some("LL"), Some("U")]);
    assert_eq!(header.age, Some(43));
    assert!(!header.burned_in);
}

#[test]
fn plain_attributes_are_read_and_private_ones_are_not() {
    let header = header("words.dcm");
    let terms = [&header.body_part, &header.view, &header.laterality].map(|term| term.as_deref());
    assert_eq!(terms, [Some("HAND"), Some("AP"), Some("L")]);
    assert_eq!(header.age, Some(1));
    assert!(header.burned_in);
    // `Debug` shows neither the patient nor dates.
    let shown = format!("{header:?}");
    assert!(!shown.contains("words") && !shown.contains("20240229"), "{shown}");
}
