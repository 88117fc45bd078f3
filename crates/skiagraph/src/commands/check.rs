//! `skiagraph check`: looks for doubtful pictures among files.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use network::Encoder;
use radiograph::{Input, Preprocess};
use rayon::prelude::*;
use serde::Serialize;

use crate::gate::{self, Doubt};
use crate::ingest;
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

/// The number of files that are decoded together.
const BATCH: usize = 16;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph check new/
  skiagraph check a.dcm b.png --json";

/// Check files before they are used: inverted, turned, no radiograph, several pictures in one, text
///
/// Doubts are warnings; the command fails only for files that cannot be read. The model tells that
/// a picture is no radiograph, if it has estimates.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckArgs {
    /// Files, and folders with all that is in them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The findings for a file.
#[derive(Serialize)]
struct Checked {
    name: String,
    doubts: Vec<Doubt>,
    error: Option<String>,
}

/// Checks and reports.
pub(crate) fn run(args: &CheckArgs) -> Result<()> {
    let listed = ingest::list_paths(&args.paths)?;
    let encoder = args.model.load()?;
    let progress = Progress::images("checking", listed.len());
    let mut checked = Vec::with_capacity(listed.len());
    for batch in listed.chunks(BATCH) {
        let read = |listed: &ingest::Listed| {
            (listed.record.name.clone(), read(&listed.path, encoder.preprocess()))
        };
        let pictures: Vec<_> = batch.par_iter().map(read).collect();
        checked.extend(check(&encoder, pictures)?);
        progress.advance(batch.len());
    }
    progress.finish();
    report(&checked, args.json)
}

fn read(path: &Path, preprocess: &Preprocess) -> Result<(Input, Vec<Doubt>)> {
    let (radiograph, _) = ingest::read(path)?;
    Ok((preprocess.apply(&radiograph), gate::of_pixels(&radiograph)))
}

/// A file's name, and its picture with the doubts from its pixels.
type Named = (String, Result<(Input, Vec<Doubt>)>);

/// Checks pictures. Those that could be read are encoded together.
fn check(encoder: &Encoder, pictures: Vec<Named>) -> Result<Vec<Checked>> {
    let readable = pictures.iter().filter_map(|(_, picture)| picture.as_ref().ok());
    let inputs: Vec<Input> = readable.map(|(input, _)| input.clone()).collect();
    let mut encodings = ingest::encode(encoder, &inputs)?.into_iter();
    let one = |(name, picture): Named| -> Result<Checked> {
        match picture {
            Ok((input, mut doubts)) => {
                if let Some(encoding) = encodings.next() {
                    doubts.extend(gate::of_network(encoder, &input, &encoding, &doubts)?);
                }
                Ok(Checked { name, doubts, error: None })
            }
            Err(error) => Ok(Checked {
                name,
                doubts: Vec::new(),
                error: Some(error.root_cause().to_string()),
            }),
        }
    };
    pictures.into_iter().map(one).collect()
}

fn report(checked: &[Checked], json: bool) -> Result<()> {
    if json {
        output::json(&checked)?;
    } else {
        for file in checked {
            let doubts = file.doubts.iter().map(|doubt| doubt.text().to_owned());
            for said in
                doubts.chain(file.error.iter().map(|error| format!("cannot be read: {error}")))
            {
                output::text(&format!("{}: {said}", file.name))?;
            }
        }
        let doubtful = checked.iter().filter(|file| !file.doubts.is_empty()).count();
        output::text(&format!("{} files, {doubtful} of them doubtful", checked.len()))?;
    }
    match checked.iter().filter(|file| file.error.is_some()).count() {
        0 => Ok(()),
        unreadable => bail!("{unreadable} of {} files cannot be read", checked.len()),
    }
}
