//! What a gallery holds, counted.

use std::path::{Path, PathBuf};
use std::{fmt, fs};

use serde::Serialize;

use super::{DATABASE, Gallery};
use crate::{ModelId, Result};

/// Counts and sizes of a gallery. `Display` is a line for each.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Info {
    /// The gallery's folder.
    pub dir: PathBuf,
    /// The model whose codes these are.
    pub model: ModelId,
    /// The codes' length.
    pub bits: usize,
    /// The embeddings' length, once there is one.
    pub dimensions: Option<usize>,
    /// Pictures.
    pub records: usize,
    /// Pictures that cannot be found, because their code is missing or damaged.
    pub unindexed: usize,
    /// Distinct patients known.
    pub patients: usize,
    /// Pictures of each source, most first; those of none under the empty name.
    pub sources: Vec<(String, usize)>,
    /// Pictures with each label, most first.
    pub labels: Vec<(String, usize)>,
    /// What the database, its write-ahead log and the index's file take on the disk.
    pub bytes: u64,
}

impl Gallery {
    /// Counts what the gallery holds.
    ///
    /// # Errors
    /// If the database fails.
    pub fn info(&self) -> Result<Info> {
        let records = self.count("SELECT count(*) FROM records")?;
        let sources = "SELECT coalesce(source, ''), count(*) AS n FROM records GROUP BY 1 ORDER BY n DESC, 1";
        let labels = "SELECT label, count(DISTINCT record) AS n FROM labels GROUP BY 1 ORDER BY n DESC, 1";
        Ok(Info {
            dir: self.dir.clone(),
            model: self.meta.model.clone(),
            bits: self.meta.bits,
            dimensions: self.meta.dimensions,
            records,
            unindexed: records.saturating_sub(self.index.len() + self.pending),
            patients: self.count("SELECT count(DISTINCT patient) FROM records")?,
            sources: self.counts(sources)?,
            labels: self.counts(labels)?,
            bytes: self.bytes_on_disk(),
        })
    }

    /// What the gallery's files take.
    #[must_use]
    pub fn bytes_on_disk(&self) -> u64 {
        let segment = self.meta.segment.map(|name| name.to_string());
        let files = [Some(DATABASE.to_owned()), Some(format!("{DATABASE}-wal")), segment];
        files.into_iter().flatten().map(|name| file_size(&self.dir.join(name))).sum()
    }

    /// The number that a statement selects.
    pub(super) fn count(&self, sql: &str) -> Result<usize> {
        let count = self.connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        count.map(|count| count as usize).map_err(|source| self.failed(source))
    }

    /// Names and numbers that a statement selects.
    pub(super) fn counts(&self, sql: &str) -> Result<Vec<(String, usize)>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize)))?.collect()
        };
        read().map_err(|source| self.failed(source))
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
        writeln!(f, "folder      {}", self.dir.display())?;
        writeln!(f, "model       {}", self.model)?;
        write!(f, "codes       {} bits", self.bits)?;
        match self.dimensions {
            Some(dimensions) => writeln!(f, ", embeddings of {dimensions} values")?,
            None => writeln!(f)?,
        }
        write!(f, "pictures    {}", self.records)?;
        match self.unindexed {
            0 => writeln!(f)?,
            n => writeln!(f, ", of which {n} cannot be found: run `skiagraph gallery verify`")?,
        }
        writeln!(f, "patients    {}", self.patients)?;
        writeln!(f, "sources     {}", list(&self.sources))?;
        writeln!(f, "labels      {}", list(&self.labels))?;
        write!(f, "on disk     {:.1} MB", self.bytes as f64 / 1e6)
    }
}

/// The size of a file, 0 if there is none.
fn file_size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}
