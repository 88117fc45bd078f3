//! `skiagraph gallery backup|export|import`: copies of galleries.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use gallery::{Gallery, Location};
use serde_json::json;

use super::SetsArgs;
use crate::deidentification::KeyArgs;
use crate::output;
use crate::progress::Progress;

#[derive(clap::Args)]
pub(super) struct Backup {
    #[command(flatten)]
    pair: Pair,
    #[command(flatten)]
    sets: SetsArgs,
}

#[derive(clap::Args)]
pub(super) struct Pair {
    /// The gallery to read
    #[arg(value_name = "FROM")]
    from: Location,
    /// The folder to write: a new one, or an empty one
    #[arg(value_name = "TO")]
    to: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Import {
    /// The folders to read: those of `gallery export`, or the shards of `encode`
    #[arg(value_name = "FROM", required = true)]
    from: Vec<PathBuf>,
    /// The gallery to make: a new or an empty folder, or its address on a PostgreSQL server
    #[arg(value_name = "TO")]
    to: Location,
    /// Add to an existing gallery
    #[arg(long)]
    add: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
pub(super) struct Export {
    #[command(flatten)]
    pair: Pair,
    #[command(flatten)]
    deidentify: KeyArgs,
}

/// Makes a copy with the saved answers, and checks it as `gallery verify` does.
pub(super) fn back_up(Backup { pair, sets }: &Backup) -> Result<()> {
    let sets = sets.open(&pair.from)?;
    Gallery::open(&pair.from)?.back_up(&pair.to)?;
    let copy = Gallery::open(&pair.to)?;
    let problems = copy.verify()?;
    if let Some(problem) = problems.first() {
        let (from, count) = (&pair.from, problems.len());
        bail!(
            "the copy has {count} problems, first: {problem}. See `skiagraph gallery verify {from}`"
        );
    }
    if let Some(sets) = sets {
        sets.back_up(&pair.to).context("the gallery is copied, but its saved answers are not")?;
    }
    report(pair, copy.len(), "copied")
}

/// Writes an export, with pseudonyms if a key is given. Thumbnails are not changed.
pub(super) fn export(args: &Export) -> Result<()> {
    let pair = &args.pair;
    let deidentification = args.deidentify.deidentification()?;
    let gallery = Gallery::open(&pair.from)?;
    let change = |record| match &deidentification {
        Some(deidentification) => deidentification.record(record),
        None => record,
    };
    let progress = Progress::images("exporting", gallery.len());
    let manifest = gallery.export(&pair.to, change, |pictures| progress.advance(pictures))?;
    progress.finish();
    if pair.json {
        return output::json(&manifest);
    }
    report(pair, gallery.len(), "exported")
}

/// Imports one export into a new gallery, or any number into an existing one. Pictures that it has
/// already stay as they are.
pub(super) fn import(args: &Import) -> Result<()> {
    let progress = Progress::images("importing", 0);
    let mut size = 0;
    for (n, from) in args.from.iter().enumerate() {
        let mut advance = |pictures| progress.advance(pictures);
        let gallery = match n {
            0 if !args.add => Gallery::import(from, &args.to, &mut advance)?,
            _ => Gallery::import_into(from, &args.to, &mut advance)?,
        };
        size = gallery.len();
    }
    progress.finish();
    if args.json {
        return output::json(
            &json!({ "from": args.from, "to": args.to.to_string(), "size": size }),
        );
    }
    output::text(&format!("imported; `{}` holds {size} pictures", args.to))
}

fn report(pair: &Pair, size: usize, done: &str) -> Result<()> {
    if pair.json {
        return output::json(
            &json!({ "from": pair.from.to_string(), "to": pair.to, "size": size }),
        );
    }
    output::text(&format!("{done} {size} pictures of `{}` to `{}`", pair.from, pair.to.display()))
}
