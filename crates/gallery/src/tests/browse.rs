//! Looking through a gallery.

use super::*;

#[test]
fn pages_are_parts_of_what_a_filter_admits() {
    let dir = folder();
    let gallery = filled(dir.path(), 20);
    let keys = |filter: Option<&Filter>, offset, limit| {
        let page = gallery.page(filter, offset, limit).unwrap();
        (page.total, page.records.into_iter().map(|(_, record)| record.key).collect::<Vec<_>>())
    };
    assert_eq!(keys(None, 18, 5), (20, vec!["key-00018".to_owned(), "key-00019".to_owned()]));
    assert_eq!(keys(None, u64::MAX, 5), (20, vec![]));
    let old: Filter = "age >= 10".parse().unwrap();
    assert_eq!(keys(Some(&old), 1, 2), (10, vec!["key-00011".to_owned(), "key-00012".to_owned()]));
    assert_eq!(keys(Some(&old), u64::MAX, 0), (10, vec![]));
}

#[test]
fn a_patients_pictures_come_newest_first() {
    let dir = folder();
    let gallery = filled(dir.path(), 20);
    let keys: Vec<String> =
        gallery.of_patient("patient-4").unwrap().into_iter().map(|id| key(&gallery, id)).collect();
    assert_eq!(keys, ["key-00014", "key-00004"]);
    assert!(gallery.of_patient("nobody").unwrap().is_empty());
}

fn key(gallery: &Gallery, id: u64) -> String {
    gallery.record(id).unwrap().key
}

#[test]
fn facets_count_what_is_there() {
    let dir = folder();
    let facets = filled(dir.path(), 20).facets(2).unwrap();
    assert_eq!(facets.body_part, [("CHEST".to_owned(), 20)]);
    assert_eq!(facets.label, [("chest".to_owned(), 20), ("label-0".to_owned(), 7)]);
    assert!(facets.view.is_empty());
    assert_eq!(facets.study_dates, Date::new(2020, 1, 1).zip(Date::new(2020, 1, 20)));
    let empty = folder();
    assert_eq!(filled(empty.path(), 0).facets(2).unwrap().study_dates, None);
}
