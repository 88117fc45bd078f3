//! Data sets in any layout: their pictures, with labels, patients and splits.

mod boxes;
mod class_folders;
mod manifest;
mod split;
mod table;
mod text;
mod values;

pub use boxes::{BoundingBox, read_boxes};

use crate::error::{Error, Result, quoted};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// The part of a data set that a picture belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Learned from.
    Train,
    /// Kept for choosing between trained networks.
    Validation,
    /// Searched, not learned from.
    Database,
    /// Asked.
    Query,
}

impl Split {
    /// The split's name in manifests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Database => "database",
            Self::Query => "query",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Train, Self::Validation, Self::Database, Self::Query]
            .into_iter()
            .find(|s| s.name() == word)
    }
}

/// One picture of a data set.
#[derive(Clone, PartialEq)]
pub struct Item {
    /// The path at which it can be opened.
    pub path: PathBuf,
    /// Its path as the data set names it.
    pub name: String,
    /// Labels; none is allowed.
    pub labels: Vec<String>,
    /// Patient, unique within the source: patient data, never shown by `Debug`.
    pub patient: Option<String>,
    /// A name shared by pictures that a split keeps together, where a patient's are not enough.
    pub group: Option<String>,
    /// View: PA, AP, lateral …
    pub view: Option<String>,
    /// Data source.
    pub source: Option<String>,
    /// Licence of the picture.
    pub licence: Option<String>,
    /// Part of the data set; none where it is not cut.
    pub split: Option<Split>,
    /// Further values of the manifest.
    pub description: Description,
    /// Every column of the manifest as it stands.
    pub columns: BTreeMap<String, String>,
}

/// A manifest's description of a picture, beside the values for training and evaluation. It is
/// patient data, never shown by `Debug`.
#[derive(Clone, Default, PartialEq)]
pub struct Description {
    /// Study Instance UID, or another name of the study.
    pub study: Option<String>,
    /// Series Instance UID, or another name of the series.
    pub series: Option<String>,
    /// Modality: CR, DX …
    pub modality: Option<String>,
    /// Body part.
    pub body_part: Option<String>,
    /// Sex, as DICOM's code: M, F or O.
    pub sex: Option<String>,
    /// Age in completed years.
    pub age: Option<u32>,
    /// Day of the study, as eight digits.
    pub study_date: Option<String>,
    /// Text of the report.
    pub report: Option<String>,
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("name", &self.name)
            .field("labels", &self.labels)
            .field("split", &self.split)
            .finish_non_exhaustive()
    }
}

/// A picture that a data set lists but that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its name in the data set.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// Cells of one column that were not understood and left out, though their pictures are used. Their
/// values are patient data, never shown by `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// The column.
    pub column: &'static str,
    /// Number of such cells.
    pub count: usize,
    /// The first rows that have one, from 1, the header not counted.
    pub rows: Vec<usize>,
    /// Their cells, shortened.
    pub values: Vec<String>,
    /// The values that are understood, in words.
    pub expected: &'static str,
}

impl Unread {
    fn new(column: &'static str, expected: &'static str) -> Self {
        Self { column, count: 0, rows: vec![], values: vec![], expected }
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unread({} of {})", self.count, self.column)
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { column, count, expected, .. } = self;
        write!(f, "{count} cells of the column {column} were not understood and left out (")?;
        for (number, (row, value)) in self.rows.iter().zip(&self.values).enumerate() {
            write!(f, "{}row {row}: {value:?}", if number == 0 { "" } else { ", " })?;
        }
        let more = if self.rows.len() < *count { ", …" } else { "" };
        write!(f, "{more}), expected {expected}")
    }
}

/// A data set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// The pictures that can be used.
    pub items: Vec<Item>,
    /// The pictures that cannot be used, with reasons.
    pub skipped: Vec<Skipped>,
    /// Cells of the manifest that were not understood and left out, by column.
    pub unread: Vec<Unread>,
    /// A guess at the manifest's encoding that somebody should know of.
    pub note: Option<String>,
}

impl Dataset {
    /// Opens a manifest (`.csv`, `.parquet`), a folder with a `manifest.csv` or `manifest.parquet`,
    /// or a folder of class folders.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Manifest`], and [`Error::NoPictures`] if nothing in it can be
    /// used.
    pub fn open(path: &Path) -> Result<Self> {
        let metadata =
            std::fs::metadata(path).map_err(|source| Error::File { path: path.into(), source })?;
        let dataset = if metadata.is_file() {
            manifest::read(path)?
        } else {
            let inside = ["manifest.csv", "manifest.parquet"].map(|name| path.join(name));
            match inside.iter().find(|manifest| manifest.is_file()) {
                Some(manifest) => manifest::read(manifest)?,
                None => class_folders::read(path)?,
            }
        };
        dataset.usable(path)
    }

    /// Every label that some item bears, sorted.
    pub fn vocabulary(&self) -> Vec<String> {
        let mut labels: Vec<String> =
            self.items.iter().flat_map(|item| item.labels.iter().cloned()).collect();
        labels.sort_unstable();
        labels.dedup();
        labels
    }

    /// Remarks on cells left out and on guesses at the manifest, a sentence each.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        let note = self.note.iter().map(|note| format!("the manifest {note}"));
        note.chain(self.unread.iter().map(Unread::to_string))
    }

    fn usable(self, path: &Path) -> Result<Self> {
        if !self.items.is_empty() {
            return Ok(self);
        }
        let example = self
            .skipped
            .first()
            .map(|s| format!(", the first: {}: {}", quoted(&s.name), quoted(&s.reason)));
        Err(Error::NoPictures {
            path: path.into(),
            skipped: self.skipped.len(),
            example: example.unwrap_or_default(),
            expected: "a manifest with the columns path and labels, or a folder with one folder of pictures a class",
        })
    }
}

/// An error of a table.
fn wrong(path: &Path, reason: String) -> Error {
    Error::Manifest { path: path.into(), reason }
}
