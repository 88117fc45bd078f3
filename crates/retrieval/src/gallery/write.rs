//! Inserting, committing and deleting.

use super::failure::database_error;
use super::{Entry, Gallery, Insertion, record, schema};
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
        let set = if self.dimensions.is_none() {
            schema::set_dimensions(&self.connection, dimensions)
        } else {
            Ok(())
        };
        let id =
            set.and_then(|()| record::insert(&self.connection, entry)).map_err(|source| self.undo(source))?;
        self.dimensions = Some(dimensions);
        self.pending.push((id, entry.code));
        Ok(Insertion::New(id))
    }

    /// Makes the insertions since the last commit durable, all together, and lets the index see them.
    ///
    /// # Errors
    /// If the database fails (a full disk): then all of them are undone.
    pub fn commit(&mut self) -> Result<()> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT").map_err(|source| self.undo(source))?;
        }
        for (id, code) in std::mem::take(&mut self.pending) {
            self.index.insert(id, &code)?;
        }
        Ok(())
    }

    /// Takes a record out with its code, embedding and thumbnail, at once and for good; whether it was there.
    ///
    /// The bytes are overwritten in the database, and the write-ahead log is emptied (if no other process is reading
    /// just then: then with its next emptying). Insertions that were not yet committed are committed first.
    ///
    /// # Errors
    /// If the database fails; the record is still there then. [`Error::NotErased`] if it is gone from every answer but
    /// its bytes are still on the disk.
    pub fn delete(&mut self, id: u64) -> Result<bool> {
        self.commit()?;
        // The rows of the other tables go with the record's: the schema cascades.
        let deleted = self.connection.execute("DELETE FROM records WHERE id = ?1", [id.cast_signed()]);
        let deleted = deleted.map_err(|source| self.failed(source))?;
        self.index.remove(id);
        let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        emptied.map_err(|source| Error::NotErased { dir: self.dir.clone(), id, source })?;
        Ok(deleted > 0)
    }

    fn check_entry(&self, entry: &Entry) -> Result<()> {
        if entry.record.key.is_empty() {
            return Err(Error::EmptyKey);
        }
        if entry.code.bits() != self.bits {
            return Err(Error::CodeMismatch { got: entry.code.bits(), expected: self.bits });
        }
        self.check_dimensions(&entry.embedding)?;
        entry.embedding.check()
    }

    /// Shuts other writers out until the commit; whether it has only now.
    fn begin(&mut self) -> Result<bool> {
        if !self.connection.is_autocommit() {
            return Ok(false);
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|source| self.undo(source))?;
        // Another process may have inserted the gallery's first embedding.
        if self.dimensions.is_none() {
            self.dimensions = schema::dimensions(&self.dir, &self.connection)?;
        }
        Ok(true)
    }

    /// Goes back to the last commit after a failure.
    fn undo(&mut self, source: rusqlite::Error) -> Error {
        // SQLite may have rolled back by itself; then there is nothing to undo.
        if !self.connection.is_autocommit() {
            let _already = self.connection.execute_batch("ROLLBACK");
        }
        let undone = std::mem::take(&mut self.pending).len();
        if let Ok(dimensions) = schema::dimensions(&self.dir, &self.connection) {
            self.dimensions = dimensions;
        }
        database_error(&self.dir, undone, source)
    }
}
