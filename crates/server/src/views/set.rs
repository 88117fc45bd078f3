//! Saved answers, as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::search::{SearchBody, SearchView};

/// A search whose answer is to be saved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaveBody {
    /// The name, at most 200 characters.
    pub(crate) name: String,
    /// A note, at most 4000 characters.
    #[serde(default)]
    pub(crate) note: String,
    /// True if everybody who may search may see it, not only the caller who saved it.
    #[serde(default)]
    pub(crate) shared: bool,
    /// The search, with at most 100 hits.
    pub(crate) search: SearchBody,
}

/// A saved answer.
#[derive(Clone, Serialize, JsonSchema)]
pub(crate) struct SetView {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) note: String,
    /// The time when it was saved: RFC 3339, UTC.
    pub(crate) made: String,
    /// The id of the key of the caller who saved it.
    pub(crate) owner: Option<String>,
    pub(crate) shared: bool,
    pub(crate) hits: usize,
    /// True if it has a FHIR bundle.
    pub(crate) fhir: bool,
    /// True if it has a DICOM structured report.
    pub(crate) sr: bool,
    /// True if its query was an uploaded picture, of which a small one is kept.
    pub(crate) preview: bool,
    /// The number of its pictures that were deleted from the gallery since, and so from it.
    pub(crate) deleted: usize,
}

/// The saved answers that the caller may see, the newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SetsView {
    pub(crate) sets: Vec<SetView>,
}

/// A saved answer with its contents.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SavedView {
    pub(crate) set: SetView,
    #[schemars(with = "SearchView")]
    pub(crate) answer: Value,
}
