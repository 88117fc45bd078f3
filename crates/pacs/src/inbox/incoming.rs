//! An instance that is arriving: written, counted and hashed as it comes, then synced and given its
//! name.

use super::digests::DataSetHash;
use super::{Inbox, Key, Stored};
use crate::error::{Error, Result, at};
use files::folder;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// The number of bytes after which the free space is checked again.
const ASK_AGAIN: u64 = 8 << 20;

/// An instance that is being written to an inbox. If it is dropped without [`Incoming::commit`], it
/// leaves nothing behind.
#[derive(Debug)]
pub struct Incoming<'a> {
    inbox: &'a Inbox,
    file: File,
    path: PathBuf,
    hash: DataSetHash,
    bytes: u64,
}

impl Inbox {
    /// Begins an instance whose bytes come in pieces.
    ///
    /// # Errors
    /// [`Error::OutOfSpace`] where the disk has less room than the limits leave free,
    /// [`Error::File`].
    pub fn begin(&self) -> Result<Incoming<'_>> {
        self.check_space()?;
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.incoming.folder().join(number.to_string());
        let file = folder::create_new(&path)?;
        Ok(Incoming { inbox: self, file, path, hash: DataSetHash::default(), bytes: 0 })
    }

    fn check_space(&self) -> Result<()> {
        let free = folder::free_bytes(self.incoming.folder())?;
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
        Ok(())
    }

    /// The first bytes of the file, at most 16 KiB.
    pub fn head(&self) -> &[u8] {
        self.hash.head()
    }

    /// The number of bytes so far.
    pub fn len(&self) -> u64 {
        self.bytes
    }

    /// Tells whether there are no bytes yet.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Keeps the instance under its SOP Instance UID. It is durable when this returns.
    ///
    /// # Errors
    /// [`Error::OutOfSpace`], [`Error::File`]; then nothing is kept.
    pub fn commit(mut self, sop_instance_uid: &str) -> Result<Stored> {
        self.file.sync_data().map_err(|error| self.full_or(error))?;
        let digest = std::mem::take(&mut self.hash).finish();
        self.inbox.admit(&Key::of(sop_instance_uid), &digest, &self.path)
    }

    /// Converts a write's error. A full disk has its own variant, as senders are told of it.
    fn full_or(&self, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                let free = folder::free_bytes(self.inbox.incoming.folder()).unwrap_or(0);
                Error::OutOfSpace { free, needed: self.inbox.limits.min_free_bytes }
            }
            _ => at(&self.path)(error),
        }
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        // After admission the file is no longer there. A file that cannot be removed now is removed
        // when the inbox is next opened.
        let _ = fs::remove_file(&self.path);
    }
}
