//! Instances that were put aside: listing them with the reason, and trying them again.

use super::{Inbox, Key};
use crate::error::Result;
use files::{attempts, folder};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// An instance that its consumer has put aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Its name in the inbox.
    pub key: Key,
    /// Its file.
    pub path: PathBuf,
    /// The consumer's reason.
    pub reason: String,
    /// The time, in seconds since the beginning of 1970 UTC.
    pub unix_seconds: u64,
    /// True if consumers died while working on it.
    pub deadly: bool,
}

/// The contents of the file beside an instance that was put aside.
#[derive(Serialize, Deserialize)]
pub(super) struct Reason {
    reason: String,
    unix_seconds: u64,
    #[serde(default)]
    deadly: bool,
}

impl Reason {
    /// A reason that a consumer gives now.
    pub(super) fn now(reason: &str) -> Self {
        let now =
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |age| age.as_secs());
        Self { reason: reason.to_owned(), unix_seconds: now, deadly: false }
    }

    /// The reason for an instance on which consumers died.
    pub(super) fn deadly() -> Self {
        Self { deadly: true, ..Self::now(&attempts::reason()) }
    }
}

impl Inbox {
    /// The instances that were put aside, oldest first.
    ///
    /// # Errors
    /// [`crate::Error::File`].
    pub fn failures(&self) -> Result<Vec<Failure>> {
        let mut failures: Vec<Failure> =
            self.keys("failed")?.into_iter().map(|key| self.failure(key)).collect();
        failures.sort_by_key(|failure| (failure.unix_seconds, failure.key));
        Ok(failures)
    }

    fn failure(&self, key: Key) -> Failure {
        let path = self.path("failed", &key);
        let said = fs::read(path.with_extension("json")).ok();
        let said = said.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let missing = "the file that says why is missing".to_owned();
        let unknown = || Reason { reason: missing, unix_seconds: 0, deadly: false };
        let Reason { reason, unix_seconds, deadly } = said.unwrap_or_else(unknown);
        Failure { key, path, reason, unix_seconds, deadly }
    }

    /// Lets an instance that was put aside wait again. Returns whether there was one of this name.
    ///
    /// # Errors
    /// [`crate::Error::File`].
    pub fn retry(&self, key: &Key) -> Result<bool> {
        let path = self.path("failed", key);
        let _moving = self.moving()?;
        let found = folder::rename_if_there(&path, &self.path("waiting", key))?;
        folder::remove_if_there(&path.with_extension("json"))?;
        folder::sync_folder(&self.folder.join("waiting"))?;
        Ok(found)
    }

    /// Moves an instance from its folder to the failed ones; the reason is there first.
    pub(super) fn put_aside(&self, key: &Key, from: &str, reason: Reason) -> Result<()> {
        let path = self.path("failed", key);
        let text = serde_json::to_string_pretty(&reason).unwrap_or_default();
        let _moving = self.moving()?;
        folder::replace(&path.with_extension("json"), text.as_bytes())?;
        folder::rename_if_there(&self.path(from, key), &path)?;
        Ok(folder::sync_folder(&self.folder.join("failed"))?)
    }

    /// Removes reasons without an instance, which a process leaves that dies between writing the
    /// two.
    pub(super) fn remove_reasons_of_none(&self) -> Result<()> {
        let folder = self.folder.join("failed");
        for name in folder::names(&folder)?.iter().filter(|name| !name.ends_with(".dcm")) {
            let path = folder.join(name);
            if !path.with_extension("dcm").exists() {
                folder::remove_if_there(&path)?;
            }
        }
        Ok(())
    }
}
