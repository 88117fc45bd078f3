//! File system operations for queues on a disk: private files, durable names, free space.

use crate::error::{Error, Result};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

/// Makes a folder, and those above it, that its owner alone may enter.
///
/// # Errors
/// If the system refuses it.
pub fn make_folder(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(Error::at(path))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// A new file that its owner alone may read.
///
/// # Errors
/// If the system refuses it.
pub fn create_new(path: &Path) -> Result<File> {
    private().write(true).create_new(true).open(path).map_err(Error::at(path))
}

/// A file to append to.
///
/// # Errors
/// If the system refuses it.
pub fn open_to_append(path: &Path) -> Result<File> {
    private().append(true).read(true).create(true).open(path).map_err(Error::at(path))
}

/// Opens a file to lock; its content does not matter.
///
/// # Errors
/// If the system refuses it.
pub fn open_to_lock(path: &Path) -> Result<File> {
    private().write(true).create(true).truncate(false).open(path).map_err(Error::at(path))
}

/// Makes new names in a folder survive a loss of power.
///
/// # Errors
/// If the system refuses it.
pub fn sync_folder(path: &Path) -> Result<()> {
    crate::sync_names(path).map_err(Error::at(path))
}

/// Writes these bytes to `path`, all or none, whenever the process or the machine dies.
///
/// # Errors
/// If the system refuses it.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    crate::replace_private(path, bytes).map_err(Error::at(path))
}

/// Renames a file. Returns whether it existed.
///
/// # Errors
/// If the system refuses it.
pub fn rename_if_there(from: &Path, to: &Path) -> Result<bool> {
    is_there(fs::rename(from, to), from)
}

/// Removes a file. Returns whether it existed.
///
/// # Errors
/// If the system refuses it.
pub fn remove_if_there(path: &Path) -> Result<bool> {
    is_there(fs::remove_file(path), path)
}

/// Opens a file; `None` if it does not exist.
///
/// # Errors
/// If the system refuses it.
pub fn open_if_there(path: &Path) -> Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::at(path)(error)),
    }
}

fn is_there(outcome: std::io::Result<()>, path: &Path) -> Result<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(Error::at(path)(error)),
    }
}

/// The names in a folder that are Unicode; the inbox makes no others.
///
/// # Errors
/// If the system refuses it.
pub fn names(path: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(path).map_err(Error::at(path))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().into_string().ok()));
    names
        .filter_map(std::io::Result::transpose)
        .collect::<std::io::Result<_>>()
        .map_err(Error::at(path))
}

/// The number of bytes that may still be written below `path`.
///
/// # Errors
/// If the system refuses it.
pub fn free_bytes(path: &Path) -> Result<u64> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(path).map_err(|error| Error::at(path)(error.into()))?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
    // On other systems, the write that fails is the first sign.
    #[cfg(not(unix))]
    {
        let _ = path;
        Ok(u64::MAX)
    }
}
