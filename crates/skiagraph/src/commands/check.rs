//! `skiagraph check`: looks for doubtful pictures among files.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use ingest::image_qc::{self, Doubt};
use network::Encoder;
use radiograph::{Input, Preprocess};
use rayon::prelude::*;
use serde::Serialize;

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
/// Doubts are warnings; only files that cannot be read make the command fail. DICOM objects that
/// hold no picture, such as reports, are passed over beside pictures. That a picture is no
/// radiograph is for the model to tell, if it has estimates.
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
    /// Faults of the file that were put up with.
    warnings: Vec<String>,
    /// Why it is passed over: what kind of DICOM object without a picture it is.
    without_picture: Option<String>,
    error: Option<String>,
}

/// A picture, and what it and its file give to doubt.
struct Picture {
    input: Input,
    doubts: Vec<Doubt>,
    warnings: Vec<String>,
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

fn read(path: &Path, preprocess: &Preprocess) -> Result<Picture> {
    let (radiograph, _) = ingest::read(path)?;
    let input = preprocess.apply(&radiograph);
    let warnings = ingest::warning_lines(&radiograph.header().warnings);
    Ok(Picture { input, doubts: image_qc::of_pixels(&radiograph), warnings })
}

/// A file's name, and its picture.
type Named = (String, Result<Picture>);

/// Checks pictures. Those that could be read are encoded together.
fn check(encoder: &Encoder, pictures: Vec<Named>) -> Result<Vec<Checked>> {
    let readable = pictures.iter().filter_map(|(_, picture)| picture.as_ref().ok());
    let inputs: Vec<Input> = readable.map(|picture| picture.input.clone()).collect();
    let mut encodings = ingest::encode(encoder, &inputs)?.into_iter();
    let one = |(name, picture): Named| -> Result<Checked> {
        match picture {
            Ok(Picture { input, mut doubts, warnings }) => {
                if let Some(encoding) = encodings.next() {
                    doubts.extend(image_qc::of_network(encoder, &input, &encoding, &doubts)?);
                }
                Ok(Checked { name, doubts, warnings, without_picture: None, error: None })
            }
            Err(error) => {
                let reason = Some(error.root_cause().to_string());
                let (without_picture, error) = match ingest::is_without_picture(&error) {
                    true => (reason, None),
                    false => (None, reason),
                };
                let (doubts, warnings) = (Vec::new(), Vec::new());
                Ok(Checked { name, doubts, warnings, without_picture, error })
            }
        }
    };
    pictures.into_iter().map(one).collect()
}

fn report(checked: &[Checked], json: bool) -> Result<()> {
    if json {
        output::json(&checked)?;
    } else {
        for file in checked {
            for said in file.said() {
                output::text(&format!("{}: {said}", file.name))?;
            }
        }
        output::text(&summary(checked))?;
    }
    let count = |is: fn(&Checked) -> bool| checked.iter().filter(|file| is(file)).count();
    match count(|file| file.error.is_some()) {
        0 if count(|file| file.without_picture.is_none()) == 0 => {
            bail!("not one of the {} files holds a picture", checked.len())
        }
        0 => Ok(()),
        unreadable => bail!("{unreadable} of {} files cannot be read", checked.len()),
    }
}

impl Checked {
    /// The remarks on the file, in words.
    fn said(&self) -> Vec<String> {
        let doubts = self.doubts.iter().map(|doubt| doubt.text().to_owned());
        let warnings = self.warnings.iter().map(|warning| format!("warning: {warning}"));
        let passed = self.without_picture.iter().map(|reason| format!("passed over: {reason}"));
        let errors = self.error.iter().map(|error| format!("cannot be read: {error}"));
        doubts.chain(warnings).chain(passed).chain(errors).collect()
    }
}

fn summary(checked: &[Checked]) -> String {
    let count = |is: fn(&Checked) -> bool| checked.iter().filter(|file| is(file)).count();
    let doubtful = count(|file| !file.doubts.is_empty());
    let mut summary = format!("{} files, {doubtful} of them doubtful", checked.len());
    for (number, what) in [
        (count(|file| !file.warnings.is_empty()), "with faults in their headers"),
        (count(|file| file.without_picture.is_some()), "without a picture"),
    ] {
        if number > 0 {
            summary += &format!(", {number} {what}");
        }
    }
    summary
}
