//! Making a gallery as small as what it holds, and wiping what it no longer holds.

use std::fs;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::{DATABASE, Gallery, segment};
use crate::{Error, Result};

/// Where SQLite copies a database while it writes it anew is one for the whole process: by itself a folder for all programs' files,
/// where patients' data must not go.
static TEMPORARY: Mutex<()> = Mutex::new(());

/// What a compaction did.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Compacted {
    /// What the folder took on the disk, in bytes.
    pub before: u64,
    /// What it takes now.
    pub after: u64,
}

impl Gallery {
    /// Writes the database anew without gaps, empties its log, and makes the index's file anew: afterwards no file of the folder has
    /// a byte of what was deleted. Insertions that were not yet committed are committed first.
    ///
    /// Takes as much room on the disk as the database, and shuts other writers out while it lasts.
    ///
    /// # Errors
    /// [`Error::NotCompacted`] if another process reads or writes just then and so keeps a file from being replaced: nothing is lost,
    /// and another compaction will do. If the database fails (a full disk).
    pub fn compact(&mut self) -> Result<Compacted> {
        self.commit()?;
        let before = self.bytes_on_disk();
        self.rewrite().map_err(|source| self.failed(source))?;
        self.remake_segment()?;
        self.clear_map()?;
        if !self.empty_log().map_err(|source| self.failed(source))? {
            return Err(self.in_use(format!("{DATABASE}-wal")));
        }
        Ok(Compacted { before, after: self.bytes_on_disk() })
    }

    fn rewrite(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("INSERT INTO report_words (report_words) VALUES ('optimize')")?;
        let _others = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        let set = |store: &str, folder: &str| {
            self.connection.pragma_update(None, "temp_store", store)?;
            self.connection.pragma_update(None, "temp_store_directory", folder)
        };
        let rewritten = set("FILE", &self.dir.to_string_lossy());
        let rewritten = rewritten.and_then(|()| self.connection.execute_batch("VACUUM"));
        rewritten.and(set("MEMORY", ""))
    }

    fn in_use(&self, file: String) -> Error {
        Error::NotCompacted { dir: self.dir.clone(), file }
    }

    /// Replaces the index's file by one without deleted codes, and removes every other.
    fn remake_segment(&mut self) -> Result<()> {
        self.finish_merging();
        if let Some(old) = self.meta.segment {
            self.merge(true);
            self.finish_merging();
            self.catch_up()?;
            if self.meta.segment == Some(old) {
                return Err(self.in_use(old.to_string()));
            }
        }
        let named = self.meta.segment.map(|name| name.to_string());
        let unreadable = |source| Error::File { action: "read the folder", path: self.dir.clone(), source };
        for file in fs::read_dir(&self.dir).map_err(unreadable)? {
            let file = file.map_err(unreadable)?;
            let name = file.file_name().to_string_lossy().into_owned();
            if segment::is_segment(&name) && Some(&name) != named.as_ref() {
                let unremovable = |source| Error::File { action: "remove", path: file.path(), source };
                fs::remove_file(file.path()).map_err(unremovable)?;
            }
        }
        Ok(())
    }
}
