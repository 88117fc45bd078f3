//! `skiagraph encode`: encodes a share of many pictures to Parquet, for schedulers that run many
//! such commands.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use ingest::{Shard, ShardEncoding};
use serde_json::json;

use super::index::{self, PicturesArgs};
use crate::deidentification::DeidentifyArgs;
use crate::ingest_messages;
use crate::interruption::end_in_order_when_interrupted;
use crate::model::ModelArgs;
use crate::output;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph encode --shard 1/100 --out shards pictures/
  skiagraph encode --shard $SLURM_ARRAY_TASK_ID/100 --out shards --manifest m.csv --json
  skiagraph gallery import shards/* g

A finished shard of the same pictures and model is left as it is. An interrupted one continues where
it stopped. A picture's name alone decides which shard it belongs to.";

/// Encode a share of pictures and write it as Parquet, for `gallery import`
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EncodeArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Share to encode, such as 3/100; the first is 1
    #[arg(long, value_name = "I/N", default_value = "1/1")]
    shard: Shard,
    /// Folder in which the share gets its own folder
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    #[command(flatten)]
    pictures: PicturesArgs,
    #[command(flatten)]
    deidentify: DeidentifyArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Encodes and writes.
pub(crate) fn run(args: &EncodeArgs) -> Result<()> {
    let (mut listed, missing, _) = args.pictures.list()?;
    listed.retain(|listed| args.shard.has(listed));
    ingest::deidentify(args.deidentify.deidentification()?.as_ref(), &mut listed);
    let encoder = args.model.load()?;
    let folder = args.shard.folder(&args.out);
    let Some(mut encoding) = ShardEncoding::begin(&folder, &encoder, &listed)? else {
        return report(args, &folder, true, 0, 0);
    };
    let attempt_notes = ingest_messages::attempt_notes(&encoding.gallery)?;
    attempt_notes.attempts().into_iter().try_for_each(end_in_order_when_interrupted)?;
    let mut ingested = index::fill(&mut encoding.gallery, &encoder, listed, &attempt_notes)?;
    drop(attempt_notes);
    ingested.rejected.extend(missing);
    ingest_messages::describe(&ingested).iter().for_each(|line| eprintln!("{line}"));
    if encoding.gallery.is_empty() {
        bail!("not one of the {} files is a usable radiograph", ingested.unusable());
    }
    let pictures = encoding.finish()?;
    report(args, &folder, false, pictures, ingested.rejected.len())?;
    ingest_messages::check(&ingested)
}

fn report(
    args: &EncodeArgs,
    folder: &Path,
    known: bool,
    pictures: usize,
    rejected: usize,
) -> Result<()> {
    if args.json {
        let shard =
            json!({ "folder": folder, "known": known, "pictures": pictures, "rejected": rejected });
        return output::json(&shard);
    }
    match known {
        true => output::text(&format!("`{}` is there already", folder.display())),
        false => output::text(&format!(
            "encoded {pictures} pictures to `{}`, rejected {rejected}",
            folder.display()
        )),
    }
}
