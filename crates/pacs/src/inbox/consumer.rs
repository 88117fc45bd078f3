//! The one who works through an inbox.

use super::folder::{self, at};
use super::known::digest_of;
use super::{Inbox, Key};
use crate::error::{Error, Result};
use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// An instance that was taken this often by a consumer that then died is put aside: it may be what kills it.
const DEATHS: u32 = 3;

/// The one consumer of an inbox. While it lives, no other process can consume.
#[derive(Debug)]
pub struct Consumer<'a> {
    inbox: &'a Inbox,
    queue: VecDeque<Key>,
    _lock: File,
}

/// An instance that the consumer has taken. Dropped, it stays taken, and waits again for the next consumer.
#[derive(Debug)]
pub struct Item {
    key: Key,
    path: PathBuf,
}

impl Item {
    /// Its name in the inbox.
    pub fn key(&self) -> Key {
        self.key
    }

    /// Its file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Inbox {
    /// Becomes the consumer. What a consumer before had taken and not finished waits again; what three consumers in a
    /// row have died of is put aside as failed.
    ///
    /// # Errors
    /// [`Error::ConsumerBusy`] while another one consumes, [`Error::File`].
    pub fn consumer(&self) -> Result<Consumer<'_>> {
        let path = self.folder.join("consumer.lock");
        let lock = folder::open_to_lock(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::ConsumerBusy { path: self.folder.clone() }),
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        self.recover()?;
        Ok(Consumer { inbox: self, queue: VecDeque::new(), _lock: lock })
    }

    fn recover(&self) -> Result<()> {
        let path = self.folder.join("deaths.json");
        let before: BTreeMap<String, u32> =
            fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        let taken = self.keys("taken")?;
        let died = |key: &Key| before.get(&key.to_string()).unwrap_or(&0) + 1;
        let deaths: BTreeMap<String, u32> = taken.iter().map(|key| (key.to_string(), died(key))).collect();
        if deaths != before {
            folder::replace(&path, serde_json::to_string(&deaths).unwrap_or_default().as_bytes())?;
        }
        for key in taken {
            self.recover_one(&key, died(&key))?;
        }
        self.remove_reasons_of_none()
    }

    fn recover_one(&self, key: &Key, deaths: u32) -> Result<()> {
        let path = self.path("taken", key);
        if deaths >= DEATHS {
            return self.put_aside(
                key,
                &format!("the process died {deaths} times in a row while it worked on this"),
            );
        }
        let _moving = self.moving()?;
        // Done, and the process died before it removed the file.
        if self.known.find(key)?.is_some() {
            folder::remove_if_there(&path)?;
        } else {
            folder::rename_if_there(&path, &self.path("waiting", key))?;
        }
        Ok(())
    }
}

impl Consumer<'_> {
    /// Takes the instance that has waited longest, if any waits.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn take(&mut self) -> Result<Option<Item>> {
        if self.queue.is_empty() {
            self.queue = self.waiting()?;
        }
        while let Some(key) = self.queue.pop_front() {
            let path = self.inbox.path("taken", &key);
            let _moving = self.inbox.moving()?;
            if folder::rename_if_there(&self.inbox.path("waiting", &key), &path)? {
                return Ok(Some(Item { key, path }));
            }
        }
        Ok(None)
    }

    /// What waits, in the order in which it was written.
    fn waiting(&self) -> Result<VecDeque<Key>> {
        let written = |key| {
            let file = fs::metadata(self.inbox.path("waiting", &key)).and_then(|file| file.modified());
            (file.unwrap_or(SystemTime::UNIX_EPOCH), key)
        };
        let mut waiting: Vec<_> = self.inbox.keys("waiting")?.into_iter().map(written).collect();
        waiting.sort_unstable();
        Ok(waiting.into_iter().map(|(_, key)| key).collect())
    }

    /// Finishes an instance: its file is removed, and its UID remembered, so that it is not stored again.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn done(&mut self, item: Item) -> Result<()> {
        let mut file = File::open(&item.path).map_err(at(&item.path))?;
        let digest = digest_of(&mut file).map_err(at(&item.path))?;
        let _moving = self.inbox.moving()?;
        self.inbox.known.add(&item.key, &digest)?;
        folder::remove_if_there(&item.path)?;
        Ok(())
    }

    /// Puts an instance aside, with the reason, which must hold no patient data: it is shown in lists and logs.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn fail(&mut self, item: Item, reason: &str) -> Result<()> {
        self.inbox.put_aside(&item.key, reason)
    }

    /// Gives an instance back: it waits again, and no death is counted.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn give_back(&mut self, item: Item) -> Result<()> {
        let _moving = self.inbox.moving()?;
        folder::rename_if_there(&item.path, &self.inbox.path("waiting", &item.key))?;
        Ok(())
    }
}
