//! The shared store: a PostgreSQL server with pgvector, or several of which one is in charge.
//!
//! Consensus, replication and failover are the servers' work. This program goes to the one that
//! takes changes, or for reading to any that answers. `formats/1.sql` has the tables.

mod address;
mod codec;
mod connection;
mod queue;
mod record_cache;
mod rows;
mod schema;
mod session;
mod snapshot;
mod verify;
mod write;

use std::cell::Cell;
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use retrieval::{Embedding, HashCode, Index, ModelId};

use self::address::Address;
use self::connection::Connection;
use self::record_cache::{CachedRecord, RecordCache};
use self::session::CHANGE;
use self::snapshot::ReadTransaction;
use crate::queue::JobQueue;
use crate::segment_name::SegmentName;
use crate::store::{Field, Meta, Next, Snapshot, Store, Totals, Which};
use crate::{Entry, Error, Insertion, Location, PostgresError, Problem, Record, Result};

/// The time of silence after which a connection is tested, as it may be dead.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// The file in the folder that says which segment belongs to which gallery.
const NAMED: &str = "codes.json";

/// Opens the gallery of a database. Its state is found out at the first read.
pub(super) fn open(url: &str) -> Result<Box<dyn Store>> {
    let store = Postgres::at(url)?;
    schema::check(&store.connection)?;
    Ok(Box::new(store))
}

/// Makes the tables of an empty gallery in a database that has none.
pub(super) fn create(url: &str, model: &ModelId, bits: usize) -> Result<()> {
    schema::create(&Postgres::at(url)?.connection, model, bits)
}

/// Tells whether a database has a gallery.
pub(super) fn is_there(url: &str) -> Result<bool> {
    Ok(schema::format(&Postgres::at(url)?.connection)?.is_some())
}

/// A gallery on a server.
struct Postgres {
    connection: Connection,
    /// The number of insertions since the last commit.
    pending: usize,
    cache: Arc<Mutex<RecordCache>>,
    /// The time when the known state was last the server's.
    current: Cell<Option<Instant>>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postgres({})", self.connection.location)
    }
}

impl Postgres {
    fn at(url: &str) -> Result<Self> {
        let connection = Connection::new(Address::read(url)?, Location::Server(url.to_owned()));
        Ok(Self { connection, pending: 0, cache: Arc::default(), current: Cell::new(None) })
    }

    fn cache(&self) -> MutexGuard<'_, RecordCache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that says which segment belongs to which gallery.
    fn naming(&self) -> Option<PathBuf> {
        Some(self.connection.address.folder.as_ref()?.join(NAMED))
    }
}

impl Store for Postgres {
    fn location(&self) -> &Location {
        &self.connection.location
    }

    fn folder(&self) -> Option<&Path> {
        self.connection.address.folder.as_deref()
    }

    fn bytes(&self) -> u64 {
        rows::bytes(&self.connection).unwrap_or(0)
    }

    fn another(&self) -> Result<Box<dyn Store>> {
        let current = self.current.clone();
        Ok(Box::new(Self {
            connection: self.connection.another(),
            pending: 0,
            cache: Arc::clone(&self.cache),
            current,
        }))
    }

    fn has_changed(&self) -> Result<bool> {
        let silent = self.current.get().is_none_or(|then| then.elapsed() > HEARTBEAT);
        Ok(silent || self.connection.has_notification())
    }

    fn require_fresh(&self) -> Result<()> {
        // A standby may not show yet what it has received.
        self.connection.write(CHANGE, |_| Ok(()))
    }

