//! Reading one record and its parts.

use super::{Gallery, Record};
use crate::{Embedding, Error, HashCode, Result};

impl Gallery {
    /// The record with this id.
    ///
    /// # Errors
    /// If there is none, or the database fails.
    pub fn record(&self, id: u64) -> Result<Record> {
        let found = self.store.records(&[id])?.pop();
        found.map(|(_, record)| record).ok_or(Error::NoRecord { id })
    }

    /// The embedding of a record, as rounded to f16.
    ///
    /// # Errors
    /// If there is no such record, or its embedding is missing or damaged.
    pub fn embedding(&self, id: u64) -> Result<Embedding> {
        let found = self.store.embeddings(&[id])?.pop();
        self.part(id, "embedding", found.map(|(_, embedding)| embedding))
    }

    /// The hash code of a record.
    ///
    /// # Errors
    /// If there is no such record, or its code is missing or damaged.
    pub fn code(&self, id: u64) -> Result<HashCode> {
        self.part(id, "code", self.store.code(id)?)
    }

    /// The thumbnail of a record, a JPEG file's bytes.
    ///
    /// # Errors
    /// If there is no such record, or its thumbnail is missing.
    pub fn thumbnail(&self, id: u64) -> Result<Vec<u8>> {
        self.part(id, "thumbnail", self.store.thumbnail(id)?)
    }

    /// What was found, or why it was not.
    pub(super) fn part<T>(&self, id: u64, part: &'static str, found: Option<T>) -> Result<T> {
        match found {
            Some(found) => Ok(found),
            None => self.record(id).and(Err(Error::MissingPart { id, part })),
        }
    }
}
