//! Data sets of every layout, what is wrong with them, and how they are cut.
#![expect(clippy::unwrap_used, reason = "tests")]

use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
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

/// Columns as pandas writes them: numbers with one missing, and times.
#[test]
fn a_parquet_manifest_of_a_data_frame() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.png", "b.png"] {
        picture(&folder.path().join(name));
    }
    let path = folder.path().join("manifest.parquet");
    let schema = "message m {
        required binary path (UTF8); required binary labels (UTF8);
        optional double patient_id; optional double age;
        optional int64 study_date (TIMESTAMP(NANOS,false));
    }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let file = fs::File::create(&path).unwrap();
    let mut writer = SerializedFileWriter::new(file, schema, Arc::default()).unwrap();
    let mut rows = writer.next_row_group().unwrap();
    for texts in [["a.png", "b.png"], ["x", "y"]] {
        let texts = texts.map(ByteArray::from);
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
    }
    for numbers in [[12.0, f64::NAN], [0.0, 58.0]] {
        let mut column = rows.next_column().unwrap().unwrap();
        column.typed::<DoubleType>().write_batch(&numbers, Some(&[1, 1]), None).unwrap();
        column.close().unwrap();
    }
    let mut column = rows.next_column().unwrap().unwrap();
    let time = 1_580_428_800_000_000_000;
    column.typed::<Int64Type>().write_batch(&[time], Some(&[1, 0]), None).unwrap();
    column.close().unwrap();
    rows.close().unwrap();
    writer.close().unwrap();
    let dataset = Dataset::open(&path).unwrap();
    let [first, second] = &dataset.items[..] else { panic!("two items") };
    assert_eq!((first.patient.as_deref(), &second.patient), (Some("12"), &None));
    assert_eq!((first.description.age, second.description.age), (Some(0), Some(58)));
    assert_eq!(first.description.study_date.as_deref(), Some("20200131"));
    assert_eq!((&second.description.study_date, dataset.remarks().count()), (&None, 0));
}