    fn age(&self) -> Duration {
        self.current.get().map_or(Duration::MAX, |then| then.elapsed())
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>> {
        Ok(Box::new(ReadTransaction::begin(self)?))
    }

    fn id_of(&self, key: &str) -> Result<Option<u64>> {
        Ok(rows::ids(&self.connection, Which::OfKey(key))?.pop())
    }

    fn ids(&self, which: Which<'_>) -> Result<Vec<u64>> {
        match rows::ids(&self.connection, which) {
            Err(error @ Error::Unreachable { .. }) => self.cache().ids(which).ok_or(error),
            read => read,
        }
    }

    fn records(&self, ids: &[u64]) -> Result<Vec<(u64, Record)>> {
        let read = rows::records(&self.connection, ids);
        self.or_cached(ids, read, |cached| &mut cached.record)
    }

    fn embeddings(&self, ids: &[u64]) -> Result<Vec<(u64, Embedding)>> {
        let read = rows::embeddings(&self.connection, ids);
        self.or_cached(ids, read, |cached| &mut cached.embedding)
    }

    fn code(&self, id: u64) -> Result<Option<HashCode>> {
        rows::code(&self.connection, id)
    }

    fn thumbnail(&self, id: u64) -> Result<Option<Vec<u8>>> {
        rows::thumbnail(&self.connection, id)
    }

    fn counts(&self, field: Field, most: usize) -> Result<Vec<(String, usize)>> {
        rows::counts(&self.connection, field, most)
    }

    fn values(&self, field: Field) -> Result<Vec<(u64, String)>> {
        rows::values(&self.connection, field)
    }

    fn totals(&self) -> Result<Totals> {
        rows::totals(&self.connection)
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
        write::set_next(self, next, known)
    }

    fn put_next(
        &mut self,
        next: &Next,
        known: &Meta,
        encoded: &[(u64, HashCode, Embedding)],
    ) -> Result<()> {
        write::put_next(self, next, known, encoded)
    }

    fn switch(&mut self, next: &Next, known: &Meta) -> Result<()> {
        write::switch(self, next, known)
    }

    /// Names the segment in this machine's folder, as each machine has its own files.
    fn name_segment(&self, name: SegmentName) -> Result<Option<SegmentName>> {
        let Some(path) = self.naming() else { return Ok(None) };
        let snapshot = ReadTransaction::begin(self)?;
        let meta = snapshot.meta()?;
        if meta.segment.is_none_or(|before| before.generation <= name.generation) {
            let text = serde_json::json!([snapshot.gallery()?, meta.rebuilt, name.to_string()])
                .to_string();
            let written = files::replace(&path, |file| file.write_all(text.as_bytes()));
            written.map_err(|source| Error::File { action: "write", path, source })?;
        }
        Ok(meta.segment)
    }

    fn verify(&self, index: &Index, known: &Meta) -> Result<Vec<Problem>> {
        verify::all(&self.connection, index, known)
    }

    fn rewrite(&self) -> Result<()> {
        write::rewrite(&self.connection)
    }

    fn empty_log(&self) -> Result<Option<String>> {
        Ok(None)
    }

    fn back_up(&self, _to: &Path) -> Result<()> {
        Err(PostgresError::NotCopied { gallery: self.connection.location.clone() }.into())
    }

    fn queue(&mut self) -> Option<&mut dyn JobQueue> {
        Some(self)
    }
}

impl Postgres {
    /// Reads something and caches it. If no server answers, the cached value is returned, if it is
    /// complete.
    fn or_cached<T: Clone>(
        &self,
        ids: &[u64],
        read: Result<Vec<(u64, T)>>,
        part: impl Fn(&mut CachedRecord) -> &mut Option<T>,
    ) -> Result<Vec<(u64, T)>> {
        match read {
            Ok(read) => {
                let mut cache = self.cache();
                for (id, value) in &read {
                    cache.keep(*id, |cached| *part(cached) = Some(value.clone()));
                }
                Ok(read)
            }
            Err(error @ Error::Unreachable { .. }) => {
                self.cache().all(ids, |cached| part(&mut cached.clone()).take()).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    /// The segment of this gallery and model that the folder names, if any.
    fn named(&self, gallery: &str, rebuilt: u64) -> Result<Option<SegmentName>> {
        let Some(path) = self.naming() else { return Ok(None) };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::File { action: "read", path, source }),
        };
        // A file that cannot be read counts as none.
        let (of, at, name): (String, u64, String) = serde_json::from_str(&text).unwrap_or_default();
        Ok(name.parse().ok().filter(|_| (of.as_str(), at) == (gallery, rebuilt)))
    }
}
