//! The gallery: one folder that holds records, codes, embeddings and thumbnails durably, and searches them.
//!
//! The truth is an SQLite database in the folder; the [`Index`] in memory is built from it when the gallery opens.
//! What [`Gallery::commit`] has returned from survives a kill or a power cut; what came after it leaves no trace.
//! Several processes may open one gallery: SQLite lets one write at a time, and [`Gallery::refresh`] brings the
//! index of the others up to date.

mod failure;
mod info;
mod read;
mod record;
mod schema;
mod search;
mod verify;
mod write;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension};

use crate::{Embedding, Error, HashCode, Index, ModelId, Result};

use failure::{damaged, database_error};

pub use info::Info;
pub use record::{Entry, Insertion, Record};
pub use search::{Hit, Query};
pub use verify::Problem;

/// The database's file name in the gallery's folder.
pub const DATABASE: &str = "gallery.sqlite";

/// A durable set of radiographs' records and codes, of one model.
#[derive(Debug)]
pub struct Gallery {
    dir: PathBuf,
    connection: Connection,
    model: ModelId,
    bits: usize,
    /// The embeddings' length, once there is one.
    dimensions: Option<usize>,
    index: Index,
    /// Inserted since the last commit: they enter the index when they are durable.
    pending: Vec<(u64, HashCode)>,
    /// SQLite's count of the changes that other connections made.
    data_version: Cell<i64>,
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
        let failed = |source| database_error(dir, 0, source);
        let connection = schema::connect(&dir.join(DATABASE)).map_err(failed)?;
        schema::migrate(dir, &connection)?;
        let model = ModelId(schema::meta(dir, &connection, "model")?);
        let bits = schema::meta(dir, &connection, "bits")?;
        let bits = bits.parse().map_err(|_| damaged(dir, format!("its code length is `{bits}`")))?;
        let mut gallery = Self {
            dir: dir.to_owned(),
            connection,
            model,
            bits,
            dimensions: None,
            index: Index::new(bits)?,
            pending: Vec::new(),
            data_version: Cell::new(0),
        };
        gallery.load()?;
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
        if self.model == *model && self.bits == bits {
            return Ok(());
        }
        Err(Error::OtherModel {
            dir: self.dir.clone(),
            got: self.model.clone(),
            got_bits: self.bits,
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
        &self.model
    }

    /// The codes' length.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
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

    /// Brings the index up to date with what other processes did to the gallery; whether they did anything.
    ///
    /// # Errors
    /// If the database fails.
    pub fn refresh(&mut self) -> Result<bool> {
        self.commit()?;
        if self.read_data_version()? == self.data_version.get() {
            return Ok(false);
        }
        self.load()?;
        Ok(true)
    }

    /// Reads all codes into a new index.
    fn load(&mut self) -> Result<()> {
        self.data_version.set(self.read_data_version()?);
        let mut index = Index::new(self.bits)?;
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare("SELECT record, code FROM codes ORDER BY record")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                // A damaged code does not keep the others from being searched; `verify` names it.
                if let Some(code) =
                    row.get_ref(1)?.as_blob().ok().and_then(|bytes| HashCode::from_bytes(bytes).ok())
                {
                    // An index of other lengths refuses it; `verify` names that too.
                    let _other_length = index.insert(row.get::<_, i64>(0)?.cast_unsigned(), &code);
                }
            }
            Ok(())
        };
        read().map_err(|source| self.failed(source))?;
        self.dimensions = schema::dimensions(&self.dir, &self.connection)?;
        self.index = index;
        Ok(())
    }

    fn read_data_version(&self) -> Result<i64> {
        let version = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.map_err(|source| self.failed(source))
    }

    fn check_dimensions(&self, embedding: &Embedding) -> Result<()> {
        let got = embedding.values().len();
        match self.dimensions {
            Some(expected) if expected != got => Err(Error::EmbeddingMismatch { got, expected }),
            _ => Ok(()),
        }
    }

    fn failed(&self, source: rusqlite::Error) -> Error {
        database_error(&self.dir, self.pending.len(), source)
    }
}

#[cfg(test)]
mod tests;
