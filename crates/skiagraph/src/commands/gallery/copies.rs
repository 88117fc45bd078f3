//! `skiagraph gallery backup|export|import`: galleries that become another folder.

use std::path::PathBuf;

use anyhow::{Result, bail};
use retrieval::gallery::Gallery;
use serde_json::json;

use crate::anonymous::KeyArgs;
use crate::output;
use crate::progress::Progress;

#[derive(clap::Args)]
pub(super) struct Pair {
    /// The folder to read
    #[arg(value_name = "FROM")]
    from: PathBuf,
    /// The folder to write: a new one, or an empty one
    #[arg(value_name = "TO")]
    to: PathBuf,
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

/// A copy, which is checked as `gallery verify` does.
pub(super) fn back_up(pair: &Pair) -> Result<()> {
    Gallery::open(&pair.from)?.back_up(&pair.to)?;
    let copy = Gallery::open(&pair.to)?;
    let problems = copy.verify()?;
    if let Some(problem) = problems.first() {
        let (from, count) = (pair.from.display(), problems.len());
        bail!("the copy has {count} problems, first: {problem}. See `skiagraph gallery verify {from}`");
    }
    report(pair, copy.len(), "copied")
}

/// An export, of pseudonyms if a key is given. Thumbnails are as they are.
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

pub(super) fn import(pair: &Pair) -> Result<()> {
    let progress = Progress::images("importing", 0);
    let gallery = Gallery::import(&pair.from, &pair.to, |pictures| progress.advance(pictures))?;
    progress.finish();
    report(pair, gallery.len(), "imported")
}

fn report(pair: &Pair, size: usize, done: &str) -> Result<()> {
    if pair.json {
        return output::json(&json!({ "from": pair.from, "to": pair.to, "size": size }));
    }
    output::text(&format!("{done} {size} pictures of `{}` to `{}`", pair.from.display(), pair.to.display()))
}
