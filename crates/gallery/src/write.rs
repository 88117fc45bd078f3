//! Inserting, committing and deleting.

use crate::record::check_thumbnail;
use crate::{Entry, Error, Gallery, Insertion, Result};

impl Gallery {
    /// Adds an entry, or finds that its key is there already: then nothing changes.
    ///
    /// The entry is durable, and found, after the next [`Gallery::commit`]; dropping the gallery
    /// before leaves no trace of it.
    ///
    /// # Errors
    /// If the code or the embedding has another length than the gallery's; nothing changes then. If
    /// the database fails (a full disk), everything since the last commit is undone.
    pub fn insert(&mut self, entry: &Entry) -> Result<Insertion> {
        self.check_entry(entry)?;
        self.store.insert(entry, &self.meta)
    }

    /// Makes the insertions since the last commit durable, all together, and lets the index see
    /// them.
    ///
    /// # Errors
    /// If the database fails (a full disk): then all of them are undone.
    pub fn commit(&mut self) -> Result<()> {
        if self.store.commit()? { self.take_over() } else { Ok(()) }
    }

    /// Deletes records with all that belongs to them, together, at once and for good. Returns how
    /// many there were. Insertions that were not yet committed are committed first.
    ///
    /// # Errors
    /// If the database fails; the records are still there then. [`Error::NotErased`] if they are
    /// gone from every answer but their bytes are still on the disk.
    pub fn delete(&mut self, ids: &[u64]) -> Result<usize> {
        self.commit()?;
        let deleted = self.store.delete(ids, &self.meta);
        if matches!(deleted, Ok(_) | Err(Error::NotErased { .. })) {
            self.take_over()?;
        }
        deleted
    }

    /// Brings the index up to date with what was just committed.
    pub(super) fn take_over(&mut self) -> Result<()> {
        self.catch_up()?;
        if self.is_loose() {
            self.merge(true);
        }
        Ok(())
    }

    fn check_entry(&self, entry: &Entry) -> Result<()> {
        if entry.record.key.is_empty() {
            return Err(Error::EmptyKey);
        }
        if entry.code.bits() != self.meta.bits {
            let (got, expected) = (entry.code.bits(), self.meta.bits);
            return Err(retrieval::Error::CodeMismatch { got, expected }.into());
        }
        check_thumbnail(&entry.thumbnail)?;
        self.meta.check_dimensions(&entry.embedding)?;
        Ok(entry.embedding.check()?)
    }
}
