//! The index's file in the gallery's folder, so that opening need not read every code from the
//! database.
//!
//! The database names the file that belongs to it; no other is used. The file has the state of its
//! generation; later changes come from the log of changes. A file gets its name when it is whole,
//! and the database names it after that. So a kill leaves at most a file that nobody names. A lost
//! file is made again.

use std::fs;
use std::path::Path;
use std::thread::{self, JoinHandle};

use retrieval::Index;

use crate::segment_name::SegmentName;
use crate::store::Meta;
use crate::{Gallery, Result};

/// The number of codes, and the share of all, that may lie in the index's tail before they become
/// part of a segment. A segment is searched and opened faster, but the time to make one grows with
/// its codes.
const FRESH: usize = 8192;
const FRESH_SHARE: usize = 8;

/// An index of one segment, its generation, its model's number, and the file that it was written
/// to, if any.
pub(super) struct Merged {
    index: Index,
    generation: u64,
    rebuilt: u64,
    name: Option<SegmentName>,
}

/// A merging in another thread.
pub(super) type Merging = JoinHandle<Merged>;

/// Opens the index of the file that the database names, unless an older program made it. Returns
/// the reason if the file cannot be used.
pub(super) fn open(
    dir: Option<&Path>,
    meta: &Meta,
) -> std::result::Result<Option<(Index, u64)>, String> {
    let Some((dir, name)) = dir.zip(meta.segment) else { return Ok(None) };
    let (index, generation) = match Index::open(&dir.join(name.to_string())) {
        Ok(opened) => opened,
        // An older program made it; it is made again.
        Err(retrieval::Error::OlderSegment { .. }) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if (index.bits(), generation) != (meta.bits, name.generation) {
        return Err(format!(
            "`{name}` has codes of {} bits and generation {generation}",
            index.bits()
        ));
    }
    Ok(Some((index, generation)))
}

impl Gallery {
    /// Puts the committed codes into one segment and its file, if many are in none, so that the
    /// gallery opens at once. It happens by itself now and then; call it after a long ingestion.
    ///
    /// # Errors
    /// If insertions cannot be committed, or the database fails. A file that cannot be written is
    /// no error: it can be done without.
    pub fn settle(&mut self) -> Result<()> {
        self.commit()?;
        self.finish_merging();
        if self.index.fresh() > FRESH {
            self.merge(true);
            self.finish_merging();
        }
        self.catch_up().map(|_| ())
    }

    /// Tells whether the index should become one segment.
    pub(super) fn is_loose(&self) -> bool {
        self.merging.is_none() && self.index.fresh() > FRESH.max(self.index.len() / FRESH_SHARE)
    }

    /// Tells whether many codes are in no file, though there might be one.
    pub(super) fn is_unwritten(&self) -> bool {
        let may_have_one = self.store.folder().is_some() && self.damaged.is_empty();
        self.merging.is_none() && may_have_one && !self.filed && self.index.len() > FRESH
    }

    /// Begins to put all codes into one segment, while searches go on.
    pub(super) fn merge(&mut self, to_file: bool) {
        let (index, generation, rebuilt) =
            (self.index.clone(), self.meta.generation, self.meta.rebuilt);
        // A file of an incomplete index would hide what is missing.
        let whole = self.damaged.is_empty();
        let dir = self.store.folder().filter(|_| to_file && whole).map(Path::to_owned);
        let work = move || {
            let write = |dir: &Path| {
                let name = SegmentName::new(generation);
                let path = dir.join(name.to_string());
                // A written file is mapped, so that processes share its memory.
                index
                    .save(&path, generation)
                    .and_then(|()| Index::open(&path))
                    .map(|(index, _)| (index, name))
            };
            let (index, name) = match dir.as_deref().map(write) {
                Some(Ok((index, name))) => (index, Some(name)),
                _ => (index.merged(), None),
            };
            Merged { index, generation, rebuilt, name }
        };
        self.merging = Some(thread::spawn(work));
    }

    /// Takes over a finished merging. The log of changes since must be applied after it.
    pub(super) fn adopt(&mut self) {
        if self.merging.as_ref().is_some_and(JoinHandle::is_finished) {
            self.finish_merging();
        }
    }

    /// Waits for a merging, and takes it over.
    pub(super) fn finish_merging(&mut self) {
        let Some(Ok(merged)) = self.merging.take().map(JoinHandle::join) else { return };
        // Another model's codes may have replaced these meanwhile.
        let current = merged.rebuilt == self.meta.rebuilt;
        if let Some((dir, name)) = self.store.folder().zip(merged.name)
            && !(current && self.publish(dir, name).unwrap_or(false))
        {
            remove(dir, name);
        }
        if current {
            self.filed = merged.name.is_some();
            (self.index, self.meta.generation) = (merged.index, merged.generation);
        }
    }

    /// Names a file in the database, and removes the one before. Returns false if another process
    /// has a newer one.
    fn publish(&self, dir: &Path, name: SegmentName) -> Result<bool> {
        let before = self.store.name_segment(name)?;
        let is_newer = before.is_none_or(|before| before.generation <= name.generation);
        if let Some(before) = before.filter(|_| is_newer) {
            remove(dir, before);
        }
        Ok(is_newer)
    }
}

/// Removes a file. Other processes that have it mapped keep its bytes until they unmap it.
pub(super) fn remove(dir: &Path, name: SegmentName) {
    let _best_effort = fs::remove_file(dir.join(name.to_string()));
}
