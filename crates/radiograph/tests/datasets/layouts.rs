//! Manifests, folders of classes, and what is wrong with them.

use crate::{listed, picture};
use radiograph::Error;
use radiograph::dataset::{Dataset, Split, read_boxes};
use std::fs;

#[test]
fn a_csv_manifest_with_every_column() {
    let folder = tempfile::tempdir().unwrap();
    picture(&folder.path().join("a.png"));
    let text = "path,labels,patient_id,view,source,split,group\n\
                a.png,chest|normal,7,PA,nih,train,g1\nmissing.png,chest,,,nih,query,\n";
    fs::write(folder.path().join("manifest.csv"), text).unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    let item = &dataset.items[0];
    assert_eq!(
        (item.name.as_str(), item.split, item.view.as_deref()),
        ("a.png", Some(Split::Train), Some("PA"))
    );
    assert_eq!(dataset.vocabulary(), ["chest", "normal"]);
    assert_eq!(item.columns["source"], "nih");
    assert_eq!(item.unit(), "group:g1");
    assert_eq!(
        (dataset.skipped[0].name.as_str(), dataset.skipped[0].reason.as_str()),
        ("missing.png", "no such file")
    );
    assert!(!format!("{item:?}").contains('7'), "no patient in Debug");
}

#[test]
fn a_folder_per_class() {
    let folder = tempfile::tempdir().unwrap();
    picture(&folder.path().join("hip/a.png"));
    picture(&folder.path().join("hip/deeper/b.png"));
    picture(&folder.path().join("chest/c.png"));
    fs::write(folder.path().join("chest/notes.txt"), "no picture").unwrap();
    fs::write(folder.path().join("chest/._c.png"), "what a Mac leaves").unwrap();
    fs::write(folder.path().join("stray.png"), "of no class").unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    let named: Vec<(&str, &str)> =
        dataset.items.iter().map(|i| (i.name.as_str(), i.labels[0].as_str())).collect();
    assert_eq!(
        named,
        [("chest/c.png", "chest"), ("hip/a.png", "hip"), ("hip/deeper/b.png", "hip")]
    );
    let skipped: Vec<&str> = dataset.skipped.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(skipped, ["chest/notes.txt", "stray.png"]);
}

#[test]
fn what_is_wrong_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let message = |text: &str| {
        fs::write(folder.path().join("manifest.csv"), text).unwrap();
        Dataset::open(folder.path()).unwrap_err().to_string()
    };
    assert!(message("file,labels\na.png,chest\n").contains("no column path, got file, labels"));
    assert!(message("path,labels,split\na.png,chest,trian\n").contains("split is \"trian\""));
    assert!(
        message("path,labels\na.png,chest\n").contains("1 skipped, the first: a.png: no such file")
    );
    assert!(message("path,labels\na.png,chest,more\n").contains("manifest.csv"));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Dataset::open(empty.path()), Err(Error::NoPictures { .. })));
    assert!(matches!(Dataset::open(&empty.path().join("nowhere")), Err(Error::File { .. })));
}

#[test]
fn repetitions_of_pictures_and_of_labels_count_once() {
    let folder = tempfile::tempdir().unwrap();
    let dataset = listed(
        folder.path(),
        "\u{feff}path,labels,split",
        &["a.png,x| y |x||,train", "a.png,z,query"],
    );
    assert_eq!(dataset.items.len(), 1);
    assert_eq!(dataset.items[0].labels, ["x", "y"]);
    assert_eq!(dataset.skipped[0].reason, "row 2 lists it again, after row 1");
}

#[test]
fn columns_of_one_name_are_refused_and_columns_without_one_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.csv");
    picture(&folder.path().join("a.png"));
    let said = |text: &str| {
        fs::write(&path, text).unwrap();
        Dataset::open(&path).unwrap_err().to_string()
    };
    let twice = said("path,labels,labels\na.png,chest,other\n");
    assert!(twice.contains("columns 2 and 3 are both named labels"), "{twice}");
    assert!(said("path, labels ,view,labels\na.png,a,b,c\n").contains("columns 2 and 4"));
    assert!(said("path,labels,note,note\na.png,a,b,c\n").contains("both named note"));
    fs::write(&path, "path, labels,,\na.png,chest,,\n").unwrap();
    let dataset = Dataset::open(&path).unwrap();
    assert_eq!(dataset.items[0].labels, ["chest"]);
    assert_eq!(dataset.items[0].columns.len(), 2);
    let boxes = folder.path().join("boxes.csv");
    fs::write(&boxes, "path,label,x,y,w,h,x\na,m,1,1,1,1,2\n").unwrap();
    assert!(read_boxes(&boxes).unwrap_err().to_string().contains("columns 3 and 7"));
}
