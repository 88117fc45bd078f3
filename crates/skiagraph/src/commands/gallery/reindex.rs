//! `skiagraph gallery reindex`: re-indexes a gallery from one model to another.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Result;
use network::{Encoder, Encoding};
use radiograph::{Input, Limits};
use retrieval::gallery::{Gallery, Location};
use serde::Serialize;
use serde_json::json;

use crate::deidentification::{self, KeyArgs};
use crate::ingest::{self, Batch, Rejected};
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

/// The number of thumbnails that are encoded together.
const BATCH: usize = 32;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph gallery reindex g --model runs/b/model.safetensors
  skiagraph gallery reindex g --model runs/b/model.safetensors pictures/ --json
  skiagraph gallery reindex g --cancel

A command that was interrupted is simply given again: what was encoded is kept.";

/// Encode a gallery again with another model, and switch to it at once
///
/// The gallery answers with its old codes until every picture has a new one. Pictures whose files
/// are given are encoded from these, all others from their thumbnails of 256 pixels.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReindexArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The gallery's folder, or its address on a PostgreSQL server
    #[arg(value_name = "GALLERY")]
    gallery: Location,
    /// Files of pictures that are in the gallery, and folders with all their files
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Give up an interrupted re-indexing
    #[arg(long, conflicts_with = "paths")]
    cancel: bool,
    #[command(flatten)]
    deidentify: KeyArgs,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The outcome for the pictures.
#[derive(Default, Serialize)]
struct Report {
    model: String,
    size: usize,
    from_files: usize,
    from_thumbnails: usize,
    /// The number of given files that are no picture of the gallery, or have their new code
    /// already.
    not_needed: usize,
    rejected: Vec<Rejected>,
}

pub(super) fn run(args: &ReindexArgs) -> Result<()> {
    let mut gallery = Gallery::open(&args.gallery)?;
    if args.cancel {
        gallery.cancel_reindexing()?;
        if args.json {
            return output::json(&json!({ "model": gallery.model(), "size": gallery.len() }));
        }
        return output::text(&format!(
            "`{}` stays with the model {}",
            args.gallery,
            gallery.model()
        ));
    }
    let mut listed = ingest::list_paths(&args.paths)?;
    // A gallery of pseudonyms knows its pictures by the pseudonyms.
    deidentification::apply(args.deidentify.deidentification()?.as_ref(), &mut listed);
    let encoder = args.model.load()?;
    gallery.begin_reindexing(encoder.model_id(), encoder.bits())?;
    let mut todo: HashSet<u64> = gallery.to_reindex(0, usize::MAX >> 1)?.into_iter().collect();
    let progress = Progress::images("re-indexing", todo.len());
    let mut report = Report::default();
    ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
        from_files(&mut gallery, &encoder, batch, &mut todo, &mut report, &progress)
    })?;
    from_thumbnails(&mut gallery, &encoder, &mut report, &progress)?;
    progress.finish();
    if !report.rejected.is_empty() {
        eprintln!("{}", ingest::describe_rejected(&report.rejected));
    }
    gallery.finish_reindexing()?;
    gallery.settle()?;
    (report.model, report.size) = (gallery.model().0.clone(), gallery.len());
    print(args, &report)
}

fn from_files(
    gallery: &mut Gallery,
    encoder: &Encoder,
    batch: Batch,
    todo: &mut HashSet<u64>,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    report.rejected.extend(batch.rejected);
    let (mut ids, mut inputs) = (Vec::new(), Vec::new());
    for picture in batch.pictures {
        match gallery.id_of(&picture.record.key)?.filter(|id| todo.remove(id)) {
            Some(id) => (ids.push(id), inputs.push(picture.input)).1,
            None => report.not_needed += 1,
        }
    }
    report.from_files += ids.len();
    progress.advance(ids.len());
    put(gallery, encoder, &ids, &inputs)
}

fn from_thumbnails(
    gallery: &mut Gallery,
    encoder: &Encoder,
    report: &mut Report,
    progress: &Progress,
) -> Result<()> {
    let mut last = 0;
    loop {
        let ids = gallery.to_reindex(last, BATCH)?;
        let Some(&newest) = ids.last() else { return Ok(()) };
        last = newest;
        let (mut usable, mut inputs) = (Vec::new(), Vec::new());
        for id in ids {
            match thumbnail(gallery, encoder, id) {
                Ok(input) => (usable.push(id), inputs.push(input)).1,
                Err(error) => {
                    let name = format!("the thumbnail of picture {id}");
                    report.rejected.push(Rejected::new(&name, &error));
                }
            }
        }
        report.from_thumbnails += usable.len();
        progress.advance(usable.len());
        put(gallery, encoder, &usable, &inputs)?;
    }
}

fn thumbnail(gallery: &Gallery, encoder: &Encoder, id: u64) -> Result<Input> {
    let radiograph = radiograph::decode(&gallery.thumbnail(id)?, &Limits::default())?;
    Ok(encoder.preprocess().apply(&radiograph))
}

fn put(gallery: &mut Gallery, encoder: &Encoder, ids: &[u64], inputs: &[Input]) -> Result<()> {
    let encodings = ingest::encode(encoder, inputs)?;
    let encoded = ids.iter().zip(encodings);
    let encoded: Vec<_> =
        encoded.map(|(&id, Encoding { code, embedding, .. })| (id, code, embedding)).collect();
    Ok(gallery.put_reindexed(&encoded)?)
}

fn print(args: &ReindexArgs, report: &Report) -> Result<()> {
    if args.json {
        return output::json(report);
    }
    let Report { model, size, from_files, from_thumbnails, .. } = report;
    output::text(&format!(
        "`{}` holds {size} pictures of the model {model}: {from_files} encoded now from files, {from_thumbnails} from thumbnails",
        args.gallery
    ))
}
