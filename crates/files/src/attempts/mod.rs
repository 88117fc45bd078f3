//! Attempts at files, noted on the disk before work on them begins, so that a file that kills its
//! process harms itself alone.
//!
//! A process that is killed, aborted or out of memory cannot say what it died of. Its note names
//! the files that it had in hand. The next process that opens the notes counts a death for each of
//! them:
//!
//! * a file that was in hand together with others is a suspect: from then on it is worked on alone;
//! * a file that was alone in hand at [`DEATHS`] deaths is guilty: it is not worked on any more.
//!
//! So no file is set aside for the fault of another. A death with another cause, such as `kill -9`,
//! sets a file aside only if [`DEATHS`] of them meet it while it is alone. Suspects with fewer
//! deaths go first, so that the innocent ones are done before the guilty one kills again.
//!
//! ```text
//! notes.turn            held while the notes below are read or changed
//! deaths.json           suspects, each with its deaths alone
//! <n>/in-hand.json      what a process works on, which holds <n>.lock while it lives
//! ```
//! Several processes may use one folder. Names are their callers' and must tell nothing of a
//! patient.

use crate::error::{Error, Result};
use crate::folder;
use crate::place::Place;
use serde::de::DeserializeOwned;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The number of its process's deaths at which a file that was alone in hand is set aside.
pub const DEATHS: u32 = 3;

/// The number of deaths of each suspect while it was alone in hand.
type Deaths = BTreeMap<String, u32>;

/// The notes of one process in a folder that it may share with others.
#[derive(Debug)]
pub struct Attempts {
    folder: PathBuf,
    place: Place,
    in_hand: Mutex<BTreeSet<String>>,
}

/// The order of work on files.
#[derive(Debug, PartialEq, Eq)]
pub struct Plan<T> {
    /// Files without a known death, in the order given.
    pub together: Vec<T>,
    /// Suspects, each to be worked on while nothing else is in hand; those with fewer deaths first.
    pub alone: Vec<T>,
    /// Guilty files, which are not to be worked on.
    pub set_aside: Vec<T>,
}

/// Returns the reason for which a guilty file was set aside.
pub fn reason() -> String {
    format!("the process died {DEATHS} times while it worked on this file alone")
}

impl Attempts {
    /// Opens the notes in this folder, or makes it, and counts the deaths of processes that left
    /// notes there.
    ///
    /// # Errors
    /// [`Error`].
    pub fn open(folder: &Path) -> Result<Self> {
        folder::make_folder(folder)?;
        let _turn = turn(folder)?;
        let mut deaths: Deaths = read(&deaths_of(folder))?;
        let place = Place::make(folder, |place| {
            let in_hand: BTreeSet<String> = read(&in_hand_of(place))?;
            if in_hand.is_empty() {
                return Ok(());
            }
            count(&mut deaths, in_hand);
            // The deaths are written before the dead process's note is removed.
            write_deaths(folder, &deaths)
        })?;
        Ok(Self { folder: folder.into(), place, in_hand: Mutex::default() })
    }

    /// Sorts files by their known deaths. `name` is only called if any death is known.
    ///
    /// # Errors
    /// [`Error`].
    pub fn plan<T>(&self, files: Vec<T>, name: impl Fn(&T) -> String) -> Result<Plan<T>> {
        let deaths = self.deaths()?;
        let mut plan = Plan { together: Vec::new(), alone: Vec::new(), set_aside: Vec::new() };
        if deaths.is_empty() {
            return Ok(Plan { together: files, ..plan });
        }
        let mut alone = Vec::new();
        for file in files {
            match deaths.get(&name(&file)) {
                None => plan.together.push(file),
                Some(&deaths) if deaths >= DEATHS => plan.set_aside.push(file),
                Some(&deaths) => alone.push((deaths, file)),
            }
        }
        alone.sort_by_key(|(deaths, _)| *deaths);
        plan.alone = alone.into_iter().map(|(_, file)| file).collect();
        Ok(plan)
    }

    /// Notes that work on these files begins, beside those that are in hand already. The note is on
    /// the disk when this returns.
    ///
    /// # Errors
    /// [`Error`].
    pub fn begin(&self, names: impl IntoIterator<Item = String>) -> Result<()> {
        let mut in_hand = self.in_hand();
        in_hand.extend(names);
        let text = serde_json::to_string(&*in_hand).unwrap_or_default();
        folder::replace(&in_hand_of(self.place.folder()), text.as_bytes())
    }

