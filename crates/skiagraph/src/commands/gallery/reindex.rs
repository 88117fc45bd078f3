//! `skiagraph gallery reindex`: re-indexes a gallery from one model to another.

use std::collections::HashSet;
use std::path::PathBuf;

use anyhow::Result;
use gallery::{Gallery, Location};
use ingest::Reindexed;
use serde::Serialize;
use serde_json::json;

use crate::deidentification::KeyArgs;
use crate::ingest_messages;
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph gallery reindex g --model runs/b/model.safetensors
  skiagraph gallery reindex g --model runs/b/model.safetensors pictures/ --json
  skiagraph gallery reindex g --cancel

If the command was interrupted, give it again: encoded pictures are kept.";

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
#[derive(Serialize)]
struct Report {
    model: String,
    size: usize,
    #[serde(flatten)]
    reindexed: Reindexed,
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
    ingest::deidentify(args.deidentify.deidentification()?.as_ref(), &mut listed);
    let encoder = args.model.load()?;
    gallery.begin_reindexing(encoder.model_id(), encoder.bits())?;
    let todo: HashSet<u64> = gallery.to_reindex(0, usize::MAX >> 1)?.into_iter().collect();
    let progress = Progress::images("re-indexing", todo.len());
    let advance = |pictures| progress.advance(pictures);
    let reindexed = ingest::reindex(&mut gallery, &encoder, &listed, todo, advance)?;
    progress.finish();
    if !reindexed.rejected.is_empty() {
        eprintln!("{}", ingest_messages::describe_rejected(&reindexed.rejected));
    }
    gallery.finish_reindexing()?;
    gallery.settle()?;
    print(args, &Report { model: gallery.model().0.clone(), size: gallery.len(), reindexed })
}

fn print(args: &ReindexArgs, report: &Report) -> Result<()> {
    if args.json {
        return output::json(report);
    }
    let Report { model, size, reindexed: Reindexed { from_files, from_thumbnails, .. } } = report;
    output::text(&format!(
        "`{}` holds {size} pictures of the model {model}: {from_files} encoded now from files, {from_thumbnails} from thumbnails",
        args.gallery
    ))
}
