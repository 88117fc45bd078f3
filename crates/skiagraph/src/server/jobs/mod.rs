//! Indexing by the API: jobs that files are sent to, one at a time, and that a thread of their own
//! works off.
//!
//! A job is a folder: `job.json` says how far it is, and each file that waits is one of its own,
//! synced before its receipt is acknowledged. A file leaves when the gallery has its picture on the
//! disk; a kill between the two encodes it again, and the gallery, which knows its key, stores it
//! once. What is in hand is noted beside the jobs (`attempts/`), so that a file that kills the
//! server fails alone.

mod disk;
mod known;
mod spool;
mod worker;

pub(super) use spool::{Jobs, Limits};
pub(super) use worker::work;

use pacs::attempts;
use serde::{Deserialize, Serialize};

use super::guard::Caller;
use super::keys::Role;

/// Failures that are told of one by one; the others are counted.
const TOLD: usize = 1000;

/// What is known of a job: its file `job.json`.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Job {
    /// RFC 3339, UTC.
    pub(super) made: String,
    /// The id of the key of whoever made it.
    pub(super) owner: Option<String>,
    /// Whether no more files will come.
    pub(super) closed: bool,
    pub(super) cancelled: bool,
    /// Files that came.
    pub(super) received: u64,
    /// New in the gallery.
    pub(super) added: u64,
    /// The gallery had them.
    pub(super) known: u64,
    /// No usable radiographs.
    pub(super) failed: u64,
    pub(super) failures: Vec<Failure>,
    /// Numbers of known files with other content than the gallery's picture of their SOP Instance
    /// UID, at most a thousand.
    #[serde(default)]
    pub(super) differing: Vec<u64>,
    /// Numbers of the files that were counted last: a kill may have left them.
    #[serde(default)]
    last: Vec<u64>,
    /// Of work.
    pub(super) seconds: f64,
}

/// A file that is no usable radiograph.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    /// Its number in the job, from 1.
    pub(super) file: u64,
    pub(super) reason: String,
}

impl Job {
    /// Files that were worked off.
    pub(super) fn done(&self) -> u64 {
        self.added + self.known + self.failed
    }

    /// Whether nothing is left to be done, or will come.
    pub(super) fn is_over(&self) -> bool {
        self.cancelled || self.closed && self.done() >= self.received
    }

    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failures.len() < TOLD {
            self.failures.push(failure);
        }
    }

    /// Fails a file that servers died of, which is told of first, however many others failed.
    fn fail_deadly(&mut self, file: u64) {
        self.failed += 1;
        self.failures.insert(0, Failure { file, reason: attempts::reason() });
    }

    /// Whether somebody may change the job: who made it, and an admin. Where nobody has to say who
    /// they are, anybody may.
    pub(super) fn may_be_changed_by(&self, caller: Option<&Caller>) -> bool {
        caller.is_none_or(|caller| {
            caller.role == Role::Admin || self.owner.as_ref() == Some(&caller.id)
        })
    }
}
