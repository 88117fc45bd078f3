//! The errors of a gallery's database in a folder.

use std::path::PathBuf;

use crate::Location;

/// A fault of SQLite, of its files or of the disk.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// A disk without room.
    #[error(
        "no room to write in the gallery `{}`: {source}. The gallery is as of its last commit; \
         {undone} later insertions were undone. Free some space and try again",
        dir.display()
    )]
    DiskFull {
        /// The folder.
        dir: PathBuf,
        /// The number of insertions since the last commit.
        undone: usize,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A disk that fails.
    #[error(
        "the disk failed under the gallery `{}`: {source}. The gallery is as of its last commit; \
         {undone} later insertions were undone. See whether the disk is full or broken, then try \
         again",
        dir.display()
    )]
    DiskFailed {
        /// The folder.
        dir: PathBuf,
        /// The number of insertions since the last commit.
        undone: usize,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A folder that cannot be written.
    #[error(
        "the gallery `{}` cannot be written: {source}. Nothing in it was changed. A gallery's \
         folder must be writable, for searching too: give the right to write there, or use a copy \
         where you may write",
        dir.display()
    )]
    ReadOnly {
        /// The folder.
        dir: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A gallery that another process is writing.
    #[error(
        "the gallery `{}` is being written by another process: {source}. Try again when that has \
         finished",
        dir.display()
    )]
    Busy {
        /// The folder.
        dir: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A database that lacks the last changes that were acknowledged.
    #[error(
        "the gallery `{gallery}` has lost changes: it ends with change {got}, but change \
         {expected} was acknowledged. Another program or a person has removed its write-ahead \
         log, or put an older database in its place. Nothing is written to it any more. Restore a \
         copy; or give those changes up by removing the file `gallery.sqlite-acknowledged` there, \
         and index their pictures again"
    )]
    LostChanges {
        /// The gallery.
        gallery: Location,
        /// The number of the last change that is there.
        got: u64,
        /// The number of the last change that was acknowledged.
        expected: u64,
    },
    /// A log with damaged bytes, behind which transactions are lost.
    #[error(
        "the write-ahead log `{}` is damaged at byte {at}: what was committed from there on does \
         not read. Nothing was changed. Restore a copy; or give those changes up: cut the log \
         there (truncate --size {at} FILE), remove the file `gallery.sqlite-acknowledged` beside \
         it, and index their pictures again",
        path.display()
    )]
    DamagedLog {
        /// The file.
        path: PathBuf,
        /// The position of the first byte that cannot be read.
        at: u64,
    },
    /// Any other failure of the database.
    #[error("the database of the gallery `{}` failed: {source}", dir.display())]
    Database {
        /// The folder.
        dir: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
}
