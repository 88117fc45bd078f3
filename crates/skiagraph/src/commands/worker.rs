//! `skiagraph worker`: encodes the pictures in a gallery's queue, beside any number of other
//! workers.

use std::io::{Write, stderr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use gallery::{Gallery, Location, PostgresError, SetAside};
use ingest::{FileWarnings, NotKept, QueueEvent, QueueIngest, QueueReport};
use serde::Serialize;

use crate::ingest_messages::{describe_not_kept, few};
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

Any number of workers, on any machines, share one queue (`skiagraph queue put`). A worker that dies
loses nothing: when its lease ends, others claim its pictures, one at a time. A picture is set aside
after five attempts. The exit code is 3 while the queue has pictures that workers died of, if a
picture differs from the gallery's of the same UID, or if it is described otherwise than there.";

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
#[derive(Serialize)]
struct Worked {
    #[serde(flatten)]
    pictures: QueueReport,
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
    let mut queue_ingest = QueueIngest {
        gallery,
        encoder,
        name: args.name.clone().unwrap_or_else(|| std::process::id().to_string()),
        batch: args.batch.into(),
        lease: Duration::from_secs(args.lease.into()),
    };
    let (pictures, seconds) = work(&mut queue_ingest, args.until_empty, &stop)?;
    let deadly = deadly(&mut queue_ingest.gallery).unwrap_or_else(|error| {
        output::note(&format!(
            "what is set aside could not be read: {error}; see `skiagraph queue info`"
        ));
        Vec::new()
    });
    let worked = Worked { pictures, deadly, seconds };
    worked.report(args.json)?;
    let NotKept { differing, contradicting } = &worked.pictures.not_kept;
    output::warn(worked.deadly.len(), differing.len(), contradicting.len())
}

/// The pictures that are set aside in the queue because workers died while working on them.
fn deadly(gallery: &mut Gallery) -> gallery::Result<Vec<SetAside>> {
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
        let warned = few(self.pictures.warned.iter().map(FileWarnings::line));
        let not_kept = describe_not_kept(&self.pictures.not_kept);
        not_kept.iter().chain(&warned).for_each(|line| output::note(line));
        let Self { pictures: QueueReport { added, known, failed, .. }, seconds, .. } = self;
        output::text(&format!(
            "added {added}, already known {known}, failed {failed} in {seconds:.1} s"
        ))
    }
}

/// Works on the queue. After a failure of the database it waits, as another server may be in charge
/// soon. Also returns the time that it took, in seconds.
fn work(
    queue_ingest: &mut QueueIngest,
    until_empty: bool,
    stop: &AtomicBool,
) -> Result<(QueueReport, f64)> {
    let (mut report, mut failures) = (QueueReport::default(), 0);
    let length = queue_ingest.gallery.queue()?.length()?;
    let progress = Progress::images("encoding", length.due + length.later);
    while !stop.load(Ordering::Relaxed) {
        match queue_ingest.work(stop, &mut report, &mut hear) {
            Ok(0) if until_empty && is_empty(&mut queue_ingest.gallery) => break,
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
    Ok((report, progress.seconds()))
}

/// Reports an event on standard error. During an outage it waits, too.
fn hear(event: QueueEvent) {
    match event {
        QueueEvent::Outage { error, failures } => wait(error, failures),
        QueueEvent::NotCompared { name, error } => {
            output::note(&format!("{name} was known, and could not be compared: {error:#}"));
        }
    }
}

fn is_empty(gallery: &mut Gallery) -> bool {
    let length = gallery.queue().and_then(|queue| queue.length());
    length.is_ok_and(|length| length.due + length.later == 0)
}

/// Tells whether a database server caused the error. It may answer differently in a moment.
fn is_of_database(error: &anyhow::Error) -> bool {
    use gallery::Error::{NoLeader, Postgres, Unreachable};
    matches!(
        error.downcast_ref(),
        Some(NoLeader { .. } | Unreachable { .. } | Postgres(PostgresError::Server { .. }))
    )
}

fn wait(error: &anyhow::Error, failures: usize) {
    let line = serde_json::json!({ "error": format!("the worker waits: {error:#}") });
    let _nobody_reads = writeln!(stderr().lock(), "{line}");
    thread::sleep(PAUSES[failures.min(PAUSES.len() - 1)]);
}
