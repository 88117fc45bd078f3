//! Options of de-identification: what `--deidentify KEYFILE` does when records enter a gallery, and
//! when they leave it.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use ingest::{Deidentification, KeptFields};
use interchange::deidentify::Key;

/// The options of every command that reads pictures' records.
#[derive(clap::Args)]
pub(crate) struct KeyArgs {
    /// Replace patients, UIDs and names by pseudonyms made with this key, move dates, and leave out
    /// sex, age and reports
    #[arg(long, value_name = "KEYFILE")]
    deidentify: Option<PathBuf>,
    /// With --deidentify: keep sex and age
    #[arg(long, requires = "deidentify")]
    keep_patient: bool,
    /// With --deidentify: keep the text of reports, which is not cleaned
    #[arg(long, requires = "deidentify")]
    keep_reports: bool,
}

/// The options of every command that puts pictures into a gallery.
#[derive(clap::Args)]
pub(crate) struct DeidentifyArgs {
    #[command(flatten)]
    key: KeyArgs,
    /// With --deidentify: accept pictures that declare burned-in text, or do not clearly deny it
    #[arg(long, requires = "deidentify")]
    allow_burned_in: bool,
}

impl DeidentifyArgs {
    /// The changes to files and records; `None` without the option.
    pub(crate) fn deidentification(&self) -> Result<Option<Arc<Deidentification>>> {
        self.key.with(self.allow_burned_in)
    }
}

impl KeyArgs {
    /// The changes to files and records; `None` without the option. Pictures that are only compared
    /// may contain text.
    pub(crate) fn deidentification(&self) -> Result<Option<Arc<Deidentification>>> {
        self.with(true)
    }

    fn with(&self, allow_burned_in: bool) -> Result<Option<Arc<Deidentification>>> {
        let Some(file) = &self.deidentify else { return Ok(None) };
        if self.keep_reports {
            eprintln!("reports are kept as they are: they may name patients");
        }
        let kept = KeptFields { patient: self.keep_patient, reports: self.keep_reports };
        Ok(Some(Arc::new(Deidentification::new(&Key::read(file)?, kept, allow_burned_in))))
    }
}
