//! The gallery: records, codes, embeddings and thumbnails, kept durably, and searched.
//!
//! The truth is a database: SQLite in a folder, or PostgreSQL on a server. The [`Index`] is built
//! from it, and kept in a file beside it so that a gallery opens at once. A change survives a kill
//! or a power cut once [`Gallery::commit`] has returned. Changes since the last commit leave no
//! trace. Several processes may open one gallery: [`Gallery::refresh`] brings the index of each up
//! to date with what the others did.

mod backup;
mod browse;
mod catch_up;
mod compact;
mod database;
mod date;
mod error;
mod feedback;
#[cfg_attr(not(feature = "postgresql"), expect(dead_code, reason = "a server alone uses all"))]
mod filter;
mod info;
mod location;
mod map;
#[cfg(feature = "postgresql")]
mod postgres;
#[cfg(not(feature = "postgresql"))]
#[path = "postgres_absent.rs"]
mod postgres;
mod postgres_error;
mod query;
#[cfg_attr(not(feature = "postgresql"), expect(dead_code, reason = "a server alone uses all"))]
mod queue;
mod read;
mod record;
mod reindex;
mod search;
mod segment;
mod segment_name;
mod sqlite;
mod store;
mod transfer;
mod verify;
mod write;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use retrieval::{Index, ModelId, check_bits};

use segment::Merging;
use sqlite::Sqlite;
use store::{Meta, Store};

pub use browse::{Facets, Page};
pub use compact::Compacted;
pub use database::{Database, Opening};
pub use date::{Date, DateError};
pub use error::{Error, Result};
pub use filter::{Filter, FilterError};
pub use info::Info;
pub use location::Location;
pub use map::{MAP, Plot, Trait};
pub use postgres_error::PostgresError;
pub use query::{EncodeEmbedding, Example, Feedback, Order, Query};
pub use queue::{Job, Queue, QueueLength, SetAside, Waiting};
pub use record::{Entry, Insertion, Record};
pub use reindex::ReindexingError;
pub use search::Hit;
pub use sqlite::{DATABASE, SqliteError};
pub use transfer::{Manifest, TransferError};
pub use verify::Problem;

/// A durable set of radiographs' records and codes, of one model.
#[derive(Debug)]
pub struct Gallery {
    store: Box<dyn Store>,
    /// The database's description of the gallery, as of the index's generation.
    meta: Meta,
    index: Index,
    /// The ids of records that the index lacks, because their codes are damaged.
    damaged: BTreeSet<u64>,
    /// A merging of the index into one segment, in another thread.
    merging: Option<Merging>,
    /// True if the index comes from a file.
    filed: bool,
    /// The reason why the index's file could not be used.
    unusable: Option<String>,
    /// False if the gallery was opened without an index.
    indexes: bool,
}

impl Gallery {
    /// Makes an empty gallery: in a folder that does not exist or is empty, or in a database
    /// without one.
    ///
    /// # Errors
    /// If there is anything, nothing can be written, or no code has that many bits.
    pub fn create(at: impl Into<Location>, model: &ModelId, bits: usize) -> Result<Self> {
        let at = at.into();
        Self::make(&at, model, bits)?;
        Self::open(at)
    }

    fn make(at: &Location, model: &ModelId, bits: usize) -> Result<()> {
        check_bits(bits)?;
        match at {
            Location::Folder(dir) => Sqlite::create(dir, model, bits),
            Location::Server(url) => postgres::create(url, model, bits),
        }
    }

    /// Opens a gallery and builds its index.
    ///
    /// # Errors
    /// If there is no gallery, one of a newer program, or a damaged one; if it cannot be written;
    /// if a server does not answer.
    pub fn open(at: impl Into<Location>) -> Result<Self> {
        let mut gallery = Self::open_without_index(at)?;
        gallery.indexes = true;
        // The index so far is of no model.
        (gallery.meta.generation, gallery.meta.rebuilt) = (0, 0);
        gallery.catch_up()?;
        if gallery.is_loose() || gallery.is_unwritten() {
            gallery.merge(true);
        }
        Ok(gallery)
    }

