//! Counts of a gallery's contents.

use std::{fmt, fs};

use retrieval::ModelId;
use serde::Serialize;

use crate::store::Field;
use crate::{Gallery, Result};

/// Counts and sizes of a gallery. `Display` writes a line for each.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Info {
    /// The gallery's folder or server.
    pub gallery: String,
    /// The model of the gallery's codes.
    pub model: ModelId,
    /// The codes' length in bits.
    pub bits: usize,
    /// The embeddings' length, if there are any.
    pub dimensions: Option<usize>,
    /// The number of pictures.
    pub records: usize,
    /// The number of pictures that cannot be found: the code is missing or damaged, or the
    /// embedding is damaged.
    pub unindexed: usize,
    /// The number of distinct known patients.
    pub patients: usize,
    /// The number of pictures of each source, most first.
    pub sources: Vec<(String, usize)>,
    /// The number of pictures with each label, most first.
    pub labels: Vec<(String, usize)>,
    /// The size of the database, its write-ahead log and the index's file on the disk, in bytes.
    pub bytes: u64,
}

impl Gallery {
    /// Counts the gallery's contents.
    ///
    /// # Errors
    /// If the database fails.
    pub fn info(&self) -> Result<Info> {
        let totals = self.store.totals()?;
        Ok(Info {
            gallery: self.location().to_string(),
            model: self.meta.model.clone(),
            bits: self.meta.bits,
            dimensions: self.meta.dimensions,
            records: totals.records,
            unindexed: totals.records.saturating_sub(self.index.len() + self.store.pending()),
            patients: totals.patients,
            sources: self.store.counts(Field::Source, usize::MAX)?,
            labels: self.store.counts(Field::Label, usize::MAX)?,
            bytes: self.bytes_on_disk(),
        })
    }

    /// The size of the database and the index's file on the disk, in bytes.
    #[must_use]
    pub fn bytes_on_disk(&self) -> u64 {
        let segment = self.store.folder().zip(self.meta.segment);
        let segment = segment.and_then(|(dir, name)| fs::metadata(dir.join(name.to_string())).ok());
        self.store.bytes() + segment.map_or(0, |metadata| metadata.len())
    }
}

impl fmt::Display for Info {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &[(String, usize)]| {
            let named = |(name, n): &(String, usize)| {
                format!("{} {n}", if name.is_empty() { "(not stated)" } else { name.as_str() })
            };
            if counts.is_empty() {
                "none".to_owned()
            } else {
                counts.iter().map(named).collect::<Vec<_>>().join(", ")
            }
        };
        writeln!(f, "gallery     {}", self.gallery)?;
        writeln!(f, "model       {}", self.model)?;
        write!(f, "codes       {} bits", self.bits)?;
        match self.dimensions {
            Some(dimensions) => writeln!(f, ", embeddings of {dimensions} values")?,
            None => writeln!(f)?,
        }
        write!(f, "pictures    {}", self.records)?;
        match self.unindexed {
            0 => writeln!(f)?,
            n => writeln!(f, ", of which {n} cannot be found: verify the gallery")?,
        }
        writeln!(f, "patients    {}", self.patients)?;
        writeln!(f, "sources     {}", list(&self.sources))?;
        writeln!(f, "labels      {}", list(&self.labels))?;
        write!(f, "on disk     {:.1} MB", self.bytes as f64 / 1e6)
    }
}
