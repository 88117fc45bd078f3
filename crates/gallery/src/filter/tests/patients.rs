//! Patients by their numbers, with and without a source.

use super::insert;
use crate::{Gallery, Record};
use retrieval::ModelId;

#[test]
fn a_patient_is_found_by_the_number_with_and_without_a_source() {
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::create(dir.path(), &ModelId("m".to_owned()), 16).unwrap();
    let patients = [
        ("1000", None),
        ("/1000", None),
        ("nih/1000", Some("nih")),
        ("nih/1", Some("nih")),
        ("x/1000", None),
    ];
    for (i, (patient, source)) in patients.into_iter().enumerate() {
        let record = Record {
            key: format!("k{i}"),
            patient: Some(patient.to_owned()),
            source: source.map(str::to_owned),
            ..Record::default()
        };
        insert(&mut gallery, &record);
    }
    gallery.commit().unwrap();
    for (text, expected) in [
        ("patient = '1000'", &[1, 2, 3][..]),
        ("patient = 'nih/1000'", &[3]),
        ("patient = '1000' and source = 'nih'", &[3]),
        ("patient = '1000' and source = null", &[1, 2]),
        ("patient in ('1', 'x/1000')", &[4, 5]),
        ("patient != '1000'", &[4, 5]),
    ] {
        let found: Vec<u64> = gallery.matching(&text.parse().unwrap()).unwrap().iter().collect();
        assert_eq!(found, expected, "{text}");
    }
    // What an earlier version stored is the same patient.
    assert_eq!(gallery.record(2).unwrap().patient.as_deref(), Some("1000"));
    assert_eq!(gallery.of_patient("1000").unwrap(), [2, 1]);
    assert_eq!(gallery.verify().unwrap(), []);
}
