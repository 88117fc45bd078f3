//! The embedded store: an SQLite database in the gallery's folder.
//!
//! Several processes may open one; SQLite lets one write at a time.

mod acknowledged;
mod backup;
mod error;
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
use rusqlite::{Row, Transaction, TransactionBehavior};

use retrieval::{Descriptor, Embedding, HashCode, Index, ModelId};

pub use self::error::SqliteError;
use self::failure::{damaged_part, database_error};
use crate::segment_name::SegmentName;
use crate::store::{Change, Field, Meta, Next, Snapshot, Store, Totals, Which};
use crate::{Database, Entry, Error, Insertion, Location, Opening, Problem, Record, Result};

/// The database's file name in the gallery's folder.
pub const DATABASE: &str = "gallery.sqlite";

/// A gallery in a folder.
#[derive(Debug)]
pub(super) struct Sqlite {
    dir: PathBuf,
    location: Location,
    pub(super) connection: Database,
    /// The number of insertions since the last commit.
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
        let size =
            |name: &str| fs::metadata(self.dir.join(name)).map_or(0, |metadata| metadata.len());
        size(DATABASE) + size(&format!("{DATABASE}-wal"))
    }

    fn another(&self) -> Result<Box<dyn Store>> {
        Ok(Box::new(Self::open(&self.dir)?))
    }

    fn has_changed(&self) -> Result<bool> {
        Ok(self.read_data_version()? != self.data_version.get())
    }

    fn require_fresh(&self) -> Result<()> {
        Ok(())
    }

    fn age(&self) -> Duration {
        Duration::ZERO
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>> {
        // This is read first, so that the next call sees any later commit.
        self.data_version.set(self.read_data_version()?);
        let transaction =
            self.connection.unchecked_transaction().map_err(|source| self.failed(source))?;
        Ok(Box::new(ReadTransaction { store: self, transaction }))
    }

    fn id_of(&self, key: &str) -> Result<Option<u64>> {
        Ok(self.which(Which::OfKey(key))?.pop())
    }

    fn ids(&self, which: Which<'_>) -> Result<Vec<u64>> {
        self.which(which)
    }

    fn records(&self, ids: &[u64]) -> Result<Vec<(u64, Record)>> {
        // A record is several rows, which another process may delete in between.
        self.together(|| {
            ids.iter().map(|&id| self.record(id)).filter_map(Result::transpose).collect()
        })
    }

    fn embeddings(&self, ids: &[u64]) -> Result<Vec<(u64, Embedding)>> {
        let read = |&id: &u64| {
            let Some(bytes) = self.part(id, "embedding")? else { return Ok(None) };
            let embedding = Embedding::from_bytes(&bytes);
            Ok(Some((
                id,
                embedding.map_err(|error| damaged_part(id, "embedding", error.to_string()))?,
            )))
        };
        ids.iter().map(read).filter_map(Result::transpose).collect()
    }

    fn code(&self, id: u64) -> Result<Option<HashCode>> {
        let Some(bytes) = self.part(id, "code")? else { return Ok(None) };
        let code = HashCode::from_bytes(&bytes);
        code.map(Some).map_err(|error| damaged_part(id, "code", error.to_string()))
    }

    fn thumbnail(&self, id: u64) -> Result<Option<Vec<u8>>> {
        self.part(id, "thumbnail")
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
        write::insert(self, entry, known)
    }

    fn commit(&mut self) -> Result<bool> {
        write::commit(self)
    }

    fn delete(&mut self, ids: &[u64], known: &Meta) -> Result<usize> {
        write::delete(self, ids, known)
    }

    fn set_next(&mut self, next: Option<&Next>, known: &Meta) -> Result<()> {
        self.change(known, |connection| reindex::set_next(connection, next))
    }

    fn put_next(
        &mut self,
        next: &Next,
        known: &Meta,
        encoded: &[(u64, HashCode, Embedding)],
    ) -> Result<()> {
        self.change(known, |connection| reindex::put_next(connection, next, encoded))
    }

    fn switch(&mut self, next: &Next, known: &Meta) -> Result<()> {
        reindex::switch(self, next, known)
    }

    fn name_segment(&self, name: SegmentName) -> Result<Option<SegmentName>> {
        // It does not wait for a process that is writing.
        let set_timeout =
            |time| self.connection.busy_timeout(time).map_err(|source| self.failed(source));
        set_timeout(Duration::ZERO)?;
        let named = self.name_in_database(name);
        set_timeout(schema::BUSY_TIMEOUT)?;
        named
    }

    fn verify(&self, index: &Index, known: &Meta) -> Result<Vec<Problem>> {
        verify::Check { store: self, index, known }.all()
    }

    fn rewrite(&self) -> Result<()> {
        let optimize = "INSERT INTO report_words (report_words) VALUES ('optimize')";
        let optimized = self.connection.execute_batch(optimize);
        optimized
            .and_then(|()| self.connection.rewrite(&self.dir))
            .map_err(|source| self.failed(source))
    }

    fn empty_log(&self) -> Result<Option<String>> {
        let emptied = self.connection.empty_log().map_err(|source| self.failed(source))?;
        Ok((!emptied).then(|| format!("{DATABASE}-wal")))
    }

    fn back_up(&self, to: &Path) -> Result<()> {
        backup::back_up(&self.connection, to)
    }
}

