//! The index's file in the gallery's folder, so that opening need not read every code from the database.
//!
//! The database names the file that belongs to it; no other is used, and it is only as good as the generation it says it has: what
//! was committed later comes from the log of changes. A file gets its name when it is whole, and its place in the database after
//! that, so a kill leaves a file that nobody names. Losing one loses nothing.

use std::fmt;
use std::fs;
use std::path::Path;
use std::str::FromStr;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::meta::{self, Meta};
use super::schema::PATIENCE;
use super::{Gallery, failure::database_error};
use crate::{Index, Result};

/// So many codes may lie in the index's tail, and this share of all, before they become part of a segment: a segment is searched
/// faster and opens faster, but making one takes the longer the more codes there are.
const FRESH: usize = 8192;
const FRESH_SHARE: usize = 8;

/// A file's name: the generation that it was made of, and a number that no other file has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SegmentName {
    pub(super) generation: u64,
    token: u64,
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "codes-{}-{:016x}.segment", self.generation, self.token)
    }
}

impl FromStr for SegmentName {
    type Err = ();

    /// Reads what `Display` writes and nothing else: no text of a database leads out of its folder.
    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let parts = text.strip_prefix("codes-").and_then(|rest| rest.strip_suffix(".segment"));
        let (generation, token) = parts.and_then(|parts| parts.split_once('-')).ok_or(())?;
        let token = u64::from_str_radix(token, 16).map_err(|_| ())?;
        let name = Self { generation: generation.parse().map_err(|_| ())?, token };
        if name.to_string() == text { Ok(name) } else { Err(()) }
    }
}

/// Whether a file of the folder is a segment, or what a killed process left of one.
pub(super) fn is_segment(name: &str) -> bool {
    let name = name.strip_suffix(".part").unwrap_or(name);
    name.parse::<SegmentName>().is_ok()
}

/// An index of one segment, what generation it is of, and the file that it was written to, if it was.
pub(super) struct Merged {
    index: Index,
    generation: u64,
    name: Option<SegmentName>,
}

/// A merging on its way.
pub(super) type Merging = JoinHandle<Merged>;

/// The index of the file that the database names; the reason if there should be one but it cannot be used.
pub(super) fn open(dir: &Path, meta: &Meta) -> std::result::Result<Option<(Index, u64)>, String> {
    let Some(name) = meta.segment.filter(|name| (meta.rebuilt..=meta.generation).contains(&name.generation))
    else {
        return Ok(None);
    };
    let (index, generation) = Index::open(&dir.join(name.to_string())).map_err(|error| error.to_string())?;
    if (index.bits(), generation) != (meta.bits, name.generation) {
        return Err(format!("`{name}` has codes of {} bits and generation {generation}", index.bits()));
    }
    Ok(Some((index, generation)))
}

impl Gallery {
    /// Puts the committed codes into one segment and its file, if there are many that are in none: then the gallery opens at once.
    /// Done by itself now and then; worth asking for after a long ingestion.
    ///
    /// # Errors
    /// If insertions cannot be committed, or the database fails. A file that cannot be written is no error: it can be done without.
    pub fn settle(&mut self) -> Result<()> {
        self.commit()?;
        self.finish_merging();
        if self.index.fresh() > FRESH {
            self.merge(true);
            self.finish_merging();
        }
        self.catch_up().map(|_| ())
    }

    /// Whether the index should become one segment.
    pub(super) fn is_loose(&self) -> bool {
        self.merging.is_none() && self.index.fresh() > FRESH.max(self.index.len() / FRESH_SHARE)
    }

    /// Begins to put all codes into one segment while searches go on.
    pub(super) fn merge(&mut self, to_file: bool) {
        let (index, generation) = (self.index.clone(), self.meta.generation);
        let token = self.connection.query_row("SELECT random()", [], |row| row.get::<_, i64>(0));
        let token = token.ok().filter(|_| to_file).map(i64::cast_unsigned);
        let name = token.map(|token| SegmentName { generation, token });
        let dir = self.dir.clone();
        let work = move || {
            let write = |name: SegmentName| {
                let path = dir.join(name.to_string());
                // What was written is mapped, so that processes share its memory.
                index.save(&path, generation).and_then(|()| Index::open(&path))
            };
            match name.map(write) {
                Some(Ok((index, _))) => Merged { index, generation, name },
                _ => Merged { index: index.merged(), generation, name: None },
            }
        };
        self.merging = Some(thread::spawn(work));
    }

    /// Takes over a merging that is done; the log of changes since must be applied after it.
    pub(super) fn adopt(&mut self) {
        if self.merging.as_ref().is_some_and(JoinHandle::is_finished) {
            self.finish_merging();
        }
    }

    /// Waits for a merging, and takes it over.
    pub(super) fn finish_merging(&mut self) {
        let Some(Ok(merged)) = self.merging.take().map(JoinHandle::join) else { return };
        // The codes may have been replaced by another model's meanwhile.
        let current = merged.generation >= self.meta.rebuilt;
        if let Some(name) = merged.name
            && !(current && self.publish(name).unwrap_or(false))
        {
            remove(&self.dir, name);
        }
        if current {
            (self.index, self.meta.generation) = (merged.index, merged.generation);
        }
    }

    /// Gives a file its place in the database, and removes the one before; not if another process has a newer one. Does not wait
    /// for a process that is writing.
    fn publish(&self, name: SegmentName) -> Result<bool> {
        let failed = |source| database_error(&self.dir, 0, source);
        self.connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        let named = name_in_database(&self.dir, &self.connection, name);
        self.connection.busy_timeout(PATIENCE).map_err(failed)?;
        let before = named?;
        let is_newer = before.is_none_or(|before| before.generation <= name.generation);
        if let Some(before) = before.filter(|_| is_newer) {
            remove(&self.dir, before);
        }
        Ok(is_newer)
    }
}

/// Names the file in the database, unless a newer one is named or all codes were replaced since; the one that was named.
fn name_in_database(dir: &Path, connection: &Connection, name: SegmentName) -> Result<Option<SegmentName>> {
    let failed = |source| database_error(dir, 0, source);
    let transaction =
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(failed)?;
    let meta = Meta::read(dir, &transaction)?;
    if meta.segment.is_none_or(|before| before.generation <= name.generation) {
        meta::set(&transaction, "segment", &name.to_string()).map_err(failed)?;
        meta::seal(&transaction).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(meta.segment)
}

/// Other processes that have the file mapped keep its bytes until they let go of it.
pub(super) fn remove(dir: &Path, name: SegmentName) {
    let _best_effort = fs::remove_file(dir.join(name.to_string()));
}
