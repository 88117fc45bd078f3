//! Notes of the files that `index` and `encode` are working on, in the gallery's folder, never
//! beside users' files.
//!
//! A file is noted by a hash of its path, its length and the time of its last change, which reveals
//! nothing of a patient. A replaced file counts as another one, and is tried again. A gallery on a
//! server keeps the notes in its folder of snapshots. Without such a folder they are in the user's
//! folder of states, under a hash of the gallery's address. `queue` and `worker` count deaths in
//! the database.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Result;
use files::attempts::{Attempts, Plan};
use gallery::Gallery;
use radiograph::ContentHash;

use crate::listing::Listed;

/// The folder of the notes in that of the gallery.
const NOTES: &str = "attempts";
/// The notes of this process; `None` if there is no folder for them.
pub struct AttemptNotes(Option<Arc<Attempts>>);

impl AttemptNotes {
    /// Opens the notes of files that go into this gallery. Where the user's folder of states cannot
    /// be written, there are none, and `uncounted` gets the reason.
    ///
    /// # Errors
    /// If the notes in the gallery's folder cannot be read or written.
    pub fn of(gallery: &Gallery, uncounted: impl FnOnce(&files::Error)) -> Result<Self> {
        if let Some(folder) = gallery.folder() {
            return Ok(Self(Some(Arc::new(Attempts::open(&folder.join(NOTES))?))));
        }
        let folder = folder_for_user(&gallery.location().to_string());
        let attempts = folder.map(|folder| Attempts::open(&folder)).transpose();
        let attempts = attempts.unwrap_or_else(|error| {
            uncounted(&error);
            None
        });
        Ok(Self(attempts.map(Arc::new)))
    }

    /// Sorts files: those that may be read together, those to be read alone, and those not to be
    /// read.
    ///
    /// # Errors
    /// If the notes cannot be read.
    pub fn plan(&self, listed: Vec<Listed>) -> Result<Plan<Listed>> {
        match &self.0 {
            Some(attempts) => Ok(attempts.plan(listed, |listed| name(&listed.path))?),
            None => Ok(Plan { together: listed, alone: Vec::new(), set_aside: Vec::new() }),
        }
    }

    /// Notes files before the first of them is read.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn begin(&self, listed: &[Listed]) -> Result<()> {
        self.0.iter().try_for_each(|attempts| Ok(attempts.begin(names(listed))?))
    }

    /// Notes that the process survived files.
    ///
    /// # Errors
    /// If the note cannot be written.
    pub fn finish(&self, listed: &[Listed]) -> Result<()> {
        self.0.iter().try_for_each(|attempts| Ok(attempts.finish(&names(listed))?))
    }

    /// Lets files that were set aside be tried again, each alone.
    ///
    /// # Errors
    /// If the notes cannot be read or written.
    pub fn pardon(&self, listed: &[Listed]) -> Result<()> {
        self.0.iter().try_for_each(|attempts| Ok(attempts.pardon(&names(listed))?))
    }

    /// The notes on the disk, if there are any.
    pub fn attempts(&self) -> Option<&Arc<Attempts>> {
        self.0.as_ref()
    }
}

/// The folder of the notes of a gallery without a folder: in `$XDG_STATE_HOME`, or in
/// `~/.local/state` as the XDG Base Directory Specification says. `None` for a user without a home.
fn folder_for_user(address: &str) -> Option<PathBuf> {
    let given = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from);
    let states = given
        .filter(|folder| folder.is_absolute())
        .or_else(|| Some(std::env::home_dir()?.join(".local/state")))?;
    let gallery = ContentHash::of(address.as_bytes()).to_string();
    Some(states.join("skiagraph").join(NOTES).join(gallery))
}

fn names(listed: &[Listed]) -> Vec<String> {
    listed.iter().map(|listed| name(&listed.path)).collect()
}

/// The name in the notes of a file as it is now.
fn name(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = fs::metadata(path).ok();
    let changed = found.as_ref().and_then(|found| found.modified().ok());
    let age = changed.and_then(|changed| changed.duration_since(SystemTime::UNIX_EPOCH).ok());
    let (length, nanoseconds) = (found.map(|found| found.len()), age.map(|age| age.as_nanos()));
    let mut bytes = absolute.into_os_string().into_encoded_bytes();
    bytes.extend(format!("\0{length:?}\0{nanoseconds:?}").bytes());
    ContentHash::of(&bytes).to_string()
}
