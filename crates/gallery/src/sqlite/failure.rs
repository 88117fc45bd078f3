//! Conversion of the database's failures to this crate's errors.

use std::path::Path;

use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use super::SqliteError;
use crate::Error;

pub(super) fn damaged(dir: &Path, detail: String) -> Error {
    Error::Damaged { gallery: dir.into(), detail }
}

pub(super) fn damaged_part(id: u64, part: &'static str, detail: String) -> Error {
    Error::DamagedRecord { id, part, detail }
}

/// Converts an error of SQLite. `undone` is the number of insertions that were not committed.
pub(super) fn database_error(dir: &Path, undone: usize, source: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let dir = dir.to_owned();
    // The memory that SQLite's processes share has no room.
    if source.sqlite_error().is_some_and(|error| error.extended_code == SQLITE_IOERR_SHMSIZE) {
        return SqliteError::DiskFull { dir, undone, source }.into();
    }
    match source.sqlite_error_code() {
        Some(Code::DiskFull) => SqliteError::DiskFull { dir, undone, source },
        Some(Code::SystemIoFailure) => SqliteError::DiskFailed { dir, undone, source },
        Some(Code::ReadOnly | Code::CannotOpen | Code::PermissionDenied) => {
            SqliteError::ReadOnly { dir, source }
        }
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => SqliteError::Busy { dir, source },
        Some(Code::DatabaseCorrupt | Code::NotADatabase) => {
            return damaged(&dir, source.to_string());
        }
        _ => SqliteError::Database { dir, source },
    }
    .into()
}
