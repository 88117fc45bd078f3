//! The number of the last acknowledged change, kept beside the database.
//!
//! If somebody removes a write-ahead log, committed changes are lost, and the rest looks like an
//! older, sound database. So each commit writes its number to a small file when SQLite has made it
//! durable. The number is never ahead of a sound database; a higher number means that changes are
//! lost. The file is not synced, and so may lag behind after a power cut. It proves less then, and
//! the next commit brings it up to date.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::Path;

/// The file's name in the gallery's folder.
pub(super) const FILE: &str = "gallery.sqlite-acknowledged";

/// Reads the number from the file, if there is one.
///
/// # Errors
/// [`ErrorKind::InvalidData`] if the file holds anything else; if it cannot be read.
pub(super) fn read(dir: &Path) -> io::Result<Option<u64>> {
    match File::open(dir.join(FILE)) {
        Ok(file) => file.lock_shared().and_then(|()| parse(&file)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes a number, unless a higher one is there. Unreadable contents are replaced.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn raise(dir: &Path, generation: u64) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(dir.join(FILE))?;
    file.lock()?;
    let before = parse(&file).unwrap_or_default();
    if before >= Some(generation) {
        return Ok(());
    }
    let line = line(generation);
    file.rewind()?;
    file.write_all(line.as_bytes())?;
    if before.is_some() {
        return Ok(());
    }
    // After a power cut, a new file must not have its length but not its bytes.
    file.set_len(line.len() as u64).and_then(|()| file.sync_all())
}

fn parse(file: &File) -> io::Result<Option<u64>> {
    let mut text = String::new();
    file.take(64).read_to_string(&mut text)?;
    let number = text.get(..16).and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match number {
        _ if text.is_empty() => Ok(None),
        Some(number) if line(number) == text => Ok(Some(number)),
        _ => Err(ErrorKind::InvalidData.into()),
    }
}

/// The number and its CRC-32, always equally long, so that writing it never needs room on a full
/// disk.
fn line(generation: u64) -> String {
    format!("{generation:016x} {:08x}\n", crc32fast::hash(&generation.to_le_bytes()))
}
