//! `skiagraph inbox`: instances that a PACS has sent and the gallery does not have yet.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use anyhow::{Context, Result, bail};
use files::attempts;
use gallery::{Gallery, Location};
use ingest::{InboxIngest, IngestCounts, IngestReport};
use pacs::inbox::{Counts, Failure, Inbox, Key, Limits};
use serde::Serialize;

use crate::deidentification::DeidentifyArgs;
use crate::ingest_messages;
use crate::interruption::end_in_order_when_interrupted;
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph inbox status inbox
  skiagraph inbox work inbox --gallery g
  skiagraph inbox retry inbox";

/// Look after the instances received from a PACS: status, work, retry
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct InboxArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Show how many instances wait, and which could not be used and why
    #[command(
        after_help = "EXAMPLES:\n  skiagraph inbox status inbox\n  skiagraph inbox status inbox --json"
    )]
    Status(Folder),
    /// Put all waiting instances into a gallery
    ///
    /// An instance during which a process died is tried again alone, and put aside after three
    /// deaths. The command ends with exit code 3 while any such instance is put aside, or if
    /// pictures differ from those that the gallery has under their UIDs.
    #[command(after_help = "EXAMPLES:\n  skiagraph inbox work inbox --gallery g\n  \
                            skiagraph inbox work inbox --gallery g --json")]
    Work(Work),
    /// Let instances that could not be used wait again
    #[command(after_help = "EXAMPLES:\n  skiagraph inbox retry inbox\n  \
                            skiagraph inbox retry inbox 5f2b… --json")]
    Retry(Retry),
}

#[derive(clap::Args)]
struct Folder {
    /// The inbox's folder
    #[arg(value_name = "INBOX")]
    inbox: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
#[command(group(clap::ArgGroup::new("where").required(true).args(["gallery"])))]
struct Work {
    #[command(flatten)]
    folder: Folder,
    #[command(flatten)]
    destination: Destination,
}

#[derive(clap::Args)]
struct Retry {
    #[command(flatten)]
    folder: Folder,
    /// Names of instances, as `status` shows them [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<Key>,
}

/// The gallery for instances.
#[derive(clap::Args)]
pub(crate) struct Destination {
    /// The gallery's folder, or its address on a PostgreSQL server; made if it does not exist
    #[arg(long, value_name = "GALLERY")]
    gallery: Option<Location>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    deidentify: DeidentifyArgs,
}

impl Destination {
    /// Tells whether a gallery is given.
    pub(crate) fn is_given(&self) -> bool {
        self.gallery.is_some()
    }

    /// The worker that fills the gallery from the inbox.
    pub(crate) fn inbox_ingest<'a>(&self, inbox: &'a Inbox) -> Result<InboxIngest<'a>> {
        let folder = self.gallery.as_ref().context("--gallery GALLERY says where pictures go")?;
        let deidentification = self.deidentify.deidentification()?;
        let consumer = inbox.consumer()?;
        let encoder = self.model.load()?;
        let gallery = Gallery::open_or_create(folder, encoder.model_id(), encoder.bits())?;
        Ok(InboxIngest { consumer, gallery, encoder, deidentification })
    }
}

/// Runs the command.
pub(crate) fn run(args: &InboxArgs) -> Result<()> {
    match &args.action {
        Action::Status(folder) => status(folder),
        Action::Work(work) => encode(work),
        Action::Retry(retry) => try_again(retry),
    }
}

/// Opens the inbox, which must exist: only receiving commands make one.
fn open(folder: &Folder) -> Result<Inbox> {
    if !folder.inbox.is_dir() {
        bail!("there is no inbox `{}`; `skiagraph listen` makes one", folder.inbox.display());
    }
    Ok(Inbox::open(&folder.inbox, Limits::default())?)
}

#[derive(Serialize)]
struct Status {
    #[serde(flatten)]
    counts: Counts,
    failures: Vec<Failed>,
}

