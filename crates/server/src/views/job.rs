//! Jobs, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::jobs::Job;

/// The number of failures that are shown.
const SHOWN: usize = 100;

/// A job that fills the gallery.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JobView {
    id: String,
    /// The time when it was made: RFC 3339, UTC.
    made: String,
    /// The id of the key of the caller who made it.
    owner: Option<String>,
    state: StateView,
    /// The number of files received.
    received: u64,
    /// The number of files processed: added, known or failed.
    done: u64,
    /// The number that were new in the gallery.
    added: u64,
    /// The number that the gallery had already.
    known: u64,
    /// The number that are no usable radiographs.
    failed: u64,
    /// The first hundred files that are no usable radiographs.
    failures: Vec<FailureView>,
    /// The numbers of known files with other content than the gallery's picture of their SOP
    /// Instance UID, which is kept.
    differing: Vec<u64>,
    /// The first hundred added files that are at fault, such as one of another encoding than it
    /// says.
    warned: Vec<FileWarningsView>,
    /// The rate while it works.
    pictures_per_second: Option<f64>,
}

/// The state of a job.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StateView {
    /// More files may come.
    Open,
    /// No more files come, and some wait.
    Working,
    Done,
    Cancelled,
}

/// A file that is no usable radiograph.
#[derive(Serialize, JsonSchema)]
struct FailureView {
    /// Its number in the job, from 1.
    file: u64,
    reason: String,
}

/// A file that is at fault and was added nevertheless.
#[derive(Serialize, JsonSchema)]
struct FileWarningsView {
    /// Its number in the job, from 1.
    file: u64,
    warnings: Vec<String>,
}

/// All jobs, the newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct JobsView {
    pub(crate) jobs: Vec<JobView>,
}

/// A file that was received and is kept.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FileView {
    /// Its number in the job, from 1.
    pub(crate) file: u64,
}

impl JobView {
    /// The view of a job with this id.
    pub(crate) fn new(id: String, job: Job) -> Self {
        let state = match (job.cancelled, job.is_over(), job.closed) {
            (true, ..) => StateView::Cancelled,
            (_, true, _) => StateView::Done,
            (_, _, true) => StateView::Working,
            _ => StateView::Open,
        };
        let rate = (job.seconds > 0.0).then(|| job.done() as f64 / job.seconds);
        let done = job.done();
        let failures = job.failures.into_iter().take(SHOWN);
        let warned = job.warned.into_iter().take(SHOWN);
        Self {
            id,
            made: job.made,
            owner: job.owner,
            state,
            received: job.received,
            done,
            added: job.added,
            known: job.known,
            failed: job.failed,
            failures: failures.map(|f| FailureView { file: f.file, reason: f.reason }).collect(),
            differing: job.differing,
            warned: warned
                .map(|w| FileWarningsView { file: w.file, warnings: w.warnings })
                .collect(),
            pictures_per_second: rate,
        }
    }
}
