//! Jobs, as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::jobs::{Failure, FileWarnings, Job, OtherDescription};

/// The number of files that a list shows.
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
    /// The number of files processed: the sum of the next six.
    done: u64,
    /// The number that were new in the gallery.
    added: u64,
    /// The number that the gallery had already, with all that they say.
    known: u64,
    /// The number with other content than the gallery's picture of their SOP Instance UID, which is
    /// kept.
    differing_count: u64,
    /// The number of known pictures that are described otherwise than in the gallery, whose record
    /// is kept.
    contradicting_count: u64,
    /// The number of DICOM objects that hold no picture, which were passed over.
    without_picture_count: u64,
    /// The number that are no usable radiographs.
    failed: u64,
    /// The first hundred files that are no usable radiographs.
    failures: Vec<FailureView>,
    /// The numbers of the first thousand files with other content.
    differing: Vec<u64>,
    /// The first hundred known pictures that are described otherwise.
    contradicting: Vec<OtherDescriptionView>,
    /// The first hundred objects without a picture, and of what kind they are.
    without_picture: Vec<FailureView>,
    /// The number of added files that are at fault.
    warned_count: u64,
    /// The first hundred of them, such as one of another encoding than it says.
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

/// A file that is no usable radiograph, or no picture.
#[derive(Serialize, JsonSchema)]
struct FailureView {
    /// Its number in the job, from 1.
    file: u64,
    reason: String,
}

impl From<Failure> for FailureView {
    fn from(Failure { file, reason }: Failure) -> Self {
        Self { file, reason }
    }
}

/// A known picture that is described otherwise than in the gallery.
#[derive(Serialize, JsonSchema)]
struct OtherDescriptionView {
    /// Its number in the job, from 1.
    file: u64,
    /// The id of the gallery's record, which is kept; none if the picture came twice at once.
    record: Option<u64>,
    /// The fields that say something else, as records name them.
    fields: Vec<String>,
}

impl From<OtherDescription> for OtherDescriptionView {
    fn from(OtherDescription { file, record, fields }: OtherDescription) -> Self {
        Self { file, record, fields }
    }
}

/// A file that is at fault and was added nevertheless.
#[derive(Serialize, JsonSchema)]
struct FileWarningsView {
    /// Its number in the job, from 1.
    file: u64,
    warnings: Vec<String>,
}

impl From<FileWarnings> for FileWarningsView {
    fn from(FileWarnings { file, warnings }: FileWarnings) -> Self {
        Self { file, warnings }
    }
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
        Self {
            id,
            made: job.made,
            owner: job.owner,
            state,
            received: job.received,
            done,
            added: job.added,
            known: job.known,
            differing_count: job.differing_count,
            contradicting_count: job.contradicting_count,
            without_picture_count: job.without_picture_count,
            failed: job.failed,
            failures: first(job.failures),
            differing: job.differing,
            contradicting: first(job.contradicting),
            without_picture: first(job.without_picture),
            warned_count: job.warned_count,
            warned: first(job.warned),
            pictures_per_second: rate,
        }
    }
}

/// The first files of a list.
fn first<T: Into<U>, U>(files: Vec<T>) -> Vec<U> {
    files.into_iter().take(SHOWN).map(Into::into).collect()
}
