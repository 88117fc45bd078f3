//! Rows of a table, as CSV or Parquet.

use super::text::Text;
use super::wrong;
use crate::error::{Error, Result, quoted};
use parquet::basic::{LogicalType, TimeUnit};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use parquet::schema::types::Type;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Separates labels within their column.
pub(super) const LABEL_SEPARATOR: char = '|';
/// A table has at most so many columns, whose names have so many bytes: every row keeps them, so a
/// long header would cost memory for each.
const MOST_COLUMNS: usize = 256;
const LONGEST_NAME: usize = 128;
/// Nanoseconds of a millisecond.
const NANOSECONDS: i64 = 1_000_000;

/// The cells of a row by their column.
pub(super) type Row = BTreeMap<String, String>;

/// The columns that a table must have.
pub(super) struct Columns {
    pub required: &'static [&'static str],
    /// The expectation that the error states where one is missing.
    pub expected: &'static str,
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
        if let Some(missing) = self.required.iter().find(|name| !columns.iter().any(|c| c == *name))
        {
            let (got, expected) = (quoted(&columns.join(", ")), self.expected);
            return Err(wrong(
                path,
                format!("no column {missing}, got {got}; expected {expected}"),
            ));
        }
        // The last one would take the place of the others.
        let twice = (1..columns.len())
            .find(|&at| !columns[at].is_empty() && columns[..at].contains(&columns[at]));
        twice.map_or(Ok(()), |at| {
            let (name, first) =
                (quoted(&columns[at]), columns.iter().position(|c| *c == columns[at]));
            Err(wrong(
                path,
                format!(
                    "columns {} and {} are both named {name}, expected each name once: rename or \
                     remove one",
                    first.unwrap_or(0) + 1,
                    at + 1
                ),
            ))
        })
    }
}

/// The rows of a table as CSV that has these columns, and perhaps others; and what is to be said of
/// its encoding. Columns without a name are left out.
pub(super) fn csv_rows(path: &Path, expected: &Columns) -> Result<(Vec<Row>, Option<String>)> {
    let bad = |e: csv::Error| wrong(path, e.to_string());
    let text = Text::read(path)?;
    let separator = text.separator(expected.required);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).from_reader(text.text.as_bytes());
    let columns: Vec<String> =
        reader.headers().map_err(bad)?.iter().map(|name| name.trim().to_owned()).collect();
    expected.check(path, &columns)?;
    let rows = reader.records().map(|record| {
        let record = record.map_err(bad)?;
        let cells = columns.iter().cloned().zip(record.iter().map(str::to_owned));
        Ok(cells.filter(|(name, _)| !name.is_empty()).collect())
    });
    Ok((rows.collect::<Result<_>>()?, text.note))
}

/// The rows of a table as Parquet. Its crate panics on some damaged files: on negative offsets,
/// absent dictionaries, impossible times.
pub(super) fn parquet_rows(path: &Path, expected: &Columns) -> Result<Vec<Row>> {
    let damaged =
        || wrong(path, "the Parquet decoder fails on it, it is damaged; write it anew".into());
    std::panic::catch_unwind(|| read_parquet(path, expected)).unwrap_or_else(|_| Err(damaged()))
}

fn read_parquet(path: &Path, expected: &Columns) -> Result<Vec<Row>> {
    let failed = |source| Error::File { path: path.into(), source };
    let bad = |e: parquet::errors::ParquetError| wrong(path, e.to_string());
    let file = File::open(path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len();
    let reader = SerializedFileReader::new(file).map_err(bad)?;
    // Paths differ, so that a row takes a byte at least; a column of one value could claim any
    // number of rows.
    let groups = reader.metadata().row_groups().iter();
    let rows = groups.map(|group| group.num_rows()).fold(0_i64, i64::saturating_add);
    if u64::try_from(rows).is_ok_and(|rows| rows > bytes) {
        return Err(wrong(
            path,
            format!("claims {rows} rows in {bytes} bytes, expected at most one a byte"),
        ));
    }
    let fields = reader.metadata().file_metadata().schema().get_fields();
    let columns: Vec<String> = fields.iter().map(|f| f.name().to_owned()).collect();
    expected.check(path, &columns)?;
    let nanoseconds: Vec<bool> = fields.iter().map(|field| has_nanoseconds(field)).collect();
    let rows = reader.get_row_iter(None).map_err(bad)?.map(|row| {
        let row = row.map_err(bad)?;
        let cells = row.get_column_iter().zip(&nanoseconds);
        Ok(cells
            .map(|((name, field), &nanoseconds)| (name.clone(), text(field, nanoseconds)))
            .collect())
    });
    rows.collect()
}

/// Whether a column has times in nanoseconds, which the crate gives as numbers.
fn has_nanoseconds(column: &Type) -> bool {
    column.get_basic_info().logical_type_ref().is_some_and(
        |kind| matches!(kind, LogicalType::Timestamp(time) if time.unit == TimeUnit::NANOS),
    )
}

/// A cell as text; null is empty, a list is joined as labels are.
fn text(field: &Field, nanoseconds: bool) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        // Some writers do not mark their texts as such.
        Field::Bytes(bytes) => String::from_utf8_lossy(bytes.data()).into_owned(),
        Field::Long(time) if nanoseconds => {
            Field::TimestampMillis(time.div_euclid(NANOSECONDS)).to_string()
        }
        Field::Float(number) => format!("{number:?}"),
        Field::Double(number) => format!("{number:?}"),
        Field::ListInternal(list) => {
            let parts: Vec<String> = list.elements().iter().map(|part| text(part, false)).collect();
            parts.join(&LABEL_SEPARATOR.to_string())
        }
        other => other.to_string(),
    }
}
