//! Files that are written whole or not at all, and locks of those that several processes change.
//!
//! A file gets its name when it is whole and on the disk, and then the name is synced, too. So
//! neither a full disk nor a power cut leaves half of one. [`write`] is for files of users, which
//! several processes may write; [`replace`] is for files of our own, which have one writer.
//!
//! [`attempts`] notes the files on which processes work, [`Place`] is the folder of a living
//! process, and [`folder`] has the operations beneath them.

pub mod attempts;
mod error;
pub mod folder;
mod place;

pub use error::Error;
pub use place::Place;

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

/// Writes a file, and makes its folder if necessary. Another process may write it at the same time.
/// The new file has the mode and the owner of the one that it replaces.
///
/// # Errors
/// If it cannot be written; the old one is as it was.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<()> {
    let before = fs::metadata(path).ok();
    // A pipe or a device is written to, never replaced.
    if before.as_ref().is_some_and(|found| !found.is_file()) {
        return fs::write(path, bytes)
            .with_context(|| format!("cannot write `{}`", path.display()));
    }
    write_like(path, bytes.as_ref(), before.as_ref())
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// Puts a file that `fill` writes in the place of the one at `path`. Meanwhile it is beside it,
/// with the ending `part`; a kill leaves it there until the next time.
///
/// # Errors
/// If it cannot be written; the old one is as it was.
pub fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    replace_by(path, &mut OpenOptions::new(), fill)
}

/// Replaces a file as [`replace`] does by one that its owner alone may read.
///
/// # Errors
/// As [`replace`].
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    replace_by(path, &mut options, |file| file.write_all(bytes))
}

fn replace_by(
    path: &Path,
    options: &mut OpenOptions,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let part = path.with_added_extension("part");
    let written = options
        .write(true)
        .create(true)
        .truncate(true)
        .open(&part)
        .and_then(|mut file| fill(&mut file).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&part, path))
        .and_then(|()| sync_names(folder_of(path)));
    if written.is_err() {
        let _best_effort = fs::remove_file(&part);
    }
    written
}

/// Makes new names in a folder survive a loss of power.
///
/// # Errors
/// If the folder cannot be opened or synced.
pub fn sync_names(folder: &Path) -> io::Result<()> {
    // On other systems a folder cannot be opened as a file, and names are durable with the file.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn write_like(path: &Path, bytes: &[u8], before: Option<&Metadata>) -> io::Result<()> {
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.suffix(".part");
    // The mode is that of other files: by the process's mask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut part = builder.tempfile_in(folder)?;
    part.write_all(bytes)?;
    if let Some(before) = before {
        part.as_file().set_permissions(before.permissions())?;
        #[cfg(unix)]
        give_on(part.as_file(), before);
    }
    part.as_file().sync_all()?;
    part.persist(path)?;
    sync_names(folder)
}

/// Gives a file the owner of the one that it replaces, as far as this user may.
#[cfg(unix)]
fn give_on(file: &File, before: &Metadata) {
    use std::os::unix::fs::{MetadataExt, fchown};
    let same =
        file.metadata().is_ok_and(|now| (now.uid(), now.gid()) == (before.uid(), before.gid()));
    if !same {
        let _only_root_may = fchown(file, Some(before.uid()), Some(before.gid()));
    }
}

/// The folder that a file is in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Waits until no other process changes a file, and keeps others from it until the lock is dropped.
/// The lock is a file beside it, which stays.
///
/// # Errors
/// If the lock cannot be made.
pub fn lock(path: &Path) -> Result<File> {
    let beside = path.with_added_extension("lock");
    let locked = fs::create_dir_all(folder_of(path)).and_then(|()| {
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let lock = options.write(true).create(true).truncate(false).open(&beside)?;
        lock.lock().map(|()| lock)
    });
    locked.with_context(|| format!("cannot lock `{}`", beside.display()))
}

/// The state of a file, which shows a change: its time, its length and its inode, as a file is
/// replaced whole. `None` if there is no file.
pub type FileState = Option<(SystemTime, u64, u64)>;

/// A file's state.
pub fn state(path: &Path) -> FileState {
    let metadata = fs::metadata(path).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    Some((metadata.modified().ok()?, metadata.len(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("new/a.txt"), "whole").unwrap();
        assert_eq!(fs::read(folder.path().join("new/a.txt")).unwrap(), b"whole");
        fs::create_dir(folder.path().join("taken")).unwrap();
        fs::write(folder.path().join("taken/inside"), "").unwrap();
        let error = write(&folder.path().join("taken"), "whole").unwrap_err();
        assert!(error.to_string().starts_with("cannot write `"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no part is left");
    }

    #[test]
    fn a_failure_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace(&path, |file| file.write_all(b"one")).unwrap();
        let full = |file: &mut File| {
            file.write_all(b"two").and(Err(io::Error::from(io::ErrorKind::StorageFull)))
        };
        assert_eq!(replace(&path, full).unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no part is left");
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        replace_private(&path, b"one").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_is_replaced_gives_its_mode_on() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(&path, "two").unwrap();
        assert_eq!((mode(), fs::read(&path).unwrap()), (0o640, b"two".to_vec()));
    }

    #[test]
    fn many_may_write_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::thread::scope(|scope| {
            for number in 0..8_u8 {
                let path = &path;
                scope.spawn(move || {
                    (0..20).for_each(|_| write(path, vec![number; 10_000]).unwrap())
                });
            }
        });
        let bytes = fs::read(&path).unwrap();
        assert!(bytes.len() == 10_000 && bytes.iter().all(|byte| *byte == bytes[0]));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