    /// Notes that the process survived work on these files: they are no longer in hand, and no
    /// longer suspects.
    ///
    /// # Errors
    /// [`Error`].
    pub fn finish(&self, names: &[String]) -> Result<()> {
        self.put_down(names)?;
        self.change(|deaths| deaths.retain(|name, _| !names.contains(name)))
    }

    /// Notes that work on files ended without an outcome, such as by a disk failure: they are as
    /// suspect as before.
    ///
    /// # Errors
    /// [`Error`].
    pub fn put_down(&self, names: &[String]) -> Result<()> {
        let mut in_hand = self.in_hand();
        in_hand.retain(|name| !names.contains(name));
        // While others are in hand, their next note leaves these out. Until then these may at most
        // become suspects.
        if in_hand.is_empty() {
            folder::remove_if_there(&in_hand_of(self.place.folder()))?;
        }
        Ok(())
    }

    /// Counts a death for the files in hand, if work ended in a way that looks like one, such as a
    /// panic.
    ///
    /// # Errors
    /// [`Error`].
    pub fn count_death(&self) -> Result<()> {
        let names: Vec<String> = self.in_hand().iter().cloned().collect();
        self.change(|deaths| count(deaths, names.iter().cloned()))?;
        self.put_down(&names)
    }

    /// Removes this process's note, if somebody told the process to end: that is no death for the
    /// files in hand. No work can begin afterwards: [`Attempts::begin`] then waits until the
    /// process has ended.
    pub fn end(&self) {
        let in_hand = self.in_hand();
        // A note that cannot be removed makes suspects at most.
        let _ = fs::remove_file(in_hand_of(self.place.folder()));
        std::mem::forget(in_hand);
    }

    /// Lets guilty files be tried again, each alone.
    ///
    /// # Errors
    /// [`Error`].
    pub fn pardon(&self, names: &[String]) -> Result<()> {
        self.change(|deaths| {
            for name in names {
                deaths.entry(name.clone()).and_modify(|deaths| *deaths = 0);
            }
        })
    }

    /// Changes the suspects' deaths, if there are any.
    fn change(&self, change: impl FnOnce(&mut Deaths)) -> Result<()> {
        let _turn = turn(&self.folder)?;
        let before = self.deaths()?;
        let mut deaths = before.clone();
        change(&mut deaths);
        if deaths == before { Ok(()) } else { write_deaths(&self.folder, &deaths) }
    }

    fn deaths(&self) -> Result<Deaths> {
        read(&deaths_of(&self.folder))
    }

    fn in_hand(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends as a killed process does.
    #[cfg(test)]
    pub(crate) fn die(self) {
        self.place.die();
    }
}

/// Counts a death for all files that were in hand.
fn count(
    deaths: &mut Deaths,
    in_hand: impl IntoIterator<Item = String, IntoIter: ExactSizeIterator>,
) {
    let in_hand = in_hand.into_iter();
    let alone = u32::from(in_hand.len() == 1);
    for name in in_hand {
        *deaths.entry(name).or_default() += alone;
    }
}

fn deaths_of(folder: &Path) -> PathBuf {
    folder.join("deaths.json")
}

fn in_hand_of(place: &Path) -> PathBuf {
    place.join("in-hand.json")
}

/// The lock on a folder's notes, until it is dropped.
fn turn(folder: &Path) -> Result<File> {
    let path = folder.join("notes.turn");
    let lock = folder::open_to_lock(&path)?;
    lock.lock().map_err(Error::at(&path))?;
    Ok(lock)
}

/// Reads a note; an empty one if it does not exist. A damaged note counts as empty: files are then
/// only tried more often.
fn read<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap_or_default()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
        Err(error) => Err(Error::at(path)(error)),
    }
}

fn write_deaths(folder: &Path, deaths: &Deaths) -> Result<()> {
    let text = serde_json::to_string(deaths).unwrap_or_default();
    folder::replace(&deaths_of(folder), text.as_bytes())
}

#[cfg(test)]
mod tests;
