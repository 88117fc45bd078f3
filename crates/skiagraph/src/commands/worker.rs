//! `skiagraph worker`: encodes the pictures in a gallery's queue, beside any number of other
//! workers.

use std::io::{Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use network::Encoder;
use rayon::prelude::*;
use retrieval::gallery::{Entry, Gallery, Insertion, Job, Location, SetAside};
use serde::Serialize;

use crate::duplicates;
use crate::ingest::{self, Decoded, FileWarnings, few};
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

/// The pause when no picture is due.
const SLEEP: Duration = Duration::from_secs(1);
/// The pauses after failures of the database: longer each time, up to the last.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];

const EXAMPLES: &str = "EXAMPLES:
  skiagraph worker --gallery postgres://site@db.example/gallery
  skiagraph worker --gallery postgres://site@db1,db2/gallery --until-empty --json

Any number of them on any machines work off one queue (`skiagraph queue put`). One that dies loses
nothing: what it had claimed is claimed by another when its lease ends, one picture at a time. What
was tried five times is set aside. The exit code is 3 while the queue has pictures that workers died
of, or where one has other content than the gallery's picture of the same UID.";

/// Encode the pictures in a gallery's queue, until interrupted
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WorkerArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The gallery's address on a PostgreSQL server
    #[arg(long, value_name = "GALLERY")]
    gallery: Location,
    /// Number of pictures that are claimed together
    #[arg(long, value_name = "COUNT", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1024))]
    batch: u16,
    /// Time that a claim lasts, in seconds; other workers leave its pictures alone
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u32).range(1..=86400))]
    lease: u32,
    /// Name of this worker in the queue [default: its process number]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// End when the queue is empty
    #[arg(long)]
    until_empty: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The report of a worker.
#[derive(Default, Serialize)]
struct Worked {
    added: usize,
    known: usize,
    failed: usize,
    /// The number of pictures that another worker took over meanwhile.
    lost: usize,
    /// Names of the known pictures with other content than the gallery's under their SOP Instance
    /// UID, which is kept.
    differing: Vec<String>,
    /// Stored pictures whose files are at fault.
    warned: Vec<FileWarnings>,
    /// The pictures that are set aside in the queue because workers died while working on them.
    deadly: Vec<SetAside>,
    seconds: f64,
}

/// Works on the queue, and reports.
pub(crate) fn run(args: &WorkerArgs) -> Result<()> {
    let encoder = args.model.load()?;
    let mut gallery =
        Gallery::open_or_create_without_index(&args.gallery, encoder.model_id(), encoder.bits())?;
    gallery.queue()?;
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    ctrlc::set_handler(move || stopped.store(true, Ordering::Relaxed))
        .context("cannot listen for interrupts")?;
    let mut worked = work(args, &encoder, &mut gallery, &stop)?;
    worked.deadly = deadly(&mut gallery).unwrap_or_else(|error| {
        output::note(&format!(
            "what is set aside could not be read: {error}; see `skiagraph queue info`"
        ));
        Vec::new()
    });
    worked.report(args.json)?;
    output::warn(worked.deadly.len(), worked.differing.len())
}

/// The pictures that are set aside in the queue because workers died while working on them.
fn deadly(gallery: &mut Gallery) -> retrieval::Result<Vec<SetAside>> {
    Ok(gallery.queue()?.set_aside()?.into_iter().filter(|picture| picture.deadly).collect())
}

impl Worked {
    fn report(&self, json: bool) -> Result<()> {
        if json {
            return output::json(self);
        }
        for SetAside { id, name, reason, .. } in &self.deadly {
            output::note(&format!("  set aside {id} ({name}): {reason}"));
        }
        for name in &self.differing {
            output::note(&format!(
                "  other content under a known SOP Instance UID, kept the first: {name}"
            ));
        }
        few(self.warned.iter().map(FileWarnings::line)).iter().for_each(|line| output::note(line));
        let Self { added, known, failed, seconds, .. } = self;
        output::text(&format!(
            "added {added}, already known {known}, failed {failed} in {seconds:.1} s"
        ))
    }
}

/// Works on the queue. After a failure of the database it waits, as another server may be in charge
/// soon.
fn work(
    args: &WorkerArgs,
    encoder: &Encoder,
    gallery: &mut Gallery,
    stop: &AtomicBool,
) -> Result<Worked> {
    let (mut worked, mut failures) = (Worked::default(), 0);
    let name = args.name.clone().unwrap_or_else(|| std::process::id().to_string());
    let length = gallery.queue()?.length()?;
    let progress = Progress::images("encoding", length.due + length.later);
    while !stop.load(Ordering::Relaxed) {
        match batch(args, &name, encoder, gallery, stop, &mut worked) {
            Ok(0) if args.until_empty && is_empty(gallery) => break,
            Ok(0) => thread::sleep(SLEEP),
            Ok(claimed) => {
                failures = 0;
                progress.advance(claimed);
            }
            Err(error) if is_of_database(&error) => {
                wait(&error, failures);
                failures += 1;
            }
            Err(error) => return Err(error),
        }
    }
    progress.finish();
    worked.seconds = progress.seconds();
    Ok(worked)
}

