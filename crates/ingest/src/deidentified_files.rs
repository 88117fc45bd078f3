//! DICOM files without identities, written into a folder and named by their new UIDs.

use std::fs;
use std::path::Path;

use anyhow::Result;
use interchange::deidentify::{Deidentified, Deidentifier, EDITION, Report};
use radiograph::image_qc;
use rayon::prelude::*;
use serde::Serialize;

use crate::decoding::{Rejected, bytes};
use crate::listing::Listed;

/// The number of files that are in memory together.
const BATCH: usize = 8;

/// A written file. Its old name is left out, so that the report may be stored with the files.
#[derive(Serialize)]
pub struct Written {
    /// The file's name in the folder.
    pub file: String,
    /// True if the pixels look as if there were text in them; `None` if they cannot be decoded.
    pub text_seen: Option<bool>,
    #[serde(flatten)]
    /// The changes.
    pub report: Report,
}

/// The files that were de-identified into a folder.
#[derive(Default, Serialize)]
pub struct DeidentifiedFiles {
    /// The profile of the standard.
    pub profile: String,
    /// The files that were written.
    pub written: Vec<Written>,
    /// The number of files that had been written before, with the same key and options.
    pub known: usize,
    /// The files that were refused.
    pub refused: Vec<Rejected>,
}

/// De-identifies files into a folder. `advance` gets the number of files of every batch.
///
/// # Errors
/// If a file cannot be written. One that is refused is among the results.
pub fn deidentify_files(
    deidentifier: &Deidentifier,
    listed: &[Listed],
    out: &Path,
    advance: impl Fn(usize),
) -> Result<DeidentifiedFiles> {
    let profile =
        format!("PS3.15 {EDITION} Annex E, Basic Application Level Confidentiality Profile");
    let mut done = DeidentifiedFiles { profile, ..DeidentifiedFiles::default() };
    for batch in listed.chunks(BATCH) {
        let clean: Vec<_> =
            batch.par_iter().map(|listed| clean(deidentifier, &listed.path)).collect();
        for (listed, clean) in batch.iter().zip(clean) {
            done.keep(out, listed, clean)?;
        }
        advance(batch.len());
    }
    Ok(done)
}

impl DeidentifiedFiles {
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
}

/// De-identifies a file. Also returns whether its pixels look as if there were text in them.
fn clean(deidentifier: &Deidentifier, path: &Path) -> Result<(Deidentified, Option<bool>)> {
    let clean = deidentifier.file(&bytes(path)?)?;
    let picture = radiograph::decode(&clean.bytes, &radiograph::Limits::default());
    Ok((clean, picture.ok().map(|picture| image_qc::burned_in_text(&picture))))
}
