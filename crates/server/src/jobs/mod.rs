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
use ingest::{Contradiction, IngestReport, Rejected};
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::keys::Role;

/// The number of files that each list has; further ones are only counted.
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
    /// The number that the gallery had already, with all that they say.
    pub(super) known: u64,
    /// The number that are no usable radiographs.
    pub(super) failed: u64,
    pub(super) failures: Vec<Failure>,
    /// The number with other content than the gallery's picture of their SOP Instance UID.
    #[serde(default)]
    pub(super) differing_count: u64,
    /// Their numbers in the job.
    #[serde(default)]
    pub(super) differing: Vec<u64>,
    /// The number of known pictures that are described otherwise than in the gallery.
    #[serde(default)]
    pub(super) contradicting_count: u64,
    #[serde(default)]
    pub(super) contradicting: Vec<OtherDescription>,
    /// The number of DICOM objects of kinds that hold no picture.
    #[serde(default)]
    pub(super) without_picture_count: u64,
    #[serde(default)]
    pub(super) without_picture: Vec<Failure>,
    /// The number of added files that are at fault.
    #[serde(default)]
    pub(super) warned_count: u64,
    #[serde(default)]
    pub(super) warned: Vec<FileWarnings>,
    /// The numbers of the files that were counted last: a kill may have left them.
    #[serde(default)]
    last: Vec<u64>,
    /// The time of work, in seconds.
    pub(super) seconds: f64,
}

/// A file that is no usable radiograph, or no picture.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Failure {
    /// Its number in the job, from 1.
    pub(super) file: u64,
    pub(super) reason: String,
}

impl From<Rejected> for Failure {
    fn from(Rejected { name, reason, .. }: Rejected) -> Self {
        Self { file: number(&name), reason }
    }
}

/// A known picture that is described otherwise than in the gallery.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct OtherDescription {
    /// Its number in the job, from 1.
    pub(super) file: u64,
    /// The id of the gallery's record.
    pub(super) record: Option<u64>,
    /// The fields that say something else.
    pub(super) fields: Vec<String>,
}

impl From<Contradiction> for OtherDescription {
    fn from(Contradiction { name, record, fields }: Contradiction) -> Self {
        let fields = fields.into_iter().map(str::to_owned).collect();
        Self { file: number(&name), record, fields }
    }
}

/// A file that is at fault and was added nevertheless.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct FileWarnings {
    /// Its number in the job, from 1.
    pub(super) file: u64,
    pub(super) warnings: Vec<String>,
}

impl From<ingest::FileWarnings> for FileWarnings {
    fn from(ingest::FileWarnings { name, warnings }: ingest::FileWarnings) -> Self {
        Self { file: number(&name), warnings }
    }
}

/// The file's number in its job, which is the end of its name.
fn number(name: &str) -> u64 {
    name.rsplit('/').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Adds files to a list that has an end.
fn extend<T>(list: &mut Vec<T>, files: impl IntoIterator<Item = impl Into<T>>) {
    let room = LISTED.saturating_sub(list.len());
    list.extend(files.into_iter().take(room).map(Into::into));
}

impl Job {
    /// The number of files that were processed.
    pub(super) fn done(&self) -> u64 {
        let not_kept = self.differing_count + self.contradicting_count;
        self.added + self.known + not_kept + self.without_picture_count + self.failed
    }

    /// Counts the files of a batch.
    fn add(&mut self, report: IngestReport) {
        let not_kept = report.not_kept;
        self.added += report.added as u64;
        self.known += report.known.saturating_sub(not_kept.count()) as u64;
        self.differing_count += not_kept.differing.len() as u64;
        self.contradicting_count += not_kept.contradicting.len() as u64;
        self.without_picture_count += report.without_picture.len() as u64;
        self.failed += report.rejected.len() as u64;
        self.warned_count += report.warned.len() as u64;
        extend(&mut self.differing, not_kept.differing.iter().map(|name| number(name)));
        extend(&mut self.contradicting, not_kept.contradicting);
        extend(&mut self.without_picture, report.without_picture);
        extend(&mut self.failures, report.rejected);
        extend(&mut self.warned, report.warned);
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

#[cfg(test)]
mod tests {
    use ingest::NotKept;

    use super::*;

    #[test]
    fn each_file_counts_as_what_it_is() {
        let name = |number: u64| format!("job/{number}");
        let rejected = |number, without_picture| Rejected {
            name: name(number),
            reason: "a reason".to_owned(),
            without_picture,
        };
        let contradiction = Contradiction { name: name(4), record: Some(7), fields: vec!["age"] };
        let report = IngestReport {
            added: 1,
            known: 3,
            not_kept: NotKept { differing: vec![name(3)], contradicting: vec![contradiction] },
            without_picture: vec![rejected(5, true)],
            rejected: vec![rejected(6, false)],
            ..IngestReport::default()
        };
        let mut job = Job { received: 6, closed: true, ..Job::default() };
        job.add(report);
        assert_eq!((job.added, job.known, job.failed), (1, 1, 1));
        assert_eq!((job.differing_count, &job.differing[..]), (1, &[3][..]));
        let other = &job.contradicting[0];
        assert_eq!((job.contradicting_count, other.file, other.record), (1, 4, Some(7)));
        assert_eq!((job.without_picture_count, job.without_picture[0].file), (1, 5));
        assert_eq!((job.failures[0].file, job.done(), job.is_over()), (6, 6, true));
    }

    #[test]
    fn lists_have_an_end_and_counts_have_none() {
        let differing = vec!["job/1".to_owned(); 2 * LISTED];
        let not_kept = NotKept { differing, ..NotKept::default() };
        let mut job = Job::default();
        job.add(IngestReport { known: 2 * LISTED, not_kept, ..IngestReport::default() });
        assert_eq!((job.differing_count, job.differing.len()), (2 * LISTED as u64, LISTED));
    }
}
