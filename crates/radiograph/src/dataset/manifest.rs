//! Manifests: a table with a row a picture. Only `path` and `labels` are required.

use super::table::{Columns, LABEL_SEPARATOR, Row, csv_rows, parquet_rows};
use super::values::{Losses, known, name};
use super::{Dataset, Item, Skipped, Split, wrong};
use crate::error::{Result, quoted};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const COLUMNS: Columns = Columns {
    required: &["path", "labels"],
    expected: "path and labels, and if known patient_id, view, source, licence, split, group",
};

/// Reads a manifest; paths in it are relative to its folder.
pub(super) fn read(path: &Path) -> Result<Dataset> {
    let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let (rows, note) =
        if is_parquet { (parquet_rows(path, &COLUMNS)?, None) } else { csv_rows(path, &COLUMNS)? };
    let root = path.parent().unwrap_or(Path::new("."));
    let mut dataset = Dataset { note, ..Dataset::default() };
    let (mut first_rows, mut losses) = (HashMap::new(), Losses::default());
    for (row, cells) in (1..).zip(rows) {
        let item = item(root, (row, cells), &mut losses)
            .map_err(|reason| wrong(path, format!("row {row}: {reason}")))?;
        match unusable(&item, row, &mut first_rows) {
            None => dataset.items.push(item),
            Some(reason) if item.name.is_empty() => {
                dataset.skipped.push(Skipped { name: format!("row {row}"), reason });
            }
            Some(reason) => dataset.skipped.push(Skipped { name: item.name, reason }),
        }
    }
    dataset.unread = losses.unread();
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

/// The item of a row, or what is wrong with it.
fn item(
    root: &Path,
    (number, row): (usize, Row),
    losses: &mut Losses,
) -> std::result::Result<Item, String> {
    let split = match known(&row, "split") {
        None => None,
        Some(word) => Some(Split::parse(&word).ok_or_else(|| {
            format!(
                "split is {:?}, expected train, validation, database, query or nothing",
                quoted(&word)
            )
        })?),
    };
    let path = row.get("path").map(|path| path.trim().to_owned()).unwrap_or_default();
    Ok(Item {
        path: root.join(&path),
        name: path,
        labels: labels(&row),
        patient: name(&row, "patient_id"),
        group: name(&row, "group"),
        view: known(&row, "view"),
        source: known(&row, "source"),
        licence: known(&row, "licence"),
        split,
        description: losses.description(number, &row),
        columns: row,
    })
}

/// The labels of a row, each once.
fn labels(row: &Row) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    let cell = row.get("labels").map_or("", |labels| labels.trim());
    // A data frame's word for no label.
    let cell = if cell.eq_ignore_ascii_case("nan") { "" } else { cell };
    for word in cell.split(LABEL_SEPARATOR).map(str::trim).filter(|label| !label.is_empty()) {
        if !labels.iter().any(|label| label == word) {
            labels.push(word.to_owned());
        }
    }
    labels
}
