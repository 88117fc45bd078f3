//! What of a manifest was left out or guessed, in the reports of the commands that read it.

use radiograph::dataset::{Dataset, Unread};
use serde::Serialize;

use crate::output;

/// What of a manifest was left out or guessed.
#[derive(Default, Serialize)]
pub(crate) struct Remarks {
    /// Cells that were not understood, by column.
    unread: Vec<Unread>,
    /// A guess at the manifest's encoding.
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding: Option<String>,
}

impl Remarks {
    /// Says on standard error what of a data set's manifest was left out or guessed.
    pub(crate) fn said(dataset: &Dataset) -> Self {
        dataset.remarks().for_each(|remark| output::note(&format!("  {remark}")));
        Self { unread: dataset.unread.clone(), encoding: dataset.note.clone() }
    }
}
