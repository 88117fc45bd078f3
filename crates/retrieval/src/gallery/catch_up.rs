//! Keeping the index in step with the database, whoever changed it.

use super::{Gallery, segment};
use crate::Result;

impl Gallery {
    /// Brings the index up to date with what other processes did to the gallery; whether they did anything.
    ///
    /// If one of them has re-indexed it, [`Gallery::model`] is another one afterwards.
    ///
    /// # Errors
    /// If the database fails.
    pub fn refresh(&mut self) -> Result<bool> {
        self.commit()?;
        if !self.store.has_changed()? {
            return Ok(false);
        }
        let changed = self.catch_up()?;
        // Of a folder the process that writes also writes files; here memory will do. Files of a server's gallery are this machine's.
        if self.is_loose() {
            self.merge(self.location().folder().is_none());
        }
        Ok(changed)
    }

    /// The same, of everything that was committed before, even by a server whose word has not come yet.
    ///
    /// # Errors
    /// If the database fails, or no server is in charge.
    pub fn refresh_now(&mut self) -> Result<bool> {
        self.commit()?;
        self.store.insist()?;
        self.catch_up()
    }

    /// Takes over what has changed since the index's generation; whether anything has.
    pub(super) fn catch_up(&mut self) -> Result<bool> {
        self.adopt();
        let snapshot = self.store.snapshot()?;
        let meta = snapshot.meta()?;
        let mut changed = meta.generation != self.meta.generation;
        if !self.indexes {
            drop(snapshot);
            self.meta = meta;
            return Ok(changed);
        }
        // It takes the old one's place when it is whole: a database may fail in between, and searches go on.
        let (mut replaced, mut known) = (None, self.meta.generation);
        if meta.rebuilt != self.meta.rebuilt {
            let (index, generation) = match segment::open(self.store.folder(), &meta) {
                Ok(Some(opened)) => {
                    self.filed = true;
                    opened
                }
                found => {
                    self.filed = false;
                    self.unusable = found.err();
                    (snapshot.codes(&meta)?, meta.generation)
                }
            };
            (replaced, known) = (Some(index), generation);
        }
        let index = replaced.as_mut().unwrap_or(&mut self.index);
        snapshot.changes(known, &mut |id, coded| {
            changed |= match coded {
                // Refused: one of another length, which `verify` names, and one that the index has already.
                Some((code, descriptor)) => index.insert(id, &code, descriptor).is_ok(),
                None => index.remove(id),
            }
        })?;
        drop(snapshot);
        if let Some(index) = replaced {
            self.index = index;
        }
        self.meta = meta;
        Ok(changed)
    }
}
