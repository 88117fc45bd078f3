//! Data sets of every layout, what is wrong with them, and how they are cut.
#![expect(clippy::unwrap_used, reason = "tests")]

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::{properties::WriterProperties, writer::SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use radiograph::Error;
use radiograph::dataset::{Dataset, Split, read_boxes};
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn picture(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image::GrayImage::from_pixel(4, 4, image::Luma([9])).save(path).unwrap();
}

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
fn a_parquet_manifest() {
    let folder = tempfile::tempdir().unwrap();
    picture(&folder.path().join("a.png"));
    let path = folder.path().join("manifest.parquet");
    let schema = "message m { required binary path (UTF8); required binary labels (UTF8); required binary split (UTF8); }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(&path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::default())).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    for value in ["a.png", "hip|not_fractured", "database"] {
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[ByteArray::from(value)], None, None).unwrap();
        column.close().unwrap();
    }
    rows.close().unwrap();
    writer.close().unwrap();
    let dataset = Dataset::open(&path).unwrap();
    assert_eq!(dataset.items[0].labels, ["hip", "not_fractured"]);
    assert_eq!(dataset.items[0].split, Some(Split::Database));
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
fn tables_that_would_fill_the_memory_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.csv");
    let message = |text: &str| {
        fs::write(&path, text).unwrap();
        Dataset::open(&path).unwrap_err().to_string()
    };
    // Every row would keep the name: 120 KB would become 6 GB.
    let name = "n".repeat(60_000);
    let rows = ",\n".repeat(60_000);
    let said = message(&format!("path,labels,{name}\n{}", rows.replace(',', ",,")));
    assert!(
        said.contains("a column's name of 60000 bytes, expected at most 128"),
        "{}",
        said.len()
    );
    let said = message(&format!("path,labels{}\n", ",a".repeat(100_000)));
    assert!(said.contains("100002 columns, expected at most 256"), "{}", said.len());
    let said = message(&format!("path,labels\n{},chest\n", "a".repeat(20 << 20)));
    assert!(said.contains("1 skipped") && said.len() < 4096, "{} bytes are said", said.len());
    let said = message(&format!("path,labels,split\na,b,{}\n", "t".repeat(1 << 20)));
    assert!(said.contains("split is") && said.len() < 4096, "{} bytes are said", said.len());
    fs::File::create(&path).unwrap().set_len((1 << 30) + 1).unwrap();
    let said = Dataset::open(&path).unwrap_err().to_string();
    assert!(said.contains("1073741825 bytes, expected at most 1073741824"), "{said}");
    // Boxes: numbers that are none, and a label of a megabyte.
    let boxes = |cell: &str| {
        fs::write(&path, format!("path,label,x,y,w,h\na.png,l,{cell},1,1,1\n")).unwrap();
        read_boxes(&path).unwrap_err().to_string()
    };
    for cell in ["NaN", "inf", "-1", "1e99", "", "0x10"] {
        assert!(boxes(cell).contains("x is"), "{cell}");
    }
    assert!(boxes(&"9".repeat(1 << 20)).len() < 4096);
}

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

