//! Files of the jobs' folders: writing them whole, and finding them again.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The name of a job's state file, in its folder.
pub(super) const STATE: &str = "job.json";
/// The endings of a file that waits, and of one that is arriving.
pub(super) const WAITS: &str = "file";
pub(super) const COMES: &str = "part";

/// Writes a file whole or not at all. When it returns, the file and its name are on the disk.
pub(super) fn store(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    files::replace(&folder.join(name), |file| file.write_all(bytes))
}

/// The entries of a folder; empty if it does not exist.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        read => read.with_context(|| format!("cannot read `{}`", folder.display()))?,
    };
    Ok(read.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?)
}

pub(super) fn number(path: &Path) -> Option<u64> {
    path.file_stem()?.to_str()?.parse().ok()
}
