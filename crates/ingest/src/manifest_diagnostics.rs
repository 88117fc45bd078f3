//! Diagnostics of a manifest, in the reports of the commands that read it: cells left out, and
//! guesses.

use radiograph::dataset::{Dataset, Unread};
use serde::Serialize;

/// The cells of a manifest that were left out, and the guesses at it.
#[derive(Default, Serialize)]
pub struct ManifestDiagnostics {
    /// Cells that were not understood, by column.
    unread: Vec<Unread>,
    /// A guess at the manifest's encoding.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
}

impl ManifestDiagnostics {
    /// The diagnostics of a data set's manifest.
    pub fn of(dataset: &Dataset) -> Self {
        Self { unread: dataset.unread.clone(), encoding: dataset.note.clone() }
    }
}
