//! Keeping the index in step with the database, whoever changed it.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use super::failure::database_error;
use super::meta::Meta;
use super::{Gallery, segment};
use crate::{HashCode, Index, Result};

impl Gallery {
    /// Brings the index up to date with what other processes did to the gallery; whether they did anything.
    ///
    /// If one of them has re-indexed it, [`Gallery::model`] is another one afterwards.
    ///
    /// # Errors
    /// If the database fails.
    pub fn refresh(&mut self) -> Result<bool> {
        self.commit()?;
        if self.read_data_version()? == self.data_version.get() {
            return Ok(false);
        }
        let changed = self.catch_up()?;
        // The process that writes also writes files; here memory will do.
        if self.is_loose() {
            self.merge(false);
        }
        Ok(changed)
    }

    /// Takes over what has changed since the index's generation; whether anything has.
    pub(super) fn catch_up(&mut self) -> Result<bool> {
        // Read first: what is committed after it will be seen by the next refreshing.
        self.data_version.set(self.read_data_version()?);
        let before = self.meta.generation;
        self.adopt();
        let failed = |source| database_error(&self.dir, 0, source);
        let snapshot = self.connection.unchecked_transaction().map_err(failed)?;
        let meta = Meta::read(&self.dir, &snapshot)?;
        let mut known = self.meta.generation;
        if meta.rebuilt > known {
            (self.index, known) = match segment::open(&self.dir, &meta) {
                Ok(Some((index, generation))) => (index, generation),
                found => {
                    self.unusable = found.err();
                    let mut index = Index::new(meta.bits)?;
                    load(&snapshot, &mut index).map_err(failed)?;
                    (index, meta.generation)
                }
            };
        }
        if meta.generation > known {
            apply(&snapshot, known, &mut self.index).map_err(failed)?;
        }
        drop(snapshot);
        let changed = meta.generation != before;
        self.meta = meta;
        Ok(changed)
    }

    fn read_data_version(&self) -> Result<i64> {
        let version = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.map_err(|source| self.failed(source))
    }
}

/// Adds all codes.
fn load(connection: &Connection, index: &mut Index) -> rusqlite::Result<()> {
    let mut statement = connection.prepare("SELECT record, code FROM codes ORDER BY record")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        insert(index, row)?;
    }
    Ok(())
}

/// Adds what was inserted after a generation, and removes what was deleted.
fn apply(connection: &Connection, generation: u64, index: &mut Index) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(
        "SELECT changes.record, code FROM changes LEFT JOIN codes ON codes.record = changes.record
         WHERE generation > ?1 ORDER BY changes.record",
    )?;
    let mut rows = statement.query([generation.cast_signed()])?;
    while let Some(row) = rows.next()? {
        match row.get_ref(1)? {
            ValueRef::Null => {
                index.remove(row.get::<_, i64>(0)?.cast_unsigned());
            }
            _ => insert(index, row)?,
        }
    }
    Ok(())
}

/// Adds a row's code. A damaged one does not keep the others from being searched; `verify` names it.
fn insert(index: &mut Index, row: &Row<'_>) -> rusqlite::Result<()> {
    let id = row.get::<_, i64>(0)?.cast_unsigned();
    if let Some(code) = row.get_ref(1)?.as_blob().ok().and_then(|bytes| HashCode::from_bytes(bytes).ok()) {
        // Refused: one of another length, which `verify` names too, and one that the index has already.
        let _refused = index.insert(id, &code);
    }
    Ok(())
}