fn is_empty(gallery: &mut Gallery) -> bool {
    let length = gallery.queue().and_then(|queue| queue.length());
    length.is_ok_and(|length| length.due + length.later == 0)
}

/// Tells whether a database server caused the error. It may answer differently in a moment.
fn is_of_database(error: &anyhow::Error) -> bool {
    use retrieval::Error::{NoLeader, Server, Unreachable};
    matches!(error.downcast_ref(), Some(NoLeader { .. } | Server { .. } | Unreachable { .. }))
}

/// Tells whether the error is an outage, which does not depend on the request to the server.
fn is_outage(error: &anyhow::Error) -> bool {
    use retrieval::Error::{NoLeader, Unreachable};
    matches!(error.downcast_ref(), Some(NoLeader { .. } | Unreachable { .. }))
}

fn wait(error: &anyhow::Error, failures: usize) {
    let line = serde_json::json!({ "error": format!("the worker waits: {error:#}") });
    let _nobody_reads = writeln!(stderr().lock(), "{line}");
    thread::sleep(PAUSES[failures.min(PAUSES.len() - 1)]);
}

/// Claims some pictures, encodes them, and stores them in the transaction that takes them off the
/// queue. Returns how many there were.
fn batch(
    args: &WorkerArgs,
    name: &str,
    encoder: &Encoder,
    gallery: &mut Gallery,
    stop: &AtomicBool,
    worked: &mut Worked,
) -> Result<usize> {
    let lease = Duration::from_secs(args.lease.into());
    let jobs = gallery.queue()?.claim(name, args.batch.into(), lease)?;
    let claimed = jobs.len();
    let decode =
        |job: &Job| ingest::decode_bytes(&job.picture, job.record.clone(), encoder.preprocess());
    let decoded: Vec<Result<Decoded>> = jobs.par_iter().map(decode).collect();
    let (mut sound, mut pictures) = (Vec::new(), Vec::new());
    for (job, decoded) in jobs.into_iter().zip(decoded) {
        match decoded {
            Ok(picture) => {
                sound.push(job);
                pictures.push(picture);
            }
            Err(error) => {
                worked.failed += 1;
                gallery.queue()?.fail(&job, &error.root_cause().to_string(), true)?;
            }
        }
    }
    let warned: Vec<FileWarnings> = pictures.iter().filter_map(FileWarnings::of).collect();
    let encoded = ingest::encode_pictures(encoder, &pictures);
    let stored = encoded
        .and_then(|encodings| ingest::entries(pictures, encodings))
        .and_then(|entries| store(gallery, &sound, &entries, stop, worked));
    match stored {
        Ok(()) => worked.warned.extend(warned),
        Err(error) => {
            // One of them may have caused the failure: each is tried again by itself.
            worked.failed += sound.len();
            let reason = error.root_cause().to_string();
            sound.iter().try_for_each(|job| gallery.queue()?.fail(job, &reason, false))?;
        }
    }
    Ok(claimed)
}

/// Stores entries. While no server takes changes, the encoded pictures are kept and stored again
/// later. They are given up when the worker is told to stop.
fn store(
    gallery: &mut Gallery,
    jobs: &[Job],
    entries: &[Entry],
    stop: &AtomicBool,
    worked: &mut Worked,
) -> Result<()> {
    let mut failures = 0;
    let (known, done) = loop {
        match store_once(gallery, jobs, entries) {
            Err(error) if is_outage(&error) && !stop.load(Ordering::Relaxed) => {
                wait(&error, failures)
            }
            stored => break stored?,
        }
        failures += 1;
    };
    worked.added += jobs.len() - known.len();
    worked.known += known.len();
    worked.lost += jobs.len() - done;
    for (id, entry) in known {
        // Finished work stays finished, even if the gallery cannot be read now.
        let differs = duplicates::differs(gallery, id, &entry.record, &entry.thumbnail);
        let differs = differs.unwrap_or_else(|error| {
            output::note(&format!(
                "{} was known, and could not be compared: {error:#}",
                entry.record.name
            ));
            false
        });
        worked.differing.extend(differs.then(|| entry.record.name.clone()));
    }
    Ok(())
}

/// Stores entries in one transaction. Returns the known ones, with their ids, and how many jobs
/// were still this worker's.
fn store_once<'a>(
    gallery: &mut Gallery,
    jobs: &[Job],
    entries: &'a [Entry],
) -> Result<(Vec<(u64, &'a Entry)>, usize)> {
    let mut known = Vec::new();
    for entry in entries {
        if let Insertion::Known(id) = gallery.insert(entry)? {
            known.push((id, entry));
        }
    }
    let done = gallery.queue()?.done(jobs)?;
    gallery.commit()?;
    Ok((known, done))
}