impl Sqlite {
    /// Names the file in the database, unless a newer one is named or all codes were replaced
    /// since. Returns the name before.
    fn name_in_database(&self, name: SegmentName) -> Result<Option<SegmentName>> {
        let failed = |source| database_error(&self.dir, 0, source);
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
                .map_err(failed)?;
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
struct ReadTransaction<'a> {
    store: &'a Sqlite,
    transaction: Transaction<'a>,
}

impl ReadTransaction<'_> {
    fn failed(&self, source: rusqlite::Error) -> Error {
        database_error(&self.store.dir, 0, source)
    }
}

impl Snapshot for ReadTransaction<'_> {
    fn meta(&self) -> Result<Meta> {
        meta::read(&self.store.dir, &self.transaction)
    }

    fn codes(&self, meta: &Meta) -> Result<(Index, Vec<u64>)> {
        const SQL: &str = "SELECT codes.record, code, codes.crc, embedding, embeddings.crc FROM codes
                           LEFT JOIN embeddings ON embeddings.record = codes.record ORDER BY codes.record";
        let (mut index, mut damaged) = (Index::new(meta.bits)?, Vec::new());
        let mut load = || -> rusqlite::Result<()> {
            let mut statement = self.transaction.prepare(SQL)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (id, change) = change(row)?;
                let inserted = matches!(change, Change::Inserted((code, descriptor))
                    if index.insert(id, &code, descriptor).is_ok());
                damaged.extend((!inserted).then_some(id));
            }
            Ok(())
        };
        load().map_err(|source| self.failed(source))?;
        Ok((index, damaged))
    }

    fn changes(&self, since: u64, each: &mut dyn FnMut(u64, Change)) -> Result<()> {
        const SQL: &str =
            "SELECT changes.record, code, codes.crc, embedding, embeddings.crc FROM changes
             LEFT JOIN codes ON codes.record = changes.record
             LEFT JOIN embeddings ON embeddings.record = changes.record
                           WHERE generation > ?1 ORDER BY changes.record";
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.transaction.prepare_cached(SQL)?;
            let mut rows = statement.query([since.cast_signed()])?;
            while let Some(row) = rows.next()? {
                let (id, change) = change(row)?;
                each(id, change);
            }
            Ok(())
        };
        read().map_err(|source| self.failed(source))
    }
}

/// A row's id, and its change by code, embedding and their checksums.
fn change(row: &Row<'_>) -> rusqlite::Result<(u64, Change)> {
    let id = row.get::<_, i64>(0)?.cast_unsigned();
    if row.get_ref(1)? == ValueRef::Null {
        return Ok((id, Change::Deleted));
    }
    let code = sound(row, 1)?.and_then(|bytes| HashCode::from_bytes(bytes).ok());
    // A missing embedding is reported when it is read.
    let embedding = match row.get_ref(3)? {
        ValueRef::Null => Some(None),
        _ => sound(row, 3)?.and_then(|bytes| Embedding::from_bytes(bytes).ok()).map(Some),
    };
    let change = code.zip(embedding).map_or(Change::Damaged, |(code, embedding)| {
        Change::Inserted((code, embedding.as_ref().map(Descriptor::of).unwrap_or_default()))
    });
    Ok((id, change))
}

/// The bytes of a column, if they match the checksum in the next one.
fn sound<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<Option<&'a [u8]>> {
    let (bytes, crc) = (row.get_ref(column)?, row.get_ref(column + 1)?);
    let bytes = bytes.as_blob().ok();
    Ok(bytes.filter(|bytes| crc == ValueRef::Integer(crc32fast::hash(bytes).into())))
}
