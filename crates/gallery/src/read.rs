//! Reading one record and its parts.

use retrieval::{Embedding, HashCode};
use roaring::RoaringTreemap;

use crate::{Error, Gallery, Record, Result};

/// The number of records that are read at once.
const READ_TOGETHER: usize = 1024;
/// The number of records that are read beforehand.
const READY: usize = 65_536;

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
        match self.store.code(id) {
            // The index has the code, too.
            Err(error @ Error::Unreachable { .. }) => self.index.code(id).ok_or(error),
            read => self.part(id, "code", read?),
        }
    }

    /// Reads the first records and embeddings of a gallery on a server into the cache, which is
    /// used while the database is unreachable. In a folder it does nothing.
    ///
    /// # Errors
    /// If the database fails.
    pub fn keep_ready(&self) -> Result<()> {
        if self.location().folder().is_some() {
            return Ok(());
        }
        for ids in self.ids().chunks(READ_TOGETHER).take(READY / READ_TOGETHER) {
            self.store.records(ids)?;
            self.store.embeddings(ids)?;
        }
        Ok(())
    }

    /// The thumbnail of a record, a JPEG file's bytes.
    ///
    /// # Errors
    /// If there is no such record, or its thumbnail is missing.
    pub fn thumbnail(&self, id: u64) -> Result<Vec<u8>> {
        self.part(id, "thumbnail", self.store.thumbnail(id)?)
    }

    /// Checks that the index is whole, and that no record that may answer has a damaged code or
    /// embedding. A search would leave it out silently.
    pub(super) fn check_codes(
        &self,
        only: Option<&RoaringTreemap>,
        except: &RoaringTreemap,
    ) -> Result<()> {
        if !self.index.is_whole() {
            let name = self.meta.segment.map_or_else(String::new, |name| name.to_string());
            let path =
                self.derived().map_or_else(|_| name.clone().into(), |folder| folder.join(&name));
            let reason = "it was shortened while it was in use; open the gallery again".to_owned();
            return Err(retrieval::Error::DamagedSegment { path, reason }.into());
        }
        let may_answer =
            |id: &&u64| only.is_none_or(|only| only.contains(**id)) && !except.contains(**id);
        match self.damaged.iter().find(may_answer) {
            Some(&id) => self.code(id).and(self.embedding(id)).and(Err(damaged_code(id))),
            None => Ok(()),
        }
    }

    /// Returns the part that was found, or the reason why it was not.
    pub(super) fn part<T>(&self, id: u64, part: &'static str, found: Option<T>) -> Result<T> {
        match found {
            Some(found) => Ok(found),
            None => self.record(id).and(Err(Error::MissingPart { id, part })),
        }
    }
}

/// The error of a record that was damaged when the index was made.
fn damaged_code(id: u64) -> Error {
    let detail = "it did not read when the gallery was opened; open the gallery again".to_owned();
    Error::DamagedRecord { id, part: "code", detail }
}
