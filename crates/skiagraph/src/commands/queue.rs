//! `skiagraph queue`: pictures for workers to encode.

use std::fs;

use anyhow::{Context, Result, bail};
use gallery::{Gallery, Location, SetAside, Waiting};
use ingest::{Contradiction, Listed};
use radiograph::{ContentHash, Limits};
use serde::Serialize;
use serde_json::json;

use super::index::PicturesArgs;
use crate::ingest_messages::describe_contradicting;
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

/// The number of bytes of files that go to the server together.
const TOGETHER: usize = 32 << 20;

/// Put radiographs into a gallery's queue, from which `worker` encodes them on any machine
#[derive(clap::Args)]
#[command(
    after_help = "EXAMPLES:\n  skiagraph queue put --gallery postgres://site@db.example/gallery pictures/\n  \
                        skiagraph queue info postgres://site@db.example/gallery --json\n  \
                        skiagraph queue retry postgres://site@db.example/gallery"
)]
pub(crate) struct QueueArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Put files into the queue, unchanged, except those that it has already
    ///
    /// A worker takes a DICOM file off the queue if the gallery has its instance already. A row that
    /// describes a known picture otherwise is named; the exit code is then 3. Until files are
    /// encoded, they are in the database, patients' names included.
    #[command(
        after_help = "EXAMPLES:\n  skiagraph queue put --gallery postgres://site@db.example/gallery pictures/\n  \
                            skiagraph queue put --gallery postgres://site@db.example/gallery --manifest m.csv --json"
    )]
    Put(PutArgs),
    /// Show how many pictures wait, and why some were set aside
    #[command(
        after_help = "EXAMPLES:\n  skiagraph queue info postgres://site@db.example/gallery --json"
    )]
    Info(QueueOf),
    /// Let workers try again the pictures that were set aside
    #[command(after_help = "EXAMPLES:\n  skiagraph queue retry postgres://site@db.example/gallery")]
    Retry(QueueOf),
}

#[derive(clap::Args)]
struct PutArgs {
    /// The gallery's address on a PostgreSQL server; made if it does not exist
    #[arg(long, value_name = "GALLERY")]
    gallery: Location,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    pictures: PicturesArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
struct QueueOf {
    /// The gallery's address on a PostgreSQL server
    #[arg(value_name = "GALLERY")]
    gallery: Location,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(args: &QueueArgs) -> Result<()> {
    match &args.action {
        Action::Put(args) => put(args),
        Action::Info(args) => info(args),
        Action::Retry(args) => retry(args),
    }
}

fn put(args: &PutArgs) -> Result<()> {
    let (listed, missing, _) = args.pictures.list()?;
    let encoder = args.model.load()?;
    let mut gallery =
        Gallery::open_or_create_without_index(&args.gallery, encoder.model_id(), encoder.bits())?;
    let progress = Progress::images("putting into the queue", listed.len());
    let (mut report, mut together, mut bytes) = (PutReport::default(), Vec::new(), 0);
    for picture in &listed {
        let waiting = waiting(picture)?;
        bytes += waiting.picture.len();
        together.push(waiting);
        if bytes > TOGETHER {
            report.put_together(&mut gallery, &together)?;
            progress.advance(together.len());
            (together, bytes) = (Vec::new(), 0);
        }
    }
    report.put_together(&mut gallery, &together)?;
    report.missing = missing.len();
    progress.finish();
    report.print(args.json)?;
    output::warn(0, 0, report.contradicting.len())
}

/// The report of files that were put into the queue.
#[derive(Default, Serialize)]
struct PutReport {
    put: usize,
    /// The number that the gallery or the queue had already.
    known: usize,
    /// The number of rows without a file.
    missing: usize,
    /// The known ones that are described otherwise.
    contradicting: Vec<Contradiction>,
}

impl PutReport {
    /// Puts pictures into the queue, durably and all together.
    fn put_together(&mut self, gallery: &mut Gallery, together: &[Waiting]) -> Result<()> {
        let put = gallery.queue()?.put(together)?;
        self.put += put;
        self.known += together.len() - put;
        if put < together.len() {
            self.contradicting.extend(ingest::queue_contradictions(gallery, together)?);
        }
        Ok(())
    }

    fn print(&self, json: bool) -> Result<()> {
        if json {
            return output::json(self);
        }
        let contradicting = describe_contradicting(&self.contradicting);
        contradicting.iter().for_each(|line| output::note(line));
        let Self { put, known, missing, .. } = self;
        output::text(&format!(
            "put {put} pictures into the queue; {known} known, {missing} missing"
        ))
    }
}

fn waiting(listed: &Listed) -> Result<Waiting> {
    let unreadable = || format!("cannot read `{}`", listed.path.display());
    let (length, most) =
        (fs::metadata(&listed.path).with_context(unreadable)?.len(), Limits::default().max_bytes);
    if length > most {
        bail!("`{}` has {length} bytes; expected at most {most}", listed.path.display());
    }
    let picture = fs::read(&listed.path).with_context(unreadable)?;
    Ok(Waiting {
        key: ContentHash::of(&picture).to_string(),
        record: listed.record.clone(),
        picture,
    })
}

fn info(args: &QueueOf) -> Result<()> {
    let mut gallery = Gallery::open_without_index(&args.gallery)?;
    let queue = gallery.queue()?;
    let (length, set_aside) = (queue.length()?, queue.set_aside()?);
    if args.json {
        return output::json(
            &json!({ "due": length.due, "later": length.later, "set_aside": set_aside }),
        );
    }
    for SetAside { id, name, reason, .. } in set_aside {
        output::text(&format!("set aside: {id} ({name}): {reason}"))?;
    }
    output::text(&format!(
        "due {}, later {}, set aside {}",
        length.due, length.later, length.set_aside
    ))
}

fn retry(args: &QueueOf) -> Result<()> {
    let retried = Gallery::open_without_index(&args.gallery)?.queue()?.retry()?;
    if args.json {
        return output::json(&json!({ "retried": retried }));
    }
    output::text(&format!("{retried} pictures are due again"))
}
