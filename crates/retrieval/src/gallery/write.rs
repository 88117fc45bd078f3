//! Inserting, committing and deleting.

use super::failure::database_error;
use super::meta::{self, Meta};
use super::{Entry, Gallery, Insertion, rows};
use crate::{Error, Result};

impl Gallery {
    /// Adds an entry, or finds that its key is there already: then nothing changes.
    ///
    /// The entry is durable, and found, after the next [`Gallery::commit`]; dropping the gallery before leaves no
    /// trace of it.
    ///
    /// # Errors
    /// If the code or the embedding has another length than the gallery's; nothing changes then. If the database
    /// fails (a full disk), everything since the last commit is undone.
    pub fn insert(&mut self, entry: &Entry) -> Result<Insertion> {
        self.check_entry(entry)?;
        if let Some(id) = self.id_of(&entry.record.key)? {
            return Ok(Insertion::Known(id));
        }
        // Another process may have inserted the key before the transaction shut it out.
        if self.begin()?
            && let Some(id) = self.id_of(&entry.record.key)?
        {
            return Ok(Insertion::Known(id));
        }
        let dimensions = entry.embedding.values().len();
        let set = match self.meta.dimensions {
            None => meta::set(&self.connection, "dimensions", &dimensions.to_string()),
            Some(_) => Ok(()),
        };
        let id =
            set.and_then(|()| rows::insert(&self.connection, entry)).map_err(|source| self.undo(source))?;
        self.meta.dimensions = Some(dimensions);
        self.pending += 1;
        Ok(Insertion::New(id))
    }

    /// Makes the insertions since the last commit durable, all together, and lets the index see them.
    ///
    /// # Errors
    /// If the database fails (a full disk): then all of them are undone.
    pub fn commit(&mut self) -> Result<()> {
        if self.connection.is_autocommit() {
            return Ok(());
        }
        let committed = meta::seal(&self.connection).and_then(|()| self.connection.execute_batch("COMMIT"));
        committed.map_err(|source| self.undo(source))?;
        self.pending = 0;
        self.catch_up()?;
        if self.is_loose() {
            self.merge(true);
        }
        Ok(())
    }

    /// Takes records out with all that belongs to them, together, at once and for good; how many were there.
    ///
    /// The bytes are overwritten in the database, and the write-ahead log is emptied (if no other process is reading
    /// just then: then with its next emptying). Insertions that were not yet committed are committed first.
    ///
    /// # Errors
    /// If the database fails; the records are still there then. [`Error::NotErased`] if they are gone from every answer
    /// but their bytes are still on the disk.
    pub fn delete(&mut self, ids: &[u64]) -> Result<usize> {
        self.commit()?;
        self.begin()?;
        let mut deleted = 0;
        for id in ids {
            // The rows of the other tables go with the record's: the schema cascades.
            let rows = self
                .connection
                .prepare_cached("DELETE FROM records WHERE id = ?1")
                .and_then(|mut statement| statement.execute([id.cast_signed()]));
            deleted += rows.map_err(|source| self.undo(source))?;
        }
        self.commit()?;
        let emptied = self.empty_log();
        emptied.map_err(|source| Error::NotErased { dir: self.dir.clone(), count: deleted, source })?;
        Ok(deleted)
    }

    /// Writes the write-ahead log into the database and cuts it to nothing; whether nobody was in the way.
    pub(super) fn empty_log(&self) -> rusqlite::Result<bool> {
        self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
    }

    fn check_entry(&self, entry: &Entry) -> Result<()> {
        if entry.record.key.is_empty() {
            return Err(Error::EmptyKey);
        }
        if entry.code.bits() != self.meta.bits {
            return Err(Error::CodeMismatch { got: entry.code.bits(), expected: self.meta.bits });
        }
        self.check_dimensions(&entry.embedding)?;
        entry.embedding.check()
    }

    /// Shuts other writers out until the commit; whether it has only now.
    pub(super) fn begin(&mut self) -> Result<bool> {
        if !self.connection.is_autocommit() {
            return Ok(false);
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|source| self.undo(source))?;
        let meta = Meta::read(&self.dir, &self.connection).inspect_err(|_| self.roll_back())?;
        // Another process may have inserted the gallery's first embedding.
        self.meta.dimensions = meta.dimensions;
        let begun = self.check_current(&meta).and_then(|()| {
            meta::count_generation(&self.connection).map_err(|source| database_error(&self.dir, 0, source))
        });
        if begun.is_err() {
            self.roll_back();
        }
        begun.map(|()| true)
    }

    /// That the codes are still of the model that the index has.
    pub(super) fn check_current(&self, meta: &Meta) -> Result<()> {
        if meta.rebuilt <= self.meta.generation {
            return Ok(());
        }
        Err(Error::Reindexed {
            dir: self.dir.clone(),
            got: meta.model.clone(),
            expected: self.meta.model.clone(),
        })
    }

    /// Goes back to the last commit after a failure.
    pub(super) fn undo(&mut self, source: rusqlite::Error) -> Error {
        let undone = std::mem::take(&mut self.pending);
        self.roll_back();
        if let Ok(meta) = Meta::read(&self.dir, &self.connection) {
            self.meta.dimensions = meta.dimensions;
        }
        database_error(&self.dir, undone, source)
    }

    pub(super) fn roll_back(&self) {
        // SQLite may have rolled back by itself; then there is nothing to undo.
        if !self.connection.is_autocommit() {
            let _already = self.connection.execute_batch("ROLLBACK");
        }
    }
}