/// A data set of one folder whose pictures all exist.
fn listed(folder: &Path, header: &str, rows: &[&str]) -> Dataset {
    for row in rows {
        picture(&folder.join(row.split(',').next().unwrap()));
    }
    fs::write(folder.join("manifest.csv"), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    Dataset::open(&folder.join("manifest.csv")).unwrap()
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
fn a_parquet_manifest_with_lists_numbers_nulls_and_unmarked_texts() {
    let folder = tempfile::tempdir().unwrap();
    picture(&folder.path().join("a.png"));
    picture(&folder.path().join("b.png"));
    let path = folder.path().join("manifest.parquet");
    let schema = "message m {
        required binary path;
        optional group labels (LIST) { repeated group list { optional binary element (UTF8); } }
        optional int64 patient_id;
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer =
        SerializedFileWriter::new(fs::File::create(&path).unwrap(), schema, Arc::default())
            .unwrap();
    let mut rows = writer.next_row_group().unwrap();
    let texts =
        |texts: &[&str]| texts.iter().map(|&text| ByteArray::from(text)).collect::<Vec<_>>();
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<ByteArrayType>().write_batch(&texts(&["a.png", "b.png"]), None, None).unwrap();
    column.close().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    let labels = texts(&["hip", "normal"]);
    // The first row has two labels, the second none.
    column
        .typed::<ByteArrayType>()
        .write_batch(&labels, Some(&[3, 3, 0]), Some(&[0, 1, 0]))
        .unwrap();
    column.close().unwrap();
    let mut column = rows.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(&[42], Some(&[1, 0]), None).unwrap();
    column.close().unwrap();
    rows.close().unwrap();
    writer.close().unwrap();
    let dataset = Dataset::open(folder.path()).unwrap();
    assert_eq!(dataset.items[0].labels, ["hip", "normal"]);
    assert_eq!(dataset.items[0].patient.as_deref(), Some("42"));
    assert_eq!((dataset.items[1].labels.len(), &dataset.items[1].patient), (0, &None));
    let bytes = fs::read(&path).unwrap();
    for length in 0..bytes.len() {
        fs::write(&path, &bytes[..length]).unwrap();
        assert!(matches!(Dataset::open(&path), Err(Error::Manifest { .. })), "{length} bytes");
    }
    for (at, change) in (0..bytes.len()).flat_map(|at| [(at, 0x80), (at, 0xFF)]) {
        let mut damaged = bytes.clone();
        damaged[at] ^= change;
        fs::write(&path, damaged).unwrap();
        // Parquet has no checksums: some damage makes another table. None may end the process.
        if let Err(error) = Dataset::open(&path) {
            assert!(matches!(error, Error::Manifest { .. } | Error::NoPictures { .. }), "{error}");
        }
    }
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

#[test]
fn boxes_are_found_by_the_names_of_items() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boxes.csv");
    let text = "path,label,x,y,w,h\nhip/a.png,fractured,1.5,2,3,4.5\nb.png,mass,0,0,1,1\nhip/a.png,implant,5,6,7,8\n";
    fs::write(&path, text).unwrap();
    let boxes = read_boxes(&path).unwrap();
    let names: Vec<&str> = boxes.keys().map(String::as_str).collect();
    assert_eq!(names, ["b.png", "hip/a.png"]);
    let labels: Vec<&str> = boxes["hip/a.png"].iter().map(|b| b.label.as_str()).collect();
    assert_eq!(labels, ["fractured", "implant"]);
    let first = &boxes["hip/a.png"][0];
    assert_eq!((first.x, first.y, first.width, first.height), (1.5, 2.0, 3.0, 4.5));
}

#[test]
fn what_is_wrong_with_boxes_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("boxes.csv");
    for (text, expected) in [
        (
            "path,label,x,y,w\n",
            "no column h, got path, label, x, y, w; expected path as the data set",
        ),
        (
            "path,label,x,y,w,h\na,m,1,1,1,1\na,m,1,1,wide,1\n",
            "row 2: w is \"wide\", expected a number",
        ),
        (
            "path,label,x,y,w,h\na,m,-1,1,1,1\n",
            "row 1: x is \"-1\", expected a number of pixels from 0",
        ),
        (
            "path,label,x,y,w,h\na,m,1,1,1,0\n",
            "row 1: h is \"0\", expected a number of pixels above 0",
        ),
        ("path,label,x,y,w,h\na,m,1,inf,1,1\n", "row 1: y is \"inf\""),
        ("path,label,x,y,w,h\n ,m,1,1,1,1\n", "row 1: path is empty"),
        ("path,label,x,y,w,h\na,m,1\n", "boxes.csv"),
    ] {
        fs::write(&path, text).unwrap();
        let message = read_boxes(&path).unwrap_err().to_string();
        assert!(message.contains(expected) && message.contains("boxes.csv"), "{message}");
    }
    assert!(matches!(read_boxes(&folder.path().join("none.csv")), Err(Error::File { .. })));
}
