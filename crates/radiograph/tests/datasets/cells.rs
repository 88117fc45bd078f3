//! Cells and tables as data frames, spreadsheets and published tables write them.

use crate::{listed, picture};
use radiograph::dataset::{Dataset, read_boxes};
use std::fs;

/// Cells as data frames, spreadsheets and published tables write them.
#[test]
fn cells_are_read_as_they_are_written_and_what_is_not_understood_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let header = "path,labels,patient_id,age,sex,study_date,view";
    let rows = [
        "a.png,a,12.0,058Y,M,2020-01-31,PA",
        "b.png,nan,13.0,58.0,Male,2020-01-31 00:00:00,nan",
        "c.png,c,nan,nan,female,31/01/2020,NaN",
        "d.png,d,14,3M,weiblich,20200131.0,AP",
        "e.png,e,<NA>,none of it,0,01/02/2020,",
        "f.png,f,x,-3,unknown,,",
    ];
    let dataset = listed(folder.path(), header, &rows);
    let of = |read: fn(&radiograph::dataset::Item) -> Option<String>| -> Vec<String> {
        dataset.items.iter().map(|item| read(item).unwrap_or_default()).collect()
    };
    assert_eq!(of(|item| item.patient.clone()), ["12", "13", "", "14", "", "x"]);
    assert_eq!(of(|item| item.view.clone()), ["PA", "", "", "AP", "", ""]);
    let ages = of(|item| item.description.age.map(|age| age.to_string()));
    assert_eq!(ages, ["58", "58", "", "0", "", ""]);
    assert_eq!(of(|item| item.description.sex.clone()), ["M", "M", "F", "F", "", ""]);
    let day = "20200131";
    assert_eq!(of(|item| item.description.study_date.clone()), [day, day, day, day, "", ""]);
    assert_eq!(dataset.items[1].labels.len(), 0);
    assert_eq!(dataset.items[1].columns["age"], "58.0", "columns stay as they are");
    let remarks: Vec<String> = dataset.remarks().collect();
    assert_eq!(
        remarks,
        [
            "2 cells of the column age were not understood and left out (row 5: \"none of it\", \
             row 6: \"-3\"), expected years, or 3M, 2W, 10D",
            "1 cells of the column sex were not understood and left out (row 5: \"0\"), expected \
             M, F, O, U or words for them",
            "1 cells of the column study_date were not understood and left out (row 5: \
             \"01/02/2020\"), expected year-month-day",
        ]
    );
    assert!(!format!("{dataset:?}").contains("none of it"), "no patient data in Debug");
}

#[test]
fn many_lost_cells_are_counted_and_a_few_named() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..9).map(|row| format!("{row}.png,a,{}", "?".repeat(99))).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    let dataset = listed(folder.path(), "path,labels,age", &rows);
    let unread = &dataset.unread[0];
    assert_eq!((unread.column, unread.count, &unread.rows[..]), ("age", 9, &[1, 2, 3][..]));
    assert!(unread.values.iter().all(|value| value.len() == 40));
    assert!(unread.to_string().contains("row 3: \"???"), "{unread}");
    assert!(unread.to_string().contains(", …), expected"), "{unread}");
}

#[test]
fn tables_of_other_encodings_and_separators() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.csv");
    picture(&folder.path().join("ä.png"));
    let text = "path;labels;age;report\nä.png;brust|ok;58,0;\"a; b\"\n";
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let tabs = text.replace("a; b", "a, b").replace(';', "\t");
    for (bytes, guessed) in [
        (text.into(), false),
        ([b"\xFF\xFE", &units[..]].concat(), false),
        (latin, true),
        (tabs.into(), false),
    ] {
        fs::write(&path, &bytes).unwrap();
        let dataset = Dataset::open(&path).unwrap();
        let item = &dataset.items[0];
        assert_eq!(
            (item.name.as_str(), &item.labels[..]),
            ("ä.png", &["brust", "ok"].map(String::from)[..])
        );
        assert_eq!(item.description.age, Some(58));
        assert!(item.description.report.as_ref().is_some_and(|report| report.len() == 4));
        let remarks: Vec<String> = dataset.remarks().collect();
        assert_eq!(
            remarks.iter().any(|remark| remark.contains("Windows-1252")),
            guessed,
            "{remarks:?}"
        );
    }
    let boxes = folder.path().join("boxes.csv");
    fs::write(&boxes, "path;label;x;y;w;h\nb.png;mass;0;0;1;1\n").unwrap();
    assert_eq!(read_boxes(&boxes).unwrap()["b.png"][0].label, "mass");
    fs::write(&path, b"\x1F\x8B\x08\0").unwrap();
    assert!(Dataset::open(&path).unwrap_err().to_string().contains("gunzip"));
}
