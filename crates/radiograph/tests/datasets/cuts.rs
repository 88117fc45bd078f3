//! Units, and the parts that a data set is cut into.

use crate::{listed, picture};
use radiograph::dataset::{Dataset, Split};
use std::fs;
use std::path::Path;

#[test]
fn a_cut_never_divides_a_unit() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "path,labels,patient_id,source\n".to_owned();
    for i in 0..200 {
        picture(&folder.path().join(format!("{i}.png")));
        text += &format!("{i}.png,chest,{},nih\n", i / 4);
    }
    fs::write(folder.path().join("manifest.csv"), text).unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    let (kept, held) = dataset.hold_out(Split::Train, 0.2, 3);
    assert_eq!(kept.len() + held.len(), 200);
    assert!((20..60).contains(&held.len()), "{} of 200 held out", held.len());
    let units = |part: &[usize]| {
        part.iter().map(|&i| dataset.items[i].unit()).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(units(&kept).is_disjoint(&units(&held)));
    assert_eq!(dataset.hold_out(Split::Train, 0.2, 3), (kept, held));
}

#[test]
fn a_unit_is_the_group_else_the_patient_in_the_source_else_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let rows =
        ["a.png,x,7,nih,g", "b.png,x,7,nih,", "c.png,x,7,mura,", "d.png,x,,nih,", "e.png,x,7,nih,"];
    let dataset = listed(folder.path(), "path,labels,patient_id,source,group", &rows);
    let units: Vec<String> = dataset.items.iter().map(|item| item.unit()).collect();
    assert_eq!(
        units,
        ["group:g", "patient:nih/7", "patient:mura/7", "picture:d.png", "patient:nih/7"]
    );
}

#[test]
fn a_cut_takes_its_split_alone_and_stays_when_the_data_set_grows() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{i}.png,x,{}", ["train", "query"][i % 2]);
    let rows: Vec<String> = (0..60).map(row).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let small = listed(folder.path(), "path,labels,split", &rows[..40]);
    let (_, held) = small.hold_out(Split::Train, 0.3, 1);
    assert!(!held.is_empty() && held.iter().all(|i| i % 2 == 0));
    let (kept, grown) =
        listed(folder.path(), "path,labels,split", &rows).hold_out(Split::Train, 0.3, 1);
    assert_eq!(kept.len() + grown.len(), 30);
    assert_eq!(grown.into_iter().filter(|&i| i < 40).collect::<Vec<_>>(), held);
    assert_ne!(small.hold_out(Split::Train, 0.3, 2).1, held);
    assert_eq!(small.hold_out(Split::Train, 0.0, 1).1, []);
    assert_eq!(small.hold_out(Split::Train, 1.0, 1).0, []);
    assert_eq!(small.hold_out(Split::Validation, 0.5, 1), (vec![], vec![]));
}

#[test]
fn the_shared_data_set_divides_no_unit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/manifest.csv");
    if !path.is_file() {
        return;
    }
    let dataset = Dataset::open(&path).unwrap();
    assert!(dataset.skipped.is_empty());
    let mut trained = std::collections::BTreeMap::new();
    for item in &dataset.items {
        let is_trained = item.split == Some(Split::Train);
        assert_eq!(
            *trained.entry(item.unit()).or_insert(is_trained),
            is_trained,
            "{}",
            item.unit()
        );
    }
}
