//! Keeping the index in step with the database, whoever changed it.

use retrieval::Index;

use crate::store::Change;
use crate::{Gallery, Result, segment};

impl Gallery {
    /// Brings the index up to date with what other processes did to the gallery. Returns whether
    /// they did anything.
    ///
    /// If one of them has re-indexed it, [`Gallery::model`] is another one afterwards.
    ///
    /// # Errors
    /// If the database fails.
    pub fn refresh(&mut self) -> Result<bool> {
        self.commit()?;
        if !self.store.has_changed()? && self.index.is_whole() {
            return Ok(false);
        }
        let changed = self.catch_up()?;
        // In a folder, the process that writes also makes the files, so memory is enough here. The
        // files of a server's gallery belong to this machine.
        if self.is_loose() {
            self.merge(self.location().folder().is_none());
        }
        Ok(changed)
    }

    /// Refreshes to the newest committed state, even if the server has not yet notified of it.
    ///
    /// # Errors
    /// If the database fails, or no server is in charge.
    pub fn refresh_now(&mut self) -> Result<bool> {
        self.commit()?;
        self.store.require_fresh()?;
        self.catch_up()
    }

    /// Applies what has changed since the index's generation. Returns whether anything has.
    pub(super) fn catch_up(&mut self) -> Result<bool> {
        self.adopt();
        if !self.index.is_whole() {
            // The index is made again from the database, as if there were none.
            self.index = Index::new(self.meta.bits)?;
            (self.meta.generation, self.meta.rebuilt) = (0, 0);
        }
        let snapshot = self.store.snapshot()?;
        let meta = snapshot.meta()?;
        let mut changed = meta.generation != self.meta.generation;
        if !self.indexes {
            drop(snapshot);
            self.meta = meta;
            return Ok(changed);
        }
        // The new index replaces the old one when it is whole. A database may fail in between, and
        // searches go on.
        let (mut replaced, mut known, mut damaged) =
            (None, self.meta.generation, self.damaged.clone());
        if meta.rebuilt != self.meta.rebuilt {
            let (index, generation, unread) = match segment::open(self.store.folder(), &meta) {
                Ok(Some((index, generation))) => {
                    self.filed = true;
                    (index, generation, Vec::new())
                }
                found => {
                    self.filed = false;
                    self.unusable = found.err();
                    let (index, unread) = snapshot.codes(&meta)?;
                    (index, meta.generation, unread)
                }
            };
            (replaced, known, damaged) = (Some(index), generation, unread.into_iter().collect());
        }
        let index = replaced.as_mut().unwrap_or(&mut self.index);
        snapshot.changes(known, &mut |id, change| {
            changed |= match change {
                Change::Inserted((code, _))
                    if index.code(id).is_some_and(|known| known == code) =>
                {
                    false
                }
                Change::Inserted((code, descriptor)) => {
                    index.insert(id, &code, descriptor).is_ok() || damaged.insert(id)
                }
                // A record that was read before it was damaged is right in the index.
                Change::Damaged => !index.contains(id) && damaged.insert(id),
                Change::Deleted => index.remove(id) | damaged.remove(&id),
            }
        })?;
        drop(snapshot);
        self.damaged = damaged;
        if let Some(index) = replaced {
            self.index = index;
        }
        self.meta = meta;
        Ok(changed)
    }
}
