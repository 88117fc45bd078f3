//! The inbox: a durable queue of DICOM files in a folder, between those who send and the one who
//! indexes.
//!
//! ```text
//! format              what this folder is
//! lock                held for the moment in which an instance changes its state
//! consumer.lock       held by the one consumer
//! incoming/<n>/       files being written, a folder for each process
//! incoming/<n>.lock   held by that process while it lives
//! waiting/<key>.dcm   acknowledged
//! taken/<key>.dcm     being worked on
//! failed/<key>.dcm    kept aside, with <key>.json saying why
//! known/<xx>          what is done
//! differing/<xx>      other data sets that came under a known UID, of which the first are kept
//! attempts/           what the consumer has in hand, and what consumers died of
//! positions/<key>     how far a feed of changes has been read
//! ```
//! An instance is in one of these folders, and moves by renaming. It is new if it is in none of
//! them. So an instance that is sent twice is kept once, whoever sends it and whenever.

mod consumer;
mod digests;
mod failures;
mod incoming;
mod key;
mod positions;
mod processed_log;
#[cfg(test)]
mod tests;

pub use consumer::{Consumer, Item};
pub use failures::Failure;
pub use incoming::Incoming;
pub use key::{Key, NotAKey};

use crate::error::{Error, Result, at};
use digests::{Digest, digest_of, whole_digest_of};
use files::{Place, folder};
use processed_log::ProcessedLog;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

const FORMAT: &str = "skiagraph inbox 1\n";

/// The limits of an inbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of one instance.
    pub max_instance_bytes: u64,
    /// The number of bytes left free on the disk. Instances for which less is free are refused with
    /// [`Error::OutOfSpace`].
    pub min_free_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_instance_bytes: 512 << 20, min_free_bytes: 1 << 30 }
    }
}

/// The outcome of storing an instance, which is durable in each case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is kept, and waits.
    New,
    /// Its UID and its data set were known.
    Known,
    /// Its UID was known with another data set. The first is kept: a UID names one instance for
    /// ever (PS3.5 9). So a different data set is at best another encoding, and at worst somebody
    /// else's picture under a used UID.
    Differs,
}

/// The numbers of instances by state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// The number stored and not yet taken.
    pub waiting: u64,
    /// The number that the consumer has taken.
    pub taken: u64,
    /// The number put aside with a reason.
    pub failed: u64,
    /// The number done: removed and remembered.
    pub done: u64,
    /// The number of other data sets that came under a known UID. They are not kept: the first are.
    pub differing: u64,
}

/// A durable queue of instances in a folder. Any number of threads and processes may store; only
/// one consumes.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
    limits: Limits,
    processed: ProcessedLog,
    differing: ProcessedLog,
    moves: Mutex<File>,
    /// The folder that this process writes to.
    incoming: Place,
    next: AtomicU64,
}

impl Inbox {
    /// Opens the inbox in this folder, or makes one there. Files that a killed process was writing
    /// are removed.
    ///
    /// # Errors
    /// [`Error::NotAnInbox`] if the folder holds something else, [`Error::File`] if it cannot be
    /// used.
    pub fn open(folder: &Path, limits: Limits) -> Result<Self> {
        folder::make_folder(folder)?;
        claim(folder)?;
        for part in ["incoming", "waiting", "taken", "failed", "known", "differing", "positions"] {
            folder::make_folder(&folder.join(part))?;
        }
        let moves = folder::open_to_lock(&folder.join("lock"))?;
        moves.lock().map_err(at(folder))?;
        // A file that a dead process was writing was not acknowledged.
        let incoming = Place::make(&folder.join("incoming"), |_| Ok(()))?;
        moves.unlock().map_err(at(folder))?;
        folder::sync_folder(folder)?;
        Ok(Self {
            folder: folder.into(),
            limits,
            processed: ProcessedLog::at(folder.join("known")),
            differing: ProcessedLog::at(folder.join("differing")),
            moves: Mutex::new(moves),
            incoming,
            next: AtomicU64::new(0),
        })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Stores an instance, a DICOM file as PS3.10 defines it, under its SOP Instance UID. It is
    /// durable when this returns.
    ///
    /// # Errors
    /// [`Error::InstanceTooLarge`], [`Error::OutOfSpace`], [`Error::File`]; then nothing is kept.
    pub fn store(&self, sop_instance_uid: &str, bytes: &[u8]) -> Result<Stored> {
        let mut incoming = self.begin()?;
        incoming.append(bytes)?;
        incoming.commit(sop_instance_uid)
    }

    /// Tells whether an instance of this UID has been stored, whatever its state.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn knows(&self, sop_instance_uid: &str) -> Result<bool> {
        let _moving = self.moving()?;
        Ok(self.find(&Key::of(sop_instance_uid))?.is_some())
    }

