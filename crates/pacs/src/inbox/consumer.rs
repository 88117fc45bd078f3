//! The consumer, which works through an inbox.

use super::digests::digest_of;
use super::failures::Reason;
use super::{Inbox, Key};
use crate::error::{Error, Result, at};
use files::attempts::{Attempts, Plan};
use files::folder;
use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

/// The only consumer of an inbox. While it lives, no other process can consume.
#[derive(Debug)]
pub struct Consumer<'a> {
    inbox: &'a Inbox,
    attempts: Arc<Attempts>,
    together: VecDeque<Key>,
    /// Suspects of an earlier death.
    alone: VecDeque<Key>,
    _lock: File,
}

/// An instance that the consumer has taken. If it is dropped, it stays taken, and waits again for
/// the next consumer.
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
    /// Becomes the consumer. Instances that a consumer before had taken and not finished wait
    /// again.
    ///
    /// # Errors
    /// [`Error::ConsumerBusy`] while another one consumes, [`Error::File`].
    pub fn consumer(&self) -> Result<Consumer<'_>> {
        let path = self.folder.join("consumer.lock");
        let lock = folder::open_to_lock(&path)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Error::ConsumerBusy { path: self.folder.clone() });
            }
            Err(TryLockError::Error(error)) => return Err(at(&path)(error)),
        }
        let attempts = Arc::new(Attempts::open(&self.folder.join("attempts"))?);
        for key in self.keys("taken")? {
            self.recover(&key)?;
        }
        self.remove_reasons_of_none()?;
        let (together, alone) = Default::default();
        Ok(Consumer { inbox: self, attempts, together, alone, _lock: lock })
    }

    fn recover(&self, key: &Key) -> Result<()> {
        let path = self.path("taken", key);
        let _moving = self.moving()?;
        // It is done, and the process died before it removed the file.
        if self.processed.find(key)?.is_some() {
            folder::remove_if_there(&path)?;
        } else {
            folder::rename_if_there(&path, &self.path("waiting", key))?;
        }
        Ok(())
    }
}

impl Consumer<'_> {
    /// The note of the instances in hand.
    pub fn attempts(&self) -> &Arc<Attempts> {
        &self.attempts
    }

    /// Takes instances to work on together: at most `most`, those that have waited longest. The
    /// list is empty if none waits. One that was in hand when a consumer died comes alone, after
    /// the others that wait. One that was alone in hand at [`files::attempts::DEATHS`] deaths is
    /// put aside as failed.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn take(&mut self, most: usize) -> Result<Vec<Item>> {
        if self.together.is_empty() && self.alone.is_empty() {
            self.list()?;
        }
        let mut items = Vec::new();
        while items.is_empty() && !(self.together.is_empty() && self.alone.is_empty()) {
            let keys: Vec<Key> = if self.together.is_empty() {
                self.alone.pop_front().into_iter().collect()
            } else {
                self.together.drain(..most.min(self.together.len())).collect()
            };
            self.attempts.begin(keys.iter().map(Key::to_string))?;
            for key in keys {
                items.extend(self.take_one(key)?);
            }
        }
        Ok(items)
    }

    fn take_one(&self, key: Key) -> Result<Option<Item>> {
        let path = self.inbox.path("taken", &key);
        let _moving = self.inbox.moving()?;
        if folder::rename_if_there(&self.inbox.path("waiting", &key), &path)? {
            return Ok(Some(Item { key, path }));
        }
        self.attempts.put_down(&[key.to_string()])?;
        Ok(None)
    }

    /// Lists the waiting instances, in the order in which they were written, and puts guilty ones
    /// aside.
    fn list(&mut self) -> Result<()> {
        let written = |key| {
            let file =
                fs::metadata(self.inbox.path("waiting", &key)).and_then(|file| file.modified());
            (file.unwrap_or(SystemTime::UNIX_EPOCH), key)
        };
        let mut waiting: Vec<_> = self.inbox.keys("waiting")?.into_iter().map(written).collect();
        waiting.sort_unstable();
        let waiting = waiting.into_iter().map(|(_, key)| key).collect();
        let Plan { together, alone, set_aside } = self.attempts.plan(waiting, Key::to_string)?;
        for key in set_aside {
            self.inbox.put_aside(&key, "waiting", Reason::deadly())?;
            // An instance that is tried again is tried alone.
            self.attempts.pardon(&[key.to_string()])?;
        }
        (self.together, self.alone) = (together.into(), alone.into());
        Ok(())
    }

    /// Finishes an instance. Its file is removed, and its UID remembered, so that it is not stored
    /// again.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn done(&mut self, item: Item) -> Result<()> {
        let mut file = File::open(&item.path).map_err(at(&item.path))?;
        let digest = digest_of(&mut file).map_err(at(&item.path))?;
        {
            let _moving = self.inbox.moving()?;
            self.inbox.processed.add(&item.key, &digest)?;
            folder::remove_if_there(&item.path)?;
        }
        Ok(self.attempts.finish(&[item.key.to_string()])?)
    }

    /// Puts an instance aside, with the reason. The reason must hold no patient data, as lists and
    /// logs show it.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn fail(&mut self, item: Item, reason: &str) -> Result<()> {
        self.inbox.put_aside(&item.key, "taken", Reason::now(reason))?;
        Ok(self.attempts.finish(&[item.key.to_string()])?)
    }

    /// Gives an instance back: it waits again, and no death is counted.
    ///
    /// # Errors
    /// [`Error::File`].
    pub fn give_back(&mut self, item: Item) -> Result<()> {
        let _moving = self.inbox.moving()?;
        folder::rename_if_there(&item.path, &self.inbox.path("waiting", &item.key))?;
        Ok(self.attempts.put_down(&[item.key.to_string()])?)
    }
}
