//! Files that are written whole or not at all, and locks of those that several processes change.

use std::fs::{self, File, Metadata};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};

/// Writes a file, and makes its folder if necessary. The file gets its name when it is whole and on
/// the disk. So neither a full disk, a power cut nor another process that writes it at the same
/// time leaves half of one. The new file has the mode and the owner of the one that it replaces.
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
    replace(path, bytes.as_ref(), before.as_ref())
        .with_context(|| format!("cannot write `{}`", path.display()))
}

fn replace(path: &Path, bytes: &[u8], before: Option<&Metadata>) -> io::Result<()> {
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
    // The new name must survive a power cut as the file's content does.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
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
