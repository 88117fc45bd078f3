//! The gallery: one folder that holds records, codes, embeddings and thumbnails durably, and searches them.
//!
//! The truth is an SQLite database in the folder; the [`Index`] is built from it, and kept in a file beside it so that a gallery
//! opens at once.
//! What [`Gallery::commit`] has returned from survives a kill or a power cut; what came after it leaves no trace.
//! Several processes may open one gallery: SQLite lets one write at a time, and [`Gallery::refresh`] brings the
//! index of the others up to date.

mod backup;
mod browse;
mod catch_up;
mod compact;
mod date;
mod failure;
mod feedback;
mod filter;
mod info;
mod log;
mod map;
mod meta;
mod query;
mod read;
mod record;
mod reindex;
mod rows;
mod schema;
mod search;
mod segment;
mod transfer;
mod verify;
mod write;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use crate::{Embedding, Error, Index, ModelId, Result};

use failure::database_error;
use meta::Meta;
use segment::Merging;

pub use browse::{Facets, Page};
pub use compact::Compacted;
pub use date::Date;
pub use filter::{Filter, FilterError};
pub use info::Info;
pub use map::{MAP, Plot, Trait};
pub use query::{Example, Feedback, Query, Rehash};
pub use record::{Entry, Insertion, Record};
pub use search::Hit;
pub use transfer::Manifest;
pub use verify::Problem;

/// The database's file name in the gallery's folder.
pub const DATABASE: &str = "gallery.sqlite";

/// A durable set of radiographs' records and codes, of one model.
#[derive(Debug)]
pub struct Gallery {
    dir: PathBuf,
    connection: Connection,
    /// As of the generation that the index has.
    meta: Meta,
    index: Index,
    /// Insertions since the last commit.
    pending: usize,
    /// SQLite's count of the changes that other connections made.
    data_version: Cell<i64>,
    /// The index on its way to one segment.
    merging: Option<Merging>,
    /// Why the index's file could not be used.
    unusable: Option<String>,
}

impl Gallery {
    /// Makes an empty gallery in a folder that does not exist or is empty.
    ///
    /// # Errors
    /// If the folder holds anything, cannot be written, or no code has that many bits.
    pub fn create(dir: &Path, model: &ModelId, bits: usize) -> Result<Self> {
        schema::create(dir, model, bits)?;
        Self::open(dir)
    }

    /// Opens a gallery and builds its index.
    ///
    /// # Errors
    /// If the folder is no gallery, one of a newer program, damaged, or cannot be written.
    pub fn open(dir: &Path) -> Result<Self> {
        schema::check_header(dir)?;
        log::check(dir)?;
        let failed = |source| database_error(dir, 0, source);
        let connection = schema::connect(&dir.join(DATABASE)).map_err(failed)?;
        schema::migrate(dir, &connection)?;
        let meta = Meta { generation: 0, ..Meta::read(dir, &connection)? };
        let index = Index::new(meta.bits)?;
        let mut gallery = Self {
            dir: dir.to_owned(),
            connection,
            meta,
            index,
            pending: 0,
            data_version: Cell::new(0),
            merging: None,
            unusable: None,
        };
        gallery.catch_up()?;
        if gallery.is_loose() {
            gallery.merge(true);
        }
        Ok(gallery)
    }

    /// Opens the gallery of a model, or makes it if the folder does not exist or is empty.
    ///
    /// # Errors
    /// [`Error::OtherModel`] if the gallery holds codes of another model; else as [`Gallery::open`] and
    /// [`Gallery::create`].
    pub fn open_or_create(dir: &Path, model: &ModelId, bits: usize) -> Result<Self> {
        if !dir.join(DATABASE).exists() {
            return Self::create(dir, model, bits);
        }
        let gallery = Self::open(dir)?;
        gallery.check_model(model, bits)?;
        Ok(gallery)
    }

    /// That the gallery's codes may be compared with those of the model.
    ///
    /// # Errors
    /// [`Error::OtherModel`] if not; its message names both models and the command that indexes again.
    pub fn check_model(&self, model: &ModelId, bits: usize) -> Result<()> {
        if self.meta.model == *model && self.meta.bits == bits {
            return Ok(());
        }
        Err(Error::OtherModel {
            dir: self.dir.clone(),
            got: self.meta.model.clone(),
            got_bits: self.meta.bits,
            expected: model.clone(),
            expected_bits: bits,
        })
    }

    /// The gallery's folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The model whose codes these are.
    #[must_use]
    pub fn model(&self) -> &ModelId {
        &self.meta.model
    }

    /// The codes' length.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.meta.bits
    }

    /// The number of the last transaction that [`Gallery::index`] knows. Every committed change of the gallery, of this
    /// process or another, has a higher number than the one before.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.meta.generation
    }

    /// The number of committed codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether nothing is committed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The ids of the committed codes, ascending. An id is never used twice, not even after a deletion.
    #[must_use]
    pub fn ids(&self) -> Vec<u64> {
        self.index.ids()
    }

    /// The committed codes.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Whether a record has this key, committed or not.
    ///
    /// # Errors
    /// If the database fails.
    pub fn contains(&self, key: &str) -> Result<bool> {
        Ok(self.id_of(key)?.is_some())
    }

    /// The id of the record with this key, committed or not.
    ///
    /// # Errors
    /// If the database fails.
    pub fn id_of(&self, key: &str) -> Result<Option<u64>> {
        let id = self
            .connection
            .prepare_cached("SELECT id FROM records WHERE key = ?1")
            .and_then(|mut statement| statement.query_row([key], |row| row.get::<_, i64>(0)).optional());
        Ok(id.map_err(|source| self.failed(source))?.map(i64::cast_unsigned))
    }

    fn check_dimensions(&self, embedding: &Embedding) -> Result<()> {
        let got = embedding.values().len();
        match self.meta.dimensions {
            Some(expected) if expected != got => Err(Error::EmbeddingMismatch { got, expected }),
            _ => Ok(()),
        }
    }

    fn failed(&self, source: rusqlite::Error) -> Error {
        database_error(&self.dir, self.pending, source)
    }
}

impl Drop for Gallery {
    /// What was begun is finished, so that it need not be begun again.
    fn drop(&mut self) {
        self.finish_merging();
    }
}

#[cfg(test)]
mod tests;
