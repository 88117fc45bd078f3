//! Data sets of every layout, what is wrong with them, and preprocessing.
#![expect(clippy::unwrap_used, reason = "tests")]

use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::{properties::WriterProperties, writer::SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use radiograph::dataset::{Dataset, Split};
use radiograph::{Error, Preprocess, Radiograph};
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
    let mut writer = SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::default())).unwrap();
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
    let dataset = Dataset::open(folder.path()).unwrap();
    let named: Vec<(&str, &str)> =
        dataset.items.iter().map(|i| (i.name.as_str(), i.labels[0].as_str())).collect();
    assert_eq!(named, [("chest/c.png", "chest"), ("hip/a.png", "hip"), ("hip/deeper/b.png", "hip")]);
    assert_eq!(dataset.skipped[0].name, "chest/notes.txt");
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
    assert!(message("path,labels\na.png,chest\n").contains("1 skipped, the first: a.png: no such file"));
    assert!(message("path,labels\na.png,chest,more\n").contains("manifest.csv"));
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(Dataset::open(empty.path()), Err(Error::NoPictures { .. })));
    assert!(matches!(Dataset::open(&empty.path().join("nowhere")), Err(Error::File { .. })));
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

#[test]
fn preprocessing_keeps_the_aspect_means_areas_and_stretches() {
    let pixels: Vec<f32> = (0..400 * 100).map(|i| 0.25 + 0.5 * ((i % 400) / 200) as f32).collect();
    let radiograph = Radiograph::new(400, 100, pixels).unwrap();
    let input = Preprocess { size: 64, ..Preprocess::default() }.apply(&radiograph);
    assert_eq!((input.frame.left, input.frame.top, input.frame.width, input.frame.height), (0, 24, 64, 16));
    assert_eq!(input.pixels.len(), 64 * 64);
    assert_eq!((input.pixels[0], input.pixels[30 * 64 + 5], input.pixels[30 * 64 + 60]), (0.0, 0.0, 1.0));
    let flat = Radiograph::new(3, 5, vec![0.5; 15]).unwrap();
    assert!(Preprocess::default().apply(&flat).pixels.iter().all(|p| (0.0..=1.0).contains(p)));
    assert!(Radiograph::new(0, 5, vec![]).is_err());
}
