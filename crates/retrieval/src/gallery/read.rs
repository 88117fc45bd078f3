//! Reading one record and its parts.

use rusqlite::OptionalExtension;

use super::failure::damaged;
use super::{Gallery, Record, rows};
use crate::{Embedding, Error, HashCode, Result};

impl Gallery {
    /// The record with this id.
    ///
    /// # Errors
    /// If there is none, or the database fails.
    pub fn record(&self, id: u64) -> Result<Record> {
        let record = rows::read(&self.connection, id).map_err(|source| self.failed(source))?;
        record.ok_or(Error::NoRecord { id })
    }

    /// The embedding of a record, as rounded to f16.
    ///
    /// # Errors
    /// If there is no such record, or its embedding is missing or damaged.
    pub fn embedding(&self, id: u64) -> Result<Embedding> {
        let bytes = self.part(id, "embedding", "SELECT embedding FROM embeddings WHERE record = ?1")?;
        Embedding::from_bytes(&bytes).map_err(|error| self.damaged_part(id, &error))
    }

    /// The hash code of a record.
    ///
    /// # Errors
    /// If there is no such record, or its code is missing or damaged.
    pub fn code(&self, id: u64) -> Result<HashCode> {
        let bytes = self.part(id, "code", "SELECT code FROM codes WHERE record = ?1")?;
        HashCode::from_bytes(&bytes).map_err(|error| self.damaged_part(id, &error))
    }

    /// The thumbnail of a record, a JPEG file's bytes.
    ///
    /// # Errors
    /// If there is no such record, or its thumbnail is missing.
    pub fn thumbnail(&self, id: u64) -> Result<Vec<u8>> {
        self.part(id, "thumbnail", "SELECT thumbnail FROM thumbnails WHERE record = ?1")
    }

    fn part(&self, id: u64, part: &'static str, sql: &str) -> Result<Vec<u8>> {
        let bytes = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([id.cast_signed()], |row| row.get(0)).optional())
            .map_err(|source| self.failed(source))?;
        match bytes {
            Some(bytes) => Ok(bytes),
            None => self.record(id).and(Err(Error::MissingPart { id, part })),
        }
    }

    fn damaged_part(&self, id: u64, error: &Error) -> Error {
        damaged(&self.dir, format!("record {id} has {error}"))
    }
}
