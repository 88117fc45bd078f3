//! SQLite's database files, held open such that no other program takes itself for their last user.
//!
//! SQLite's processes know of each other by POSIX locks. A process loses all its locks on a file as
//! soon as it closes *any* descriptor of that file, even one by which it only read a few bytes.
//! Another program's SQLite then believes that it is alone, and deletes the write-ahead log when it
//! ends: under a process that still commits to it.
//!
//! Two things stand against that:
//! * An [`Opening`] says whether the process has a handle of the file. Bytes of the file are looked
//!   at only where it has none.
//! * On Linux each file has a second lock, an open file description lock. It belongs to the
//!   descriptor that took it, so closing another descriptor leaves it as it is. It is a shared lock
//!   on a byte of which the last user needs an exclusive one, and on the byte that says whether the
//!   shared memory (`-shm`) is in use.
//!
//! The bytes are those of `os_unix.c`: <https://www.sqlite.org/src/file/src/os_unix.c>,
//! `SHARED_FIRST` and `UNIX_SHM_DMS`.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, ffi};

/// The first byte that a reader of a database locks.
const SHARED_FIRST: i64 = 0x4000_0002;
/// The byte of the shared memory that each of its users locks.
const SHM_IN_USE: i64 = 128;

/// The files that this process has handles of.
static HELD: Mutex<BTreeMap<FileId, Hold>> = Mutex::new(BTreeMap::new());

/// Guards SQLite's folder for temporary files, of which the process has one.
static TEMPORARY: Mutex<()> = Mutex::new(());

/// Device and inode where the system has them, as a file may have several names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct FileId(#[cfg(unix)] (u64, u64), #[cfg(not(unix))] PathBuf);

/// A connection to a database in WAL mode. Other programs respect it as long as it lives.
#[derive(Debug)]
pub struct Database {
    /// `None` only during the drop.
    connection: Option<Connection>,
    file: FileId,
}

/// The time in which a file gets a handle. This process opens and closes no other one meanwhile.
#[derive(Debug)]
pub struct Opening<'a> {
    path: &'a Path,
    held: MutexGuard<'static, BTreeMap<FileId, Hold>>,
}

/// The handles of a file, and the descriptors that hold the locks.
#[derive(Debug, Default)]
struct Hold {
    handles: usize,
    files: Vec<(File, i64)>,
}

impl<'a> Opening<'a> {
    /// Waits until the process's other openings have ended.
    #[must_use]
    pub fn begin(path: &'a Path) -> Self {
        Self { path, held: held() }
    }

    /// Tells whether the process has no handle of the file. If so, it may be opened and closed by
    /// other means than SQLite's.
    #[must_use]
    pub fn is_first(&self) -> bool {
        file_id(self.path).map_or(true, |file| !self.held.contains_key(&file))
    }

    /// Holds the file for a connection to it, which must be in WAL mode.
    ///
    /// # Errors
    /// If its files cannot be locked.
    pub fn finish(mut self, connection: Connection) -> rusqlite::Result<Database> {
        // SQLite opens the log and its shared memory with the first reading.
        connection.query_row("PRAGMA schema_version", [], |_| Ok(()))?;
        let file = file_id(self.path).map_err(|error| unlockable(self.path, &error))?;
        match self.held.entry(file.clone()) {
            Entry::Occupied(mut held) => held.get_mut().handles += 1,
            Entry::Vacant(free) => {
                let mut hold = Hold { handles: 1, files: Vec::new() };
                if let Err(error) = hold.take(self.path) {
                    // Before the descriptors: closing them would take the connection's locks.
                    drop(connection);
                    return Err(unlockable(self.path, &error));
                }
                free.insert(hold);
            }
        }
        Ok(Database { connection: Some(connection), file })
    }
}

impl Hold {
    fn take(&mut self, path: &Path) -> io::Result<()> {
        let mut shared_memory = path.as_os_str().to_owned();
        shared_memory.push("-shm");
        for (path, byte) in
            [(path.to_owned(), SHARED_FIRST), (PathBuf::from(shared_memory), SHM_IN_USE)]
        {
            self.files.push((File::open(path)?, byte));
        }
        self.files.iter().try_for_each(|(file, byte)| lock(file, *byte, true))
    }

    /// Releases the locks, so that SQLite sees that it is the last user. The descriptors stay:
    /// closing them would take the connection's locks.
    fn release(&self) {
        for (file, byte) in &self.files {
            let _best_effort = lock(file, *byte, false);
        }
    }
}

impl Database {
    /// Writes the database anew without gaps, so that nothing deleted is left. SQLite's temporary
    /// copy lies in `folder`. SQLite's own choice is a folder for all programs' files, where
    /// patients' data must not go.
    ///
    /// # Errors
    /// If another process is writing, or the disk is full.
    pub fn rewrite(&self, folder: &Path) -> rusqlite::Result<()> {
        let _others = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
        let set = |store: &str, folder: &str| {
            self.pragma_update(None, "temp_store", store)?;
            self.pragma_update(None, "temp_store_directory", folder)
        };
        let rewritten = set("FILE", &folder.to_string_lossy());
        let rewritten = rewritten.and_then(|()| self.execute_batch("VACUUM"));
        rewritten.and(set("MEMORY", ""))
    }

    /// Writes the log into the database and cuts it to nothing. Returns false if another user was
    /// in the way.
    ///
    /// # Errors
    /// If the disk fails.
    pub fn empty_log(&self) -> rusqlite::Result<bool> {
        self.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
    }
}

impl Deref for Database {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("a database has its connection until it is dropped")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let mut held = held();
        let Entry::Occupied(mut entry) = held.entry(self.file.clone()) else { return };
        entry.get_mut().handles -= 1;
        let last = (entry.get().handles == 0).then(|| entry.remove());
        if let Some(hold) = &last {
            hold.release();
        }
        drop(self.connection.take());
        // Now that no lock of the process is on the files.
        drop(last);
    }
}

fn held() -> MutexGuard<'static, BTreeMap<FileId, Hold>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(unix)]
fn file_id(path: &Path) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).map(|metadata| FileId((metadata.dev(), metadata.ino())))
}

#[cfg(not(unix))]
fn file_id(path: &Path) -> io::Result<FileId> {
    fs::canonicalize(path).map(FileId)
}

/// Takes or gives back a shared open file description lock.
#[cfg(target_os = "linux")]
fn lock(file: &File, byte: i64, take: bool) -> io::Result<()> {
    use nix::fcntl::{FcntlArg, fcntl};
    use nix::libc::{F_RDLCK, F_UNLCK, SEEK_SET, flock};
    let kind = if take { F_RDLCK } else { F_UNLCK };
    let lock =
        flock { l_type: kind as i16, l_whence: SEEK_SET as i16, l_start: byte, l_len: 1, l_pid: 0 };
    fcntl(file, FcntlArg::F_OFD_SETLK(&lock)).map(|_| ()).map_err(io::Error::from)
}

/// Does nothing: other systems have POSIX locks alone, which the rule about looking at bytes keeps.
#[cfg(not(target_os = "linux"))]
fn lock(_file: &File, _byte: i64, _take: bool) -> io::Result<()> {
    Ok(())
}

fn unlockable(path: &Path, error: &io::Error) -> rusqlite::Error {
    let code =
        if error.kind() == ErrorKind::WouldBlock { ffi::SQLITE_BUSY } else { ffi::SQLITE_CANTOPEN };
    let message = format!("`{}` or its shared memory cannot be locked: {error}", path.display());
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message))
}