    /// Opens a gallery for adding pictures alone. It holds no codes in memory, so that searches
    /// find nothing, and [`Gallery::len`] is 0.
    ///
    /// # Errors
    /// As [`Gallery::open`].
    pub fn open_without_index(at: impl Into<Location>) -> Result<Self> {
        let store: Box<dyn Store> = match at.into() {
            Location::Folder(dir) => Box::new(Sqlite::open(&dir)?),
            Location::Server(url) => postgres::open(&url)?,
        };
        let meta = store.snapshot()?.meta()?;
        let index = Index::new(meta.bits)?;
        Ok(Self {
            store,
            meta,
            index,
            damaged: BTreeSet::new(),
            merging: None,
            filed: false,
            unusable: None,
            indexes: false,
        })
    }

    /// Opens the gallery of a model, or makes it if there is none.
    ///
    /// # Errors
    /// [`Error::OtherModel`] if the gallery holds codes of another model; else as [`Gallery::open`]
    /// and [`Gallery::create`].
    pub fn open_or_create(at: impl Into<Location>, model: &ModelId, bits: usize) -> Result<Self> {
        let at = at.into();
        Self::make_unless_there(&at, model, bits)?;
        let gallery = Self::open(at)?;
        gallery.check_model(model, bits)?;
        Ok(gallery)
    }

    /// Opens or makes a gallery without an index, as [`Gallery::open_without_index`].
    ///
    /// # Errors
    /// As [`Gallery::open_or_create`].
    pub fn open_or_create_without_index(
        at: impl Into<Location>,
        model: &ModelId,
        bits: usize,
    ) -> Result<Self> {
        let at = at.into();
        Self::make_unless_there(&at, model, bits)?;
        let gallery = Self::open_without_index(at)?;
        gallery.check_model(model, bits)?;
        Ok(gallery)
    }

    fn make_unless_there(at: &Location, model: &ModelId, bits: usize) -> Result<()> {
        let is_there = match at {
            Location::Folder(dir) => dir.join(DATABASE).exists(),
            Location::Server(url) => postgres::is_there(url)?,
        };
        if is_there { Ok(()) } else { Self::make(at, model, bits) }
    }

    /// The same gallery for another thread, with the same index.
    ///
    /// # Errors
    /// If the database cannot be opened again.
    pub fn another(&self) -> Result<Self> {
        Ok(Self {
            store: self.store.another()?,
            meta: self.meta.clone(),
            index: self.index.clone(),
            damaged: self.damaged.clone(),
            merging: None,
            filed: self.filed,
            unusable: None,
            indexes: self.indexes,
        })
    }

    /// Checks that the gallery's codes may be compared with those of the model.
    ///
    /// # Errors
    /// [`Error::OtherModel`] if not; its message names both models.
    pub fn check_model(&self, model: &ModelId, bits: usize) -> Result<()> {
        if self.meta.model == *model && self.meta.bits == bits {
            return Ok(());
        }
        Err(Error::OtherModel {
            gallery: self.location().clone(),
            got: self.meta.model.clone(),
            got_bits: self.meta.bits,
            expected: model.clone(),
            expected_bits: bits,
        })
    }

    /// The gallery's location.
    #[must_use]
    pub fn location(&self) -> &Location {
        self.store.location()
    }

    /// The folder for files that are derived from the gallery, such as [`MAP`], if there is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.store.folder()
    }

    /// The model of the gallery's codes.
    #[must_use]
    pub fn model(&self) -> &ModelId {
        &self.meta.model
    }

    /// The codes' length in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.meta.bits
    }

    /// The generation of [`Gallery::index`]: a number that grows with every change of the gallery,
    /// by any process.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.meta.generation
    }

    /// The time since the index was known to be up to date. In a folder it is so after every
    /// refresh.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.store.age()
    }

    /// The number of committed codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Tells whether nothing is committed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// The ids of the committed codes, ascending. An id is never used twice, not even after a
    /// deletion.
    #[must_use]
    pub fn ids(&self) -> Vec<u64> {
        self.index.ids()
    }

    /// The committed codes.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Tells whether a record has this key, committed or not.
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
        self.store.id_of(key)
    }

    /// The folder for files that are derived from the gallery.
    fn derived(&self) -> Result<&Path> {
        self.store.folder().ok_or_else(|| Error::NoFolder { gallery: self.location().clone() })
    }
}

impl Drop for Gallery {
    /// Finishes a merging, so that it need not be begun again.
    fn drop(&mut self) {
        self.finish_merging();
    }
}

#[cfg(test)]
mod tests;
