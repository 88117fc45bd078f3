//! The embedded store: an SQLite database in the gallery's folder.
//!
//! Several processes may open one; SQLite lets one write at a time.

mod acknowledged;
mod backup;
mod compact;
mod failure;
mod log;
mod meta;
mod reading;
mod reindex;
mod rows;
mod schema;
mod verify;
mod write;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use self::failure::database_error;
use super::segment::SegmentName;
use super::store::{Coded, Field, Meta, Next, Snapshot, Store, Totals, Which};
use super::{Entry, Insertion, Location, Problem, Record};
use crate::{Database, Descriptor, Embedding, Error, HashCode, Index, ModelId, Opening, Result};

/// The database's file name in the gallery's folder.
pub const DATABASE: &str = "gallery.sqlite";

/// The gallery of a folder.
#[derive(Debug)]
pub(super) struct Sqlite {
    dir: PathBuf,
    location: Location,
    connection: Database,
    /// Insertions since the last commit.
    pending: usize,
    /// The number of the transaction that has begun.
    writing: u64,
    /// SQLite's count of the changes that other connections made.
    data_version: Cell<i64>,
}

impl Sqlite {
    /// Makes the database of an empty gallery in a new or empty folder.
    pub(super) fn create(dir: &Path, model: &ModelId, bits: usize) -> Result<()> {
        schema::create(dir, model, bits)
    }

    /// Opens a folder's database, and brings it to the latest format.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let path = dir.join(DATABASE);
        let opening = Opening::begin(&path);
        if opening.is_first() {
            schema::check_header(dir)?;
            log::check(dir)?;
        }
        let connection = schema::connect(&path).and_then(|connection| opening.finish(connection));
        let connection = connection.map_err(|source| database_error(dir, 0, source))?;
        schema::migrate(dir, &connection)?;
        Ok(Self {
            dir: dir.to_owned(),
            location: Location::Folder(dir.to_owned()),
            connection,
            pending: 0,
            writing: 0,
            data_version: Cell::new(0),
        })
    }

    fn failed(&self, source: rusqlite::Error) -> Error {
        database_error(&self.dir, self.pending, source)
    }

    fn read_data_version(&self) -> Result<i64> {
        let version = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        version.map_err(|source| self.failed(source))
    }
}

impl Store for Sqlite {
    fn location(&self) -> &Location {
        &self.location
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.dir)
    }

    fn bytes(&self) -> u64 {
        let size = |name: &str| fs::metadata(self.dir.join(name)).map_or(0, |metadata| metadata.len());
        size(DATABASE) + size(&format!("{DATABASE}-wal"))
    }

    fn another(&self) -> Result<Box<dyn Store>> {
        Ok(Box::new(Self::open(&self.dir)?))
    }

    fn has_changed(&self) -> Result<bool> {
        Ok(self.read_data_version()? != self.data_version.get())
    }

    fn insist(&self) -> Result<()> {
        Ok(())
    }

    fn age(&self) -> Duration {
        Duration::ZERO
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>> {
        // Read first: what is committed after it will be seen by the next one.
        self.data_version.set(self.read_data_version()?);
        let transaction = self.connection.unchecked_transaction().map_err(|source| self.failed(source))?;
        Ok(Box::new(Held { store: self, transaction }))
    }

    fn id_of(&self, key: &str) -> Result<Option<u64>> {
        Ok(self.which(Which::OfKey(key))?.pop())
    }

    fn ids(&self, which: Which<'_>) -> Result<Vec<u64>> {
        self.which(which)
    }

    fn records(&self, ids: &[u64]) -> Result<Vec<(u64, Record)>> {
        let read =
            |&id: &u64| rows::read(&self.connection, id).map(|record| record.map(|record| (id, record)));
        let records: rusqlite::Result<_> =
            ids.iter().map(read).filter_map(rusqlite::Result::transpose).collect();
        records.map_err(|source| self.failed(source))
    }

    fn embeddings(&self, ids: &[u64]) -> Result<Vec<(u64, Embedding)>> {
        const SQL: &str = "SELECT embedding FROM embeddings WHERE record = ?1";
        let read = |&id: &u64| {
            let Some(bytes) = self.part(id, SQL)? else { return Ok(None) };
            let embedding = Embedding::from_bytes(&bytes).map_err(|error| self.damaged_part(id, &error))?;
            Ok(Some((id, embedding)))
        };
        ids.iter().map(read).filter_map(Result::transpose).collect()
    }

    fn code(&self, id: u64) -> Result<Option<HashCode>> {
        let bytes = self.part(id, "SELECT code FROM codes WHERE record = ?1")?;
        bytes
            .map(|bytes| HashCode::from_bytes(&bytes).map_err(|error| self.damaged_part(id, &error)))
            .transpose()
    }

    fn thumbnail(&self, id: u64) -> Result<Option<Vec<u8>>> {
        self.part(id, "SELECT thumbnail FROM thumbnails WHERE record = ?1")
    }

    fn counts(&self, field: Field, most: usize) -> Result<Vec<(String, usize)>> {
        self.count_values(field, most)
    }

    fn values(&self, field: Field) -> Result<Vec<(u64, String)>> {
        self.all_values(field)
    }

    fn totals(&self) -> Result<Totals> {
        self.count_all()
    }

    fn pending(&self) -> usize {
        self.pending
    }

    fn insert(&mut self, entry: &Entry, known: &Meta) -> Result<Insertion> {
        self.add(entry, known)
    }

    fn commit(&mut self) -> Result<bool> {
        self.seal_and_commit()
    }

    fn delete(&mut self, ids: &[u64], known: &Meta) -> Result<usize> {
        self.erase(ids, known)
    }

    fn set_next(&mut self, next: Option<&Next>, known: &Meta) -> Result<()> {
        self.change(known, |connection| reindex::set_next(connection, next))
    }

    fn put_next(&mut self, next: &Next, known: &Meta, encoded: &[(u64, HashCode, Embedding)]) -> Result<()> {
        self.change(known, |connection| reindex::put_next(connection, next, encoded))
    }

    fn switch(&mut self, next: &Next, known: &Meta) -> Result<()> {
        self.switch_to(next, known)
    }

    fn name_segment(&self, name: SegmentName) -> Result<Option<SegmentName>> {
        // It does not wait for a process that is writing.
        let patience = |time| self.connection.busy_timeout(time).map_err(|source| self.failed(source));
        patience(Duration::ZERO)?;
        let named = self.name_in_database(name);
        patience(schema::PATIENCE)?;
        named
    }

    fn verify(&self, index: &Index, known: &Meta) -> Result<Vec<Problem>> {
        verify::Check { store: self, index, known }.all()
    }

    fn rewrite(&self) -> Result<()> {
        compact::rewrite(&self.dir, &self.connection).map_err(|source| self.failed(source))
    }

    fn empty_log(&self) -> Result<Option<String>> {
        let emptied = write::empty_log(&self.connection).map_err(|source| self.failed(source))?;
        Ok((!emptied).then(|| format!("{DATABASE}-wal")))
    }

    fn back_up(&self, to: &Path) -> Result<()> {
        backup::back_up(&self.connection, to)
    }

    #[cfg(test)]
    fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl Sqlite {
    /// Names the file in the database, unless a newer one is named or all codes were replaced since; the one that was named.
    fn name_in_database(&self, name: SegmentName) -> Result<Option<SegmentName>> {
        let failed = |source| database_error(&self.dir, 0, source);
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate).map_err(failed)?;
        let meta = meta::read(&self.dir, &transaction)?;
        if meta.segment.is_none_or(|before| before.generation <= name.generation) {
            meta::set(&transaction, "segment", &name.to_string()).map_err(failed)?;
            meta::seal(&transaction).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(meta.segment)
    }
}

/// A transaction that reads.
struct Held<'a> {
    store: &'a Sqlite,
    transaction: Transaction<'a>,
}

