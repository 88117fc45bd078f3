//! Places: folders of living processes, so that the next process finds what a dead one left.
//!
//! A process holds a lock on `<n>.lock` as long as it lives, and writes below `<n>/`. The system
//! releases the lock however the process ends. So a place whose lock can be taken belongs to a dead
//! process.

use crate::error::{Error, Result};
use crate::folder;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The place of this process. It is removed when it is dropped; after a panic it stays, as after a
/// kill.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    _alive: File,
}

impl Place {
    /// Makes a place below `parent`. Calls `dead` with the places of dead processes, and removes
    /// them. The caller holds a lock that every maker of a place in this folder takes, so that no
    /// process is between making its lock and locking it.
    ///
    /// # Errors
    /// If a file or folder cannot be made or removed, and those of `dead`.
    pub fn make(parent: &Path, mut dead: impl FnMut(&Path) -> Result<()>) -> Result<Self> {
        for name in folder::names(parent)?.iter().filter_map(|name| name.strip_suffix(".lock")) {
            clear_if_dead(&parent.join(name), &mut dead)?;
        }
        let mut number = u64::from(std::process::id()) << 16;
        loop {
            let place = parent.join(number.to_string());
            let lock = folder::open_to_lock(&lock_of(&place))?;
            if lock.try_lock().is_ok() {
                folder::make_folder(&place)?;
                return Ok(Self { folder: place, _alive: lock });
            }
            number += 1;
        }
    }

    /// The folder that this process may write to.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends as a killed process does.
    #[cfg(test)]
    pub(crate) fn die(self) {
        let Self { _alive: alive, .. } = &self;
        alive.unlock().unwrap();
        std::mem::forget(self);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // A folder that cannot be removed is cleared by the next maker of a place.
            let _ = fs::remove_dir_all(&self.folder);
            let _ = fs::remove_file(lock_of(&self.folder));
        }
    }
}

fn clear_if_dead(place: &Path, dead: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    let lock = folder::open_to_lock(&lock_of(place))?;
    if lock.try_lock().is_ok() {
        if place.is_dir() {
            dead(place)?;
        }
        match fs::remove_dir_all(place) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(Error::at(place)(error));
            }
            _ => folder::remove_if_there(&lock_of(place))?,
        };
    }
    Ok(())
}

fn lock_of(place: &Path) -> PathBuf {
    place.with_extension("lock")
}