    /// The numbers of instances by state. Counting reads directories.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn counts(&self) -> Result<Counts> {
        let count = |state| -> Result<u64> { Ok(self.keys(state)?.len() as u64) };
        Ok(Counts {
            waiting: count("waiting")?,
            taken: count("taken")?,
            failed: count("failed")?,
            done: self.processed.count()?,
            differing: self.differing.count()?,
        })
    }

    /// Moves a written file to the waiting ones, unless its UID is known.
    fn admit(&self, key: &Key, digest: &Digest, written: &Path) -> Result<Stored> {
        let first = {
            let _moving = self.moving()?;
            let first = self.find(key)?;
            if first.is_none() {
                let waiting = self.path("waiting", key);
                fs::rename(written, &waiting).map_err(at(&waiting))?;
            }
            first
        };
        // This is done for a known instance, too: the process that stored it first may not have
        // come this far.
        folder::sync_folder(&self.folder.join("waiting"))?;
        let Some(first) = first else { return Ok(Stored::New) };
        if first.is(digest, written).map_err(at(&self.folder))? {
            return Ok(Stored::Known);
        }
        let _moving = self.moving()?;
        // A data set that is sent repeatedly is counted once.
        if !self.differing.has(key, digest)? {
            self.differing.add(key, digest)?;
        }
        Ok(Stored::Differs)
    }

    /// The state of this instance. The lock is held, so it is not between two folders.
    fn find(&self, key: &Key) -> Result<Option<First>> {
        for state in ["waiting", "taken", "failed"] {
            if let Some(file) = folder::open_if_there(&self.path(state, key))? {
                return Ok(Some(First::File(file)));
            }
        }
        Ok(self.processed.find(key)?.map(First::Done))
    }

    fn path(&self, state: &str, key: &Key) -> PathBuf {
        self.folder.join(state).join(key.file_name())
    }

    fn keys(&self, state: &str) -> Result<Vec<Key>> {
        let names = folder::names(&self.folder.join(state))?;
        Ok(names.iter().filter_map(|name| Key::of_file_name(name)).collect())
    }

    /// Keeps every other thread and process from moving instances until it is dropped.
    fn moving(&self) -> Result<Moving<'_>> {
        // A panicking thread leaves nothing half done: states are in the folder, not in memory.
        let file = self.moves.lock().unwrap_or_else(PoisonError::into_inner);
        file.lock().map_err(at(&self.folder))?;
        Ok(Moving(file))
    }
}

/// The first instance stored under a UID.
enum First {
    File(File),
    Done(Digest),
}

impl First {
    /// Tells whether it is the written instance, whose data set has this digest.
    fn is(self, digest: &Digest, written: &Path) -> std::io::Result<bool> {
        match self {
            Self::File(mut file) => Ok(digest_of(&mut file)? == *digest),
            Self::Done(first) if first == *digest => Ok(true),
            // An earlier version may have remembered it.
            Self::Done(first) => Ok(whole_digest_of(&mut File::open(written)?)? == first),
        }
    }
}

/// The lock on moving instances, until it is dropped.
struct Moving<'a>(MutexGuard<'a, File>);

impl Drop for Moving<'_> {
    fn drop(&mut self) {
        // The system releases the lock at the latest when the file is closed.
        let _ = self.0.unlock();
    }
}

/// Marks an empty folder as an inbox. Refuses a folder with other contents.
fn claim(folder: &Path) -> Result<()> {
    let marker = folder.join("format");
    let refuse = |got: String| Err(Error::NotAnInbox { path: folder.into(), got });
    match fs::read(&marker) {
        Ok(bytes) if bytes == FORMAT.as_bytes() => Ok(()),
        Ok(bytes) => refuse(format!("a file `format` of {} bytes of another kind", bytes.len())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let others = folder::names(folder)?.len();
            if others > 0 {
                return refuse(format!("{others} entries and no file `format`"));
            }
            write_marker(&marker)
        }
        Err(error) => Err(at(&marker)(error)),
    }
}

/// Writes the marker of an inbox. Two processes may make the same inbox at once: each writes the
/// same bytes under its own name.
fn write_marker(marker: &Path) -> Result<()> {
    let temporary = marker.with_extension(std::process::id().to_string());
    let mut file = folder::create_new(&temporary)?;
    file.write_all(FORMAT.as_bytes()).and_then(|()| file.sync_all()).map_err(at(&temporary))?;
    fs::rename(&temporary, marker).map_err(at(marker))
}
