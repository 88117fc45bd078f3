//! Manifests: a table with a row a picture, as CSV or Parquet. Only `path` and `labels` are
//! required.

use super::{Dataset, Item, Skipped, Split};
use crate::error::{Error, Result, quoted};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Separates labels within their column.
const LABEL_SEPARATOR: char = '|';
/// A table as CSV has at most so many bytes, and one of any kind so many columns, whose names have
/// so many bytes: every row keeps them, so a long header would cost memory for each.
const MOST_BYTES: u64 = 1 << 30;
const MOST_COLUMNS: usize = 256;
const LONGEST_NAME: usize = 128;
const COLUMNS: Columns = Columns {
    required: &["path", "labels"],
    expected: "path and labels, and if known patient_id, view, source, licence, split, group",
};

/// The cells of a row by their column.
pub(super) type Row = BTreeMap<String, String>;

/// What a table must have.
pub(super) struct Columns {
    pub required: &'static [&'static str],
    /// What to say where one is missing.
    pub expected: &'static str,
}

/// Reads a manifest; paths in it are relative to its folder.
pub(super) fn read(path: &Path) -> Result<Dataset> {
    let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let rows = if is_parquet { guarded_parquet_rows(path) } else { csv_rows(path, &COLUMNS) }?;
    let root = path.parent().unwrap_or(Path::new("."));
    let mut dataset = Dataset { items: vec![], skipped: vec![] };
    let mut first_rows = HashMap::new();
    for (row, cells) in (1..).zip(rows) {
        let item =
            item(root, cells).map_err(|reason| wrong(path, format!("row {row}: {reason}")))?;
        match unusable(&item, row, &mut first_rows) {
            None => dataset.items.push(item),
            Some(reason) if item.name.is_empty() => {
                dataset.skipped.push(Skipped { name: format!("row {row}"), reason });
            }
            Some(reason) => dataset.skipped.push(Skipped { name: item.name, reason }),
        }
    }
    Ok(dataset)
}

/// Why an item cannot be used. A picture listed twice would be its own neighbour, or lie in two
/// splits.
fn unusable(item: &Item, row: usize, first_rows: &mut HashMap<PathBuf, usize>) -> Option<String> {
    if item.name.is_empty() {
        return Some("no path".into());
    }
    if let Some(first) = first_rows.get(&item.path) {
        return Some(format!("row {row} lists it again, after row {first}"));
    }
    first_rows.insert(item.path.clone(), row);
    (!item.path.is_file()).then(|| "no such file".into())
}

pub(super) fn wrong(path: &Path, reason: String) -> Error {
    Error::Manifest { path: path.into(), reason }
}

impl Columns {
    fn check(&self, path: &Path, columns: &[String]) -> Result<()> {
        if columns.len() > MOST_COLUMNS {
            return Err(wrong(
                path,
                format!("{} columns, expected at most {MOST_COLUMNS}", columns.len()),
            ));
        }
        if let Some(length) = columns.iter().map(String::len).find(|&length| length > LONGEST_NAME)
        {
            let reason =
                format!("a column's name of {length} bytes, expected at most {LONGEST_NAME}");
            return Err(wrong(path, reason));
        }
        match self.required.iter().find(|name| !columns.iter().any(|c| c == *name)) {
            None => Ok(()),
            Some(missing) => Err(wrong(
                path,
                format!(
                    "no column {missing}, got {}; expected {}",
                    quoted(&columns.join(", ")),
                    self.expected
                ),
            )),
        }
    }
}

/// The rows of a table that has these columns, and perhaps others.
pub(super) fn csv_rows(path: &Path, expected: &Columns) -> Result<Vec<Row>> {
    let bad = |e: csv::Error| wrong(path, e.to_string());
    let file = open(path, MOST_BYTES)?;
    let mut reader = csv::Reader::from_reader(file);
    let columns: Vec<String> = reader.headers().map_err(bad)?.iter().map(str::to_owned).collect();
    expected.check(path, &columns)?;
    reader
        .records()
        .map(|record| {
            let record = record.map_err(bad)?;
            Ok(columns.iter().cloned().zip(record.iter().map(str::to_owned)).collect())
        })
        .collect()
}

/// A file, if it is no longer than so many bytes.
fn open(path: &Path, most: u64) -> Result<File> {
    let failed = |source| Error::File { path: path.into(), source };
    let file = File::open(path).map_err(failed)?;
    match file.metadata().map_err(failed)?.len() {
        bytes if bytes > most => {
            Err(wrong(path, format!("{bytes} bytes, expected at most {most}")))
        }
        _ => Ok(file),
    }
}

/// The `parquet` crate panics on some damaged files: on negative offsets, absent dictionaries,
/// impossible times.
fn guarded_parquet_rows(path: &Path) -> Result<Vec<Row>> {
    let damaged =
        || wrong(path, "the Parquet decoder fails on it, it is damaged; write it anew".into());
    std::panic::catch_unwind(|| parquet_rows(path)).unwrap_or_else(|_| Err(damaged()))
}

fn parquet_rows(path: &Path) -> Result<Vec<Row>> {
    let bad = |e: parquet::errors::ParquetError| wrong(path, e.to_string());
    let file = open(path, u64::MAX)?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let reader = SerializedFileReader::new(file).map_err(bad)?;
    // Paths differ, so that a row takes a byte at least; a column of one value could claim any
    // number of rows.
    let rows = reader
        .metadata()
        .row_groups()
        .iter()
        .map(|group| group.num_rows())
        .fold(0_i64, i64::saturating_add);
    if u64::try_from(rows).is_ok_and(|rows| rows > bytes) {
        return Err(wrong(
            path,
            format!("claims {rows} rows in {bytes} bytes, expected at most one a byte"),
        ));
    }
    let schema = reader.metadata().file_metadata().schema();
    let columns: Vec<String> = schema.get_fields().iter().map(|f| f.name().to_owned()).collect();
    COLUMNS.check(path, &columns)?;
    reader
        .get_row_iter(None)
        .map_err(bad)?
        .map(|row| {
            let row = row.map_err(bad)?;
            Ok(row.get_column_iter().map(|(name, field)| (name.clone(), text(field))).collect())
        })
        .collect()
}

/// A cell as text; null is empty, a list is joined as labels are.
fn text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        // Some writers do not mark their texts as such.
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        Field::ListInternal(list) => {
            let parts: Vec<String> = list.elements().iter().map(text).collect();
            parts.join(&LABEL_SEPARATOR.to_string())
        }
        other => other.to_string(),
    }
}

/// The item of a row, or what is wrong with it.
fn item(root: &Path, row: Row) -> std::result::Result<Item, String> {
    let cell =
        |name: &str| row.get(name).map(|v| v.trim()).filter(|v| !v.is_empty()).map(str::to_owned);
    let split = match cell("split") {
        None => None,
        Some(word) => Some(Split::parse(&word).ok_or_else(|| {
            format!(
                "split is {:?}, expected train, validation, database, query or nothing",
                quoted(&word)
            )
        })?),
    };
    let name = cell("path").unwrap_or_default();
    let labels = cell("labels").unwrap_or_default();
    let words = labels.split(LABEL_SEPARATOR).map(str::trim).filter(|label| !label.is_empty());
    let mut labels: Vec<String> = Vec::new();
    for word in words {
        if !labels.iter().any(|label| label == word) {
            labels.push(word.to_owned());
        }
    }
    Ok(Item {
        path: root.join(&name),
        labels,
        patient: cell("patient_id"),
        group: cell("group"),
        view: cell("view"),
        source: cell("source"),
        licence: cell("licence"),
        split,
        name,
        columns: row,
    })
}
