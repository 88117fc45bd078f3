//! `skiagraph deidentify`: DICOM files without identities.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ingest::{Listed, Rejected};
use interchange::deidentify::{
    Action, Dates, Deidentified, Deidentifier, EDITION, Key, Options, Report,
};
use radiograph::image_qc;
use rayon::prelude::*;
use serde::Serialize;

use crate::ingest_messages;
use crate::output;
use crate::progress::Progress;

/// The number of files that are in memory together.
const BATCH: usize = 8;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph deidentify study/ --out clean --key site.key --make-key
  skiagraph deidentify study/ --out clean --key site.key --shift-dates --keep-device --keep-patient
  skiagraph deidentify a.dcm --out clean --key site.key --json

Pixels are not cleaned: look at the pictures before they leave. Whoever has the key can tell whether a patient, a study or
a picture is among the files: keep it as you keep the originals.";

/// Take patients, people, places, dates and UIDs out of DICOM files (PS3.15 Annex E)
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

/// A written file. Its old name is left out, so that the report may be stored with the files.
#[derive(Serialize)]
struct Written {
    file: String,
    /// True if the pixels look as if there were text in them; `None` if they cannot be decoded.
    text_seen: Option<bool>,
    #[serde(flatten)]
    report: Report,
}

#[derive(Default, Serialize)]
struct Done {
    profile: String,
    written: Vec<Written>,
    /// The number of files that had been written before, with the same key and options.
    known: usize,
    refused: Vec<Rejected>,
}

/// De-identifies and reports.
pub(crate) fn run(args: &DeidentifyArgs) -> Result<()> {
    let listed = ingest::list_paths(&args.paths)?;
    let deidentifier = Deidentifier::new(&args.key()?, args.options());
    let progress = Progress::images("de-identifying", listed.len());
    let profile =
        format!("PS3.15 {EDITION} Annex E, Basic Application Level Confidentiality Profile");
    let mut done = Done { profile, ..Done::default() };
    for batch in listed.chunks(BATCH) {
        let clean: Vec<_> =
            batch.par_iter().map(|listed| clean(&deidentifier, &listed.path)).collect();
        for (listed, clean) in batch.iter().zip(clean) {
            done.keep(&args.out, listed, clean)?;
        }
        progress.advance(batch.len());
    }
    progress.finish();
    done.print(args)?;
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

/// De-identifies a file. Also returns whether its pixels look as if there were text in them.
fn clean(deidentifier: &Deidentifier, path: &Path) -> Result<(Deidentified, Option<bool>)> {
    let clean = deidentifier.file(&ingest::bytes(path)?)?;
    let picture = radiograph::decode(&clean.bytes, &radiograph::Limits::default());
    Ok((clean, picture.ok().map(|picture| image_qc::burned_in_text(&picture))))
}

impl Done {
    /// Writes a file, unless it exists. If the existing one differs, it stays, and the new one is
    /// refused.
    fn keep(
        &mut self,
        out: &Path,
        listed: &Listed,
        clean: Result<(Deidentified, Option<bool>)>,
    ) -> Result<()> {
        let refuse = |reason: String| Rejected {
            name: listed.record.name.clone(),
            reason,
            without_picture: false,
        };
        let (clean, text_seen) = match clean {
            Ok(clean) => clean,
            Err(error) => {
                self.refused.push(refuse(error.to_string()));
                return Ok(());
            }
        };
        let file = format!("{}.dcm", clean.sop_instance_uid);
        if file.contains(['/', '\\']) {
            self.refused
                .push(refuse("its SOP Instance UID is none, and cannot name a file".to_owned()));
            return Ok(());
        }
        let path = out.join(&file);
        match fs::read(&path) {
            Ok(there) if there == clean.bytes => self.known += 1,
            Ok(_) => self.refused.push(refuse(format!(
                "`{}` is there and differs: another file has the same SOP Instance UID, or the options were others",
                path.display()
            ))),
            Err(_) => {
                files::write(&path, &clean.bytes)?;
                self.written.push(Written { file, text_seen, report: clean.report });
            }
        }
        Ok(())
    }

    fn print(&self, args: &DeidentifyArgs) -> Result<()> {
        if args.json {
            return output::json(self);
        }
        if !self.refused.is_empty() {
            eprintln!("{}", ingest_messages::describe_rejected(&self.refused));
        }
        let count = |action| self.written.iter().map(|file| file.report.count(action)).sum::<u64>();
        let sum =
            |of: fn(&Report) -> u64| self.written.iter().map(|file| of(&file.report)).sum::<u64>();
        let private = sum(|report| report.private + report.unknown);
        let wrong = sum(Report::wrong_forms);
        output::text(&format!(
            "wrote {} files to `{}`, already there {}, refused {}: {} attributes removed, {} emptied, {} replaced, {} UIDs \
             remapped, {} dates and times shifted, {} kept by options, {private} private or unknown removed, {wrong} removed as \
             their values had a wrong form",
            self.written.len(),
            args.out.display(),
            self.known,
            self.refused.len(),
            count(Action::Removed),
            count(Action::Emptied),
            count(Action::Replaced),
            count(Action::Remapped),
            count(Action::Shifted),
            count(Action::Kept),
        ))
        .context("cannot print the report")?;
        let text = self.written.iter().filter(|file| file.text_seen == Some(true)).count();
        if text > 0 {
            eprintln!("{text} pictures seem to have text in them, which may name a patient");
        }
        output::text("pixels were not cleaned: look at the pictures before they leave")
    }
}
