//! Inserting, committing and deleting.

use rusqlite::Connection;

use super::failure::database_error;
use super::{Entry, Insertion, Meta, Sqlite, SqliteError, acknowledged, meta, rows};
use crate::store::Store;
use crate::{Error, Result};

impl Sqlite {
    /// Runs a change in a transaction of its own.
    pub(super) fn change(
        &mut self,
        known: &Meta,
        change: impl FnOnce(&Connection) -> rusqlite::Result<()>,
    ) -> Result<()> {
        self.begin(known)?;
        change(&self.connection).map_err(|source| self.undo(source))?;
        commit(self).map(|_| ())
    }

    /// Shuts other writers out until the commit. Returns whether it did so only now.
    pub(super) fn begin(&mut self, known: &Meta) -> Result<bool> {
        if !self.connection.is_autocommit() {
            return Ok(false);
        }
        self.connection.execute_batch("BEGIN IMMEDIATE").map_err(|source| self.undo(source))?;
        let begun = self.number_transaction(known);
        if begun.is_err() {
            self.roll_back();
        }
        self.writing = begun?;
        Ok(true)
    }

    /// Numbers the transaction that has begun, unless the database has lost changes. Others'
    /// changes are complete now, so what was acknowledged is there or lost.
    fn number_transaction(&self, known: &Meta) -> Result<u64> {
        let meta = meta::read(&self.dir, &self.connection)?;
        meta.check(known, &self.location)?;
        let (gallery, got) = (self.location.clone(), meta.generation);
        match acknowledged::read(&self.dir) {
            Ok(Some(expected)) if expected > got => {
                return Err(SqliteError::LostChanges { gallery, got, expected }.into());
            }
            _ => {}
        }
        meta::count_generation(&self.connection)
            .map_err(|source| database_error(&self.dir, 0, source))?;
        Ok(got + 1)
    }

    /// Goes back to the last commit after a failure.
    pub(super) fn undo(&mut self, source: rusqlite::Error) -> Error {
        let undone = std::mem::take(&mut self.pending);
        self.roll_back();
        database_error(&self.dir, undone, source)
    }

    pub(super) fn roll_back(&self) {
        // SQLite may have rolled back by itself; then there is nothing to undo.
        if !self.connection.is_autocommit() {
            let _already = self.connection.execute_batch("ROLLBACK");
        }
    }
}

pub(super) fn insert(store: &mut Sqlite, entry: &Entry, known: &Meta) -> Result<Insertion> {
    if let Some(id) = store.id_of(&entry.record.key)? {
        return Ok(Insertion::Known(id));
    }
    // Another process may have inserted the key before the transaction shut it out.
    if store.begin(known)?
        && let Some(id) = store.id_of(&entry.record.key)?
    {
        return Ok(Insertion::Known(id));
    }
    let got = entry.embedding.values().len();
    let expected =
        meta::dimensions_or(&store.connection, got).map_err(|source| store.undo(source))?;
    if expected != got {
        return Err(retrieval::Error::EmbeddingMismatch { got, expected }.into());
    }
    let id = rows::insert(&store.connection, entry).map_err(|source| store.undo(source))?;
    store.pending += 1;
    Ok(Insertion::New(id))
}

pub(super) fn commit(store: &mut Sqlite) -> Result<bool> {
    if store.connection.is_autocommit() {
        return Ok(false);
    }
    let committed =
        meta::seal(&store.connection).and_then(|()| store.connection.execute_batch("COMMIT"));
    committed.map_err(|source| store.undo(source))?;
    store.pending = 0;
    // The change is durable. Without its number, its loss may go unnoticed, but nothing more.
    let _best_effort = acknowledged::raise(&store.dir, store.writing);
    Ok(true)
}

/// Deletes records. Their bytes are overwritten in the database, and the write-ahead log is
/// emptied. If another process is reading just then, it is emptied the next time.
pub(super) fn delete(store: &mut Sqlite, ids: &[u64], known: &Meta) -> Result<usize> {
    store.begin(known)?;
    let mut deleted = 0;
    for id in ids {
        // The rows of the other tables go with the record's: the schema cascades.
        let rows = store
            .connection
            .prepare_cached("DELETE FROM records WHERE id = ?1")
            .and_then(|mut statement| statement.execute([id.cast_signed()]));
        deleted += rows.map_err(|source| store.undo(source))?;
    }
    commit(store)?;
    let emptied = store.connection.empty_log();
    emptied.map_err(|source| Error::NotErased {
        dir: store.dir.clone(),
        count: deleted,
        source: source.into(),
    })?;
    Ok(deleted)
}
