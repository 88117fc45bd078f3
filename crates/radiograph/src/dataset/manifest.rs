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

/// The columns that are read, each with its spellings: its own name, and the keyword that DICOM has
/// for it; both in small letters and digits alone.
const READ: [(&str, &[&str]); 16] = [
    ("path", &["path"]),
    ("labels", &["labels"]),
    ("patient_id", &["patientid"]),
    ("group", &["group"]),
    ("view", &["view", "viewposition"]),
    ("source", &["source"]),
    ("licence", &["licence"]),
    ("split", &["split"]),
    ("study", &["study", "studyinstanceuid"]),
    ("series", &["series", "seriesinstanceuid"]),
    ("modality", &["modality"]),
    ("body_part", &["bodypart", "bodypartexamined"]),
    ("sex", &["sex", "patientsex"]),
    ("age", &["age", "patientage"]),
    ("study_date", &["studydate"]),
    ("report", &["report"]),
];

/// Reads a manifest; paths in it are relative to its folder.
pub(super) fn read(path: &Path) -> Result<Dataset> {
    let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let (mut rows, note) =
        if is_parquet { (parquet_rows(path, &COLUMNS)?, None) } else { csv_rows(path, &COLUMNS)? };
    if let Some(names) = rows.first().map(other_spellings) {
        rows.iter_mut().for_each(|row| rename(row, &names));
    }
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

/// The columns that are another spelling of one that is read, such as `Age`, `Patient ID` or
/// DICOM's keyword, with the names that are read. One that is there itself has no other spelling.
fn other_spellings(row: &Row) -> Vec<(String, &'static str)> {
    let plain = |name: &str| -> String {
        name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let spelling = |&(name, spellings): &(&'static str, &[&str])| {
        let mut others = row.keys().filter(|_| !row.contains_key(name));
        let column = others.find(|column| spellings.contains(&plain(column).as_str()))?;
        Some((column.clone(), name))
    };
    READ.iter().filter_map(spelling).collect()
}

fn rename(row: &mut Row, names: &[(String, &'static str)]) {
    for (column, name) in names {
        let cell = row.remove(column);
        row.extend(cell.map(|cell| ((*name).to_owned(), cell)));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_spellings_of_columns_are_read() {
        let row = |columns: &[&str]| -> Row {
            columns.iter().map(|&column| (column.to_owned(), column.to_owned())).collect()
        };
        let mut spelled = row(&["Age", "Patient ID", "PatientSex", "StudyDate", "remark", ""]);
        let names = other_spellings(&spelled);
        rename(&mut spelled, &names);
        let columns: Vec<&str> = spelled.keys().map(String::as_str).collect();
        assert_eq!(columns, ["", "age", "patient_id", "remark", "sex", "study_date"]);
        assert_eq!(spelled["age"], "Age");
        assert!(other_spellings(&row(&["age", "Age", "AGE", "path"])).is_empty());
    }
}
