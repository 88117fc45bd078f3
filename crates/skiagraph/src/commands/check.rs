//! `skiagraph check`: looks for doubtful pictures among files.

use std::path::PathBuf;

use anyhow::{Result, bail};
use ingest::Checked;

use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph check new/
  skiagraph check a.dcm b.png --json";

/// Check files for pictures that are inverted, turned, several in one, annotated or no radiographs
///
/// Doubts are warnings: the command fails only if a file cannot be read, or none holds a picture.
/// DICOM objects without a picture, such as reports, are passed over. Only a model with estimates
/// can tell that a picture is no radiograph.
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

/// Checks and reports.
pub(crate) fn run(args: &CheckArgs) -> Result<()> {
    let listed = ingest::list_paths(&args.paths)?;
    let encoder = args.model.load()?;
    let progress = Progress::images("checking", listed.len());
    let checked = ingest::check(&encoder, &listed, |files| progress.advance(files))?;
    progress.finish();
    report(&checked, args.json)
}

fn report(checked: &[Checked], json: bool) -> Result<()> {
    if json {
        output::json(&checked)?;
    } else {
        for file in checked {
            for said in said(file) {
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

/// The remarks on the file, in words.
fn said(file: &Checked) -> Vec<String> {
    let doubts = file.doubts.iter().map(|doubt| doubt.text().to_owned());
    let warnings = file.warnings.iter().map(|warning| format!("warning: {warning}"));
    let passed = file.without_picture.iter().map(|reason| format!("passed over: {reason}"));
    let errors = file.error.iter().map(|error| format!("cannot be read: {error}"));
    doubts.chain(warnings).chain(passed).chain(errors).collect()
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