impl Held<'_> {
    fn failed(&self, source: rusqlite::Error) -> Error {
        database_error(&self.store.dir, 0, source)
    }
}

impl Snapshot for Held<'_> {
    fn meta(&self) -> Result<Meta> {
        meta::read(&self.store.dir, &self.transaction)
    }

    fn codes(&self, meta: &Meta) -> Result<Index> {
        const SQL: &str = "SELECT codes.record, code, embedding FROM codes
                           LEFT JOIN embeddings ON embeddings.record = codes.record ORDER BY codes.record";
        let mut index = Index::new(meta.bits)?;
        let mut load = || -> rusqlite::Result<()> {
            let mut statement = self.transaction.prepare(SQL)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let (id, Some((code, descriptor))) = coded(row)? {
                    // Refused: one of another length, which `verify` names.
                    let _refused = index.insert(id, &code, descriptor);
                }
            }
            Ok(())
        };
        load().map_err(|source| self.failed(source))?;
        Ok(index)
    }

    fn changes(&self, since: u64, each: &mut dyn FnMut(u64, Option<Coded>)) -> Result<()> {
        const SQL: &str = "SELECT changes.record, code, embedding FROM changes
             LEFT JOIN codes ON codes.record = changes.record
             LEFT JOIN embeddings ON embeddings.record = changes.record
                           WHERE generation > ?1 ORDER BY changes.record";
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.transaction.prepare_cached(SQL)?;
            let mut rows = statement.query([since.cast_signed()])?;
            while let Some(row) = rows.next()? {
                let (id, coded) = coded(row)?;
                // A damaged code is not that of a deleted record; `verify` names it.
                if coded.is_some() || row.get_ref(1)? == ValueRef::Null {
                    each(id, coded);
                }
            }
            Ok(())
        };
        read().map_err(|source| self.failed(source))
    }
}

/// A row's id, and what the index holds of it if its code reads.
fn coded(row: &Row<'_>) -> rusqlite::Result<(u64, Option<Coded>)> {
    let code = row.get_ref(1)?.as_blob().ok().and_then(|bytes| HashCode::from_bytes(bytes).ok());
    let embedding = row.get_ref(2)?.as_blob().ok().and_then(|bytes| Embedding::from_bytes(bytes).ok());
    let descriptor = embedding.as_ref().map(Descriptor::of).unwrap_or_default();
    Ok((row.get::<_, i64>(0)?.cast_unsigned(), code.map(|code| (code, descriptor))))
}