#[derive(Serialize)]
struct Failed {
    name: String,
    reason: String,
    unix_seconds: u64,
    /// True if processes died while working on it.
    deadly: bool,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        let Failure { key, reason, unix_seconds, deadly, .. } = failure;
        Self { name: key.to_string(), reason, unix_seconds, deadly }
    }
}

fn status(folder: &Folder) -> Result<()> {
    let inbox = open(folder)?;
    let counts = inbox.counts()?;
    let failures: Vec<Failed> = inbox.failures()?.into_iter().map(Failed::from).collect();
    if folder.json {
        return output::json(&Status { counts, failures });
    }
    output::text(&format!(
        "waiting {}, being encoded {}, failed {}, in a gallery {}",
        counts.waiting, counts.taken, counts.failed, counts.done
    ))?;
    if counts.differing > 0 {
        output::text(&format!(
            "another data set under a known UID: kept the first ({} in all)",
            counts.differing
        ))?;
    }
    failures
        .iter()
        .try_for_each(|failed| output::text(&format!("  {}: {}", failed.name, failed.reason)))
}

fn encode(work: &Work) -> Result<()> {
    let inbox = open(&work.folder)?;
    let mut inbox_ingest = work.destination.inbox_ingest(&inbox)?;
    end_in_order_when_interrupted(inbox_ingest.consumer.attempts())?;
    let waiting = inbox.counts()?.waiting;
    let progress = Progress::images("encoding", waiting as usize);
    let taken = inbox_ingest.work(&AtomicBool::new(false), |report, batch| {
        tell_of_files(report);
        progress.advance(batch.added + batch.known + batch.failed + batch.without_picture)
    })?;
    progress.finish();
    inbox_ingest.gallery.settle()?;
    let set_aside = deadly(&inbox)?;
    if work.folder.json {
        output::json(&Worked { taken, set_aside: &set_aside })?;
    } else {
        tell_of_deadly(&set_aside);
        let size = inbox_ingest.gallery.len();
        output::text(&format!(
            "added {}, already known {}, failed {}; the gallery holds {size} pictures",
            taken.added, taken.known, taken.failed
        ))?;
    }
    // An inbox has no manifest that could describe known pictures otherwise.
    output::warn(set_aside.len(), taken.differing, 0)
}

/// Prints the files of a batch that somebody has to look at, on standard error.
pub(crate) fn tell_of_files(report: &IngestReport) {
    if !report.doubtful.is_empty() {
        eprintln!("{}", ingest_messages::describe_doubtful(&report.doubtful));
    }
    ingest_messages::describe(report).iter().for_each(|line| eprintln!("{line}"));
}

/// The report of a run over the instances that waited.
#[derive(Serialize)]
struct Worked<'a> {
    #[serde(flatten)]
    taken: IngestCounts,
    /// Names of instances that were put aside, now or earlier, because processes died while working
    /// on them.
    set_aside: &'a [String],
}

/// The names of the instances that are put aside because processes died while working on them.
pub(crate) fn deadly(inbox: &Inbox) -> Result<Vec<String>> {
    let failures = inbox.failures()?.into_iter().filter(|failure| failure.deadly);
    Ok(failures.map(|failure| failure.key.to_string()).collect())
}

/// Prints the names of such instances on standard error.
pub(crate) fn tell_of_deadly(names: &[String]) {
    names.iter().for_each(|name| eprintln!("  set aside {name}: {}", attempts::reason()));
}

fn try_again(retry: &Retry) -> Result<()> {
    let inbox = open(&retry.folder)?;
    let names = match &retry.names[..] {
        [] => inbox.failures()?.into_iter().map(|failure| failure.key).collect(),
        given => given.to_vec(),
    };
    for name in &names {
        if !inbox.retry(name)? {
            bail!("`{name}` is not among what failed; `skiagraph inbox status` lists that");
        }
    }
    if retry.folder.json {
        return output::json(&serde_json::json!({ "waiting_again": names.len() }));
    }
    output::text(&format!("{} instances wait again", names.len()))
}
