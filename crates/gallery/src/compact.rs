//! Compaction: making a gallery as small as its contents, and wiping deleted bytes.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::{Error, Gallery, Result, segment_name};

/// The result of a compaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Compacted {
    /// The folder's size on the disk before it, in bytes.
    pub before: u64,
    /// The folder's size on the disk after it, in bytes.
    pub after: u64,
}

impl Gallery {
    /// Writes the database anew without gaps, empties its log, and makes the index's file anew:
    /// afterwards no file of the folder has a byte of what was deleted. Insertions that were not
    /// yet committed are committed first.
    ///
    /// Takes as much room on the disk as the database, and shuts other writers out while it lasts.
    ///
    /// # Errors
    /// [`Error::NotCompacted`] if another process reads or writes just then and so keeps a file
    /// from being replaced: nothing is lost, and another compaction will do. If the database fails
    /// (a full disk).
    pub fn compact(&mut self) -> Result<Compacted> {
        self.commit()?;
        let before = self.bytes_on_disk();
        self.store.rewrite()?;
        self.remake_segment()?;
        self.clear_map()?;
        if let Some(log) = self.store.empty_log()? {
            return Err(self.in_use(log));
        }
        Ok(Compacted { before, after: self.bytes_on_disk() })
    }

    fn in_use(&self, file: String) -> Error {
        Error::NotCompacted { gallery: self.location().clone(), file }
    }

    /// Replaces the index's file by one without deleted codes, and removes every other.
    fn remake_segment(&mut self) -> Result<()> {
        self.finish_merging();
        let Some(dir) = self.store.folder().map(Path::to_owned) else { return Ok(()) };
        if let Some(old) = self.meta.segment {
            self.merge(true);
            self.finish_merging();
            self.catch_up()?;
            if self.meta.segment == Some(old) {
                return Err(self.in_use(old.to_string()));
            }
        }
        let named = self.meta.segment.map(|name| name.to_string());
        let unreadable =
            |source| Error::File { action: "read the folder", path: dir.clone(), source };
        for file in fs::read_dir(&dir).map_err(unreadable)? {
            let file = file.map_err(unreadable)?;
            let name = file.file_name().to_string_lossy().into_owned();
            if segment_name::is_segment(&name) && Some(&name) != named.as_ref() {
                let unremovable =
                    |source| Error::File { action: "remove", path: file.path(), source };
                fs::remove_file(file.path()).map_err(unremovable)?;
            }
        }
        Ok(())
    }
}
