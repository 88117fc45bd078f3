//! Indexing by the API: jobs to which files are sent, one at a time, and which a separate thread
//! processes.
//!
//! A job is a folder. `job.json` has its progress, and each file that waits is a file there, synced
//! before its receipt is acknowledged. A file leaves when the gallery has its picture on the disk.
//! A kill between the two encodes it again, and the gallery, which knows its key, stores it once.
//! Files being worked on are noted beside the jobs (`attempts/`), so that a file that kills the
//! server fails alone.

mod disk;
mod job_registry;
mod spool;
mod worker;

pub use spool::JobLimits;
pub(super) use spool::Jobs;
pub(super) use worker::work;

use files::attempts;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::keys::Role;

/// The number of failures that are listed; further ones are only counted.
const LISTED: usize = 1000;

/// The state of a job: its file `job.json`.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Job {
    /// The time when it was made: RFC 3339, UTC.
    pub(super) made: String,
    /// The id of the key of the caller who made it.
    pub(super) owner: Option<String>,
    /// True if no more files will come.
    pub(super) closed: bool,
    pub(super) cancelled: bool,
    /// The number of files received.
    pub(super) received: u64,
    /// The number that were new in the gallery.
    pub(super) added: u64,
    /// The number that the gallery had already.
    pub(super) known: u64,
    /// The number that are no usable radiographs.
    pub(super) failed: u64,
    pub(super) failures: Vec<Failure>,
    /// The numbers of known files with other content than the gallery's picture of their SOP
    /// Instance UID, at most a thousand.
    #[serde(default)]
    pub(super) differing: Vec<u64>,
    /// Added files that are at fault, at most a thousand.
    #[serde(default)]
    pub(super) warned: Vec<FileWarnings>,
    /// The numbers of the files that were counted last: a kill may have left them.
    #[serde(default)]
    last: Vec<u64>,
    /// The time of work, in seconds.
    pub(super) seconds: f64,
}

/// A file that is no usable radiograph.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    /// Its number in the job, from 1.
    pub(super) file: u64,
    pub(super) reason: String,
}

/// A file that is at fault and was added nevertheless.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct FileWarnings {
    /// Its number in the job, from 1.
    pub(super) file: u64,
    pub(super) warnings: Vec<String>,
}

impl Job {
    /// The number of files that were processed.
    pub(super) fn done(&self) -> u64 {
        self.added + self.known + self.failed
    }

    /// Tells whether no work is left and no more files will come.
    pub(super) fn is_over(&self) -> bool {
        self.cancelled || self.closed && self.done() >= self.received
    }

    fn fail(&mut self, failure: Failure) {
        self.failed += 1;
        if self.failures.len() < LISTED {
            self.failures.push(failure);
        }
    }

    /// Fails a file on which servers died. It is listed first, however many others failed.
    fn fail_deadly(&mut self, file: u64) {
        self.failed += 1;
        self.failures.insert(0, Failure { file, reason: attempts::reason() });
    }

    /// Tells whether a caller may change the job: its maker or an admin may. On a server without
    /// keys, anybody may.
    pub(super) fn may_be_changed_by(&self, caller: Option<&Caller>) -> bool {
        caller.is_none_or(|caller| {
            caller.role == Role::Admin || self.owner.as_ref() == Some(&caller.id)
        })
    }
}
