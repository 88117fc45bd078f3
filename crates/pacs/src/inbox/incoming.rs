//! An instance on its way in: written, counted and hashed as it comes, then synced and given its name.

use super::folder::{self, at};
use super::known::digest;
use super::{Inbox, Key, Stored};
use crate::error::{Error, Result};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

/// So many bytes from the start are kept at hand, which hold the file meta and the identity of every sane instance.
const HEAD: usize = 1 << 14;
/// After so many bytes the free space is asked for again.
const ASK_AGAIN: u64 = 8 << 20;

/// An instance that is being written to an inbox. Dropped without [`Incoming::commit`], it leaves nothing behind.
#[derive(Debug)]
pub struct Incoming<'a> {
    inbox: &'a Inbox,
    file: File,
    path: PathBuf,
    hash: Sha256,
    head: Vec<u8>,
    bytes: u64,
}

impl Inbox {
    /// Begins an instance whose bytes come in pieces.
    ///
    /// # Errors
    /// [`Error::OutOfSpace`] where the disk has less room than the limits leave free, [`Error::File`].
    pub fn begin(&self) -> Result<Incoming<'_>> {
        self.check_space()?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.incoming.join(number.to_string());
        let file = folder::create_new(&path)?;
        Ok(Incoming { inbox: self, file, path, hash: Sha256::new(), head: Vec::new(), bytes: 0 })
    }

    fn check_space(&self) -> Result<()> {
        let free = folder::free_bytes(&self.incoming)?;
        let needed = self.limits.min_free_bytes;
        if free < needed { Err(Error::OutOfSpace { free, needed }) } else { Ok(()) }
    }
}

impl Incoming<'_> {
    /// Adds the next bytes of the file.
    ///
    /// # Errors
    /// [`Error::InstanceTooLarge`], [`Error::OutOfSpace`], [`Error::File`].
    pub fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let before = self.bytes;
        self.bytes += bytes.len() as u64;
        let limit = self.inbox.limits.max_instance_bytes;
        if self.bytes > limit {
            return Err(Error::InstanceTooLarge { limit });
        }
        if before / ASK_AGAIN != self.bytes / ASK_AGAIN {
            self.inbox.check_space()?;
        }
        self.file.write_all(bytes).map_err(|error| self.full_or(error))?;
        self.hash.update(bytes);
        self.head.extend(bytes.iter().take(HEAD - self.head.len()));
        Ok(())
    }

    /// The first bytes, at most 16 KiB.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Keeps the instance under its SOP Instance UID. It is durable when this returns.
    ///
    /// # Errors
    /// [`Error::OutOfSpace`], [`Error::File`]; then nothing is kept.
    pub fn commit(mut self, sop_instance_uid: &str) -> Result<Stored> {
        self.file.sync_data().map_err(|error| self.full_or(error))?;
        let digest = digest(std::mem::take(&mut self.hash));
        self.inbox.admit(&Key::of(sop_instance_uid), &digest, &self.path)
    }

    /// A full disk has a name of its own, as senders are told apart by it.
    fn full_or(&self, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                let free = folder::free_bytes(&self.inbox.incoming).unwrap_or(0);
                Error::OutOfSpace { free, needed: self.inbox.limits.min_free_bytes }
            }
            _ => at(&self.path)(error),
        }
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        // It is no longer there where it was admitted. What cannot be removed now is so when the inbox is opened next.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes the place where this process writes, and clears those of processes that are dead. The caller holds the lock
/// of the inbox, so that no process is between making its lock and locking it.
pub(super) fn make_place(parent: &Path) -> Result<(PathBuf, File)> {
    for name in folder::names(parent)?.iter().filter_map(|name| name.strip_suffix(".lock")) {
        clear_if_dead(&parent.join(name))?;
    }
    let mut number = u64::from(std::process::id()) << 16;
    loop {
        let place = parent.join(number.to_string());
        let lock = folder::open_to_lock(&lock_of(&place))?;
        if lock.try_lock().is_ok() {
            folder::make_folder(&place)?;
            return Ok((place, lock));
        }
        number += 1;
    }
}

/// The place of a process that ends in order.
pub(super) fn remove_place(place: &Path) {
    // What stays is cleared by whoever opens the inbox next.
    let _ = fs::remove_dir_all(place);
    let _ = fs::remove_file(lock_of(place));
}

fn clear_if_dead(place: &Path) -> Result<()> {
    let lock = folder::open_to_lock(&lock_of(place))?;
    if lock.try_lock().is_ok() {
        match fs::remove_dir_all(place) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(at(place)(error)),
            _ => folder::remove_if_there(&lock_of(place))?,
        };
    }
    Ok(())
}

fn lock_of(place: &Path) -> PathBuf {
    place.with_extension("lock")
}
