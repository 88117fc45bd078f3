//! The thread that puts waiting files into the gallery, a durable batch at a time.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use gallery::{Gallery, Record};
use ingest::{IngestReport, Listed};

use super::spool::{Jobs, Waiting, name};
use crate::error::Problem;
use crate::state::State;

/// The pause when there is nothing to do, unless it is woken.
const SLEEP: Duration = Duration::from_secs(2);
/// The pause after a failure of disk or gallery before it tries again.
const PAUSE: Duration = Duration::from_secs(10);

/// Works until it is told to stop.
pub(crate) fn work(state: &Arc<State>, stop: &AtomicBool) {
    let mut gallery = None;
    while !stop.load(Ordering::Relaxed) {
        if let Err(error) = step(state, &state.jobs, &mut gallery) {
            state.settings.log.error(&format!("indexing waits: {error:#}"));
            state.jobs.rest(PAUSE);
        }
    }
}

/// Processes one batch, if any file waits. The gallery is kept open until none does. After a
/// failure it is opened anew.
fn step(state: &State, jobs: &Jobs, kept: &mut Option<Gallery>) -> Result<()> {
    let Some((id, files)) = jobs.next(ingest::BATCH, SLEEP)? else {
        return kept.take().map_or(Ok(()), |mut gallery| Ok(gallery.settle()?));
    };
    let start = Instant::now();
    // A panic, which no file should cause, is counted as a death, so that a file that causes one
    // fails alone.
    let ingested = catch_unwind(AssertUnwindSafe(|| fill(state, kept, &id, &files)));
    let ingested = match ingested {
        Ok(ingested) => ingested.or_else(|error| jobs.put_down(&id, &files).and(Err(error)))?,
        Err(_) => {
            state
                .settings
                .log
                .error(&format!("a file of job {id} made indexing panic; each is tried alone"));
            return jobs.count_death();
        }
    };
    let counted = jobs.count(&id, &files, |job| {
        job.add(ingested);
        job.seconds += start.elapsed().as_secs_f64();
    });
    match counted {
        Err(Problem::Internal(error)) => Err(error),
        // A job may be forgotten meanwhile: its pictures are in the gallery all the same.
        _ => Ok(()),
    }
}

/// Puts files of a job into the gallery.
fn fill(
    state: &State,
    kept: &mut Option<Gallery>,
    id: &str,
    files: &[Waiting],
) -> Result<IngestReport> {
    let mut gallery = kept.take().map_or_else(|| Gallery::open(&state.settings.gallery), Ok)?;
    gallery.refresh()?;
    gallery.check_model(state.encoder.model_id(), state.encoder.bits())?;
    let listed: Vec<_> = files.iter().map(|file| listed(id, file)).collect();
    let mut ingested = IngestReport::default();
    ingest::for_each_batch(&listed, state.encoder.preprocess(), |batch| {
        ingest::insert_batch(&mut gallery, &state.encoder, batch, &mut ingested)
    })?;
    *kept = Some(gallery);
    Ok(ingested)
}

/// A file in the form that `index` reads.
fn listed(id: &str, file: &Waiting) -> Listed {
    let record = Record { name: name(id, file), ..Record::default() };
    Listed { path: file.path.clone(), record, ..Listed::default() }
}
