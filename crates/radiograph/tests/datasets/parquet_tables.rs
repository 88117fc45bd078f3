//! Manifests in Parquet.

use crate::picture;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::{properties::WriterProperties, writer::SerializedFileWriter};
use parquet::schema::parser::parse_message_type;
use radiograph::Error;
use radiograph::dataset::{Dataset, Split};
use std::fs;
use std::sync::Arc;

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
