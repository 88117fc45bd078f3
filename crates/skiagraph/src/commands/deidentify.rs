//! `skiagraph deidentify`: DICOM files without identities.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ingest::DeidentifiedFiles;
use interchange::deidentify::{Action, Dates, Deidentifier, Key, Options, Report};

use crate::ingest_messages;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph deidentify study/ --out clean --key site.key --make-key
  skiagraph deidentify study/ --out clean --key site.key --shift-dates --keep-device --keep-patient
  skiagraph deidentify a.dcm --out clean --key site.key --json

Pixels are not cleaned: look at the pictures before you give them away. Guard the key as you guard
the originals: whoever has it can tell whether a patient, a study or a picture is among the files.";

/// Remove identities from DICOM files: patients, people, places, dates, UIDs (PS3.15 Annex E)
///
/// Writes new files, named by their new SOP Instance UIDs; their pixels stay as they are. The same
/// key gives the same pseudonyms, so that files of one patient or study still belong together.
/// Fails if a file was refused, after writing the others.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DeidentifyArgs {
    /// DICOM files, and folders with all their files
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Folder for the new files; made if it does not exist
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// File with the key, 32 bytes or more, which its owner alone may read
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Make the key, if there is no such file
    #[arg(long)]
    make_key: bool,
    /// Move the dates of each patient by a number of days made with the key, instead of removing
    /// them
    #[arg(long, conflicts_with = "keep_dates")]
    shift_dates: bool,
    /// Leave dates and times as they are
    #[arg(long)]
    keep_dates: bool,
    /// Keep the identity of the device
    #[arg(long)]
    keep_device: bool,
    /// Keep the institution
    #[arg(long)]
    keep_institution: bool,
    /// Keep the patient's sex, age, size and weight
    #[arg(long)]
    keep_patient: bool,
    /// Keep UIDs
    #[arg(long)]
    keep_uids: bool,
    /// Accept pictures that declare burned-in text, or do not clearly deny it
    #[arg(long)]
    allow_burned_in: bool,
    /// Print the changes to each file as JSON
    #[arg(long)]
    json: bool,
}

/// De-identifies and reports.
pub(crate) fn run(args: &DeidentifyArgs) -> Result<()> {
    let listed = ingest::list_paths(&args.paths)?;
    let deidentifier = Deidentifier::new(&args.key()?, args.options());
    let progress = Progress::images("de-identifying", listed.len());
    let advance = |files| progress.advance(files);
    let done = ingest::deidentify_files(&deidentifier, &listed, &args.out, advance)?;
    progress.finish();
    print(args, &done)?;
    match done.refused.len() {
        0 => Ok(()),
        refused => bail!("{refused} of {} files were refused", listed.len()),
    }
}

impl DeidentifyArgs {
    fn key(&self) -> Result<Key> {
        match self.make_key && !self.key.exists() {
            true => Ok(Key::make(&self.key)?),
            false => Ok(Key::read(&self.key)?),
        }
    }

    fn options(&self) -> Options {
        let dates = match (self.shift_dates, self.keep_dates) {
            (true, _) => Dates::Shifted,
            (_, true) => Dates::Kept,
            _ => Dates::Removed,
        };
        Options {
            dates,
            keep_device: self.keep_device,
            keep_institution: self.keep_institution,
            keep_patient: self.keep_patient,
            keep_uids: self.keep_uids,
            allow_burned_in: self.allow_burned_in,
            ..Options::default()
        }
    }
}

fn print(args: &DeidentifyArgs, done: &DeidentifiedFiles) -> Result<()> {
    if args.json {
        return output::json(done);
    }
    if !done.refused.is_empty() {
        eprintln!("{}", ingest_messages::describe_rejected(&done.refused));
    }
    let count = |action| done.written.iter().map(|file| file.report.count(action)).sum::<u64>();
    let sum =
        |of: fn(&Report) -> u64| done.written.iter().map(|file| of(&file.report)).sum::<u64>();
    let private = sum(|report| report.private + report.unknown);
    let wrong = sum(Report::wrong_forms);
    output::text(&format!(
        "wrote {} files to `{}`, already there {}, refused {}: {} attributes removed, {} emptied, {} replaced, {} UIDs \
         remapped, {} dates and times shifted, {} kept by options, {private} private or unknown removed, {wrong} removed as \
         their values had a wrong form",
        done.written.len(),
        args.out.display(),
        done.known,
        done.refused.len(),
        count(Action::Removed),
        count(Action::Emptied),
        count(Action::Replaced),
        count(Action::Remapped),
        count(Action::Shifted),
        count(Action::Kept),
    ))
    .context("cannot print the report")?;
    let text = done.written.iter().filter(|file| file.text_seen == Some(true)).count();
    if text > 0 {
        eprintln!("{text} pictures seem to have text in them, which may name a patient");
    }
    output::text("pixels were not cleaned: look at the pictures before they leave")
}
