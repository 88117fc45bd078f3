//! `skiagraph encode`: encodes a share of many pictures to Parquet, for schedulers that run many
//! such commands.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use gallery::Gallery;
use ingest::Listed;
use radiograph::ContentHash;
use retrieval::ModelId;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

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

A shard that is there is left as it is, if it is of the same pictures and model; one that was
interrupted goes on where it stopped. Which pictures belong to a shard depends on their names alone.";

/// The name of the file with a shard's [`Origin`], in its folder.
const ORIGIN: &str = "shard.json";

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

/// A share of the pictures: number `I` of `N`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Shard {
    number: u32,
    of: u32,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("expected I/N with I from 1 to N, such as 3/100".to_owned()),
        }
    }
}

impl Shard {
    /// Tells whether a picture belongs to it.
    fn has(self, listed: &Listed) -> bool {
        let hash = Sha256::digest(listed.record.name.as_bytes());
        let number = hash.iter().take(8).fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        number % u64::from(self.of) + 1 == u64::from(self.number)
    }

    fn folder(self, out: &Path) -> PathBuf {
        out.join(format!("shard-{:05}-of-{:05}", self.number, self.of))
    }
}

/// The inputs of a shard.
#[derive(PartialEq, Serialize, Deserialize)]
struct Origin {
    model: ModelId,
    /// The SHA-256 of the pictures' names.
    pictures: String,
}

impl Origin {
    fn new(model: &ModelId, listed: &[Listed]) -> Self {
        let mut names: Vec<&str> =
            listed.iter().map(|listed| listed.record.name.as_str()).collect();
        names.sort_unstable();
        Self {
            model: model.clone(),
            pictures: ContentHash::of(names.join("\n").as_bytes()).to_string(),
        }
    }

    /// Fails if the existing shard has other inputs.
    fn check(&self, folder: &Path) -> Result<()> {
        let there = fs::read(folder.join(ORIGIN))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if there.as_ref() != Some(self) {
            bail!(
                "`{}` is there already, but of other pictures or of another model; expected the same. Remove it, or choose \
                 another --out",
                folder.display()
            );
        }
        Ok(())
    }
}

/// Encodes and writes.
pub(crate) fn run(args: &EncodeArgs) -> Result<()> {
    let (mut listed, missing, _) = args.pictures.list()?;
    listed.retain(|listed| args.shard.has(listed));
    let folder = args.shard.folder(&args.out);
    let encoder = args.model.load()?;
    let origin = Origin::new(encoder.model_id(), &listed);
    if folder.exists() {
        origin.check(&folder)?;
        return report(args, &folder, true, 0, 0);
    }
    if listed.is_empty() {
        bail!("none of the pictures belongs to the shard; expected more pictures than shards");
    }
    ingest::deidentify(args.deidentify.deidentification()?.as_ref(), &mut listed);
    // A gallery holds the finished pictures, so that an interrupted shard of the same pictures
    // continues. The export gets its name when it is whole.
    let unfinished = folder.with_extension(format!("{}.encoding", origin.pictures));
    let exported = folder.with_extension("exporting");
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder `{}`", args.out.display()))?;
    let mut gallery = Gallery::open_or_create(&unfinished, encoder.model_id(), encoder.bits())?;
    let attempt_notes = ingest_messages::attempt_notes(&gallery)?;
    attempt_notes.attempts().into_iter().try_for_each(end_in_order_when_interrupted)?;
    let mut ingested = index::fill(&mut gallery, &encoder, listed, &attempt_notes)?;
    drop(attempt_notes);
    ingested.rejected.extend(missing);
    ingest_messages::describe(&ingested).iter().for_each(|line| eprintln!("{line}"));
    if gallery.is_empty() {
        bail!("not one of the {} files is a usable radiograph", ingested.unusable());
    }
    if exported.exists() {
        fs::remove_dir_all(&exported)
            .with_context(|| format!("cannot remove `{}`", exported.display()))?;
    }
    gallery.export(&exported, |record| record, |_| {})?;
    files::write(&exported.join(ORIGIN), serde_json::to_vec_pretty(&origin)?)?;
    fs::rename(&exported, &folder)
        .with_context(|| format!("cannot name `{}`", folder.display()))?;
    let pictures = gallery.len();
    drop(gallery);
    fs::remove_dir_all(&unfinished)
        .with_context(|| format!("cannot remove `{}`", unfinished.display()))?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_belongs_to_one_shard() {
        for n in 0..100 {
            let listed = Listed::bare(Path::new(&format!("picture-{n}.png")));
            assert_eq!((1..=7).filter(|&number| Shard { number, of: 7 }.has(&listed)).count(), 1);
        }
        assert_eq!("3/100".parse(), Ok(Shard { number: 3, of: 100 }));
        for wrong in ["0/3", "4/3", "3", "a/b", "1/0", "-1/2"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }
}
