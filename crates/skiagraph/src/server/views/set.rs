//! Saved answers, as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::search::{SearchBody, SearchView};

/// A search whose answer is to be saved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct SaveBody {
    /// The name, at most 200 characters.
    pub(in crate::server) name: String,
    /// A note, at most 4000 characters.
    #[serde(default)]
    pub(in crate::server) note: String,
    /// True if everybody who may search may see it, not only the caller who saved it.
    #[serde(default)]
    pub(in crate::server) shared: bool,
    /// The search, with at most 100 hits.
    pub(in crate::server) search: SearchBody,
}

/// A saved answer.
#[derive(Clone, Serialize, JsonSchema)]
pub(in crate::server) struct SetView {
    pub(in crate::server) id: String,
    pub(in crate::server) name: String,
    pub(in crate::server) note: String,
    /// The time when it was saved: RFC 3339, UTC.
    pub(in crate::server) made: String,
    /// The id of the key of the caller who saved it.
    pub(in crate::server) owner: Option<String>,
    pub(in crate::server) shared: bool,
    pub(in crate::server) hits: usize,
    /// True if it has a FHIR bundle.
    pub(in crate::server) fhir: bool,
    /// True if it has a DICOM structured report.
    pub(in crate::server) sr: bool,
    /// True if its query was an uploaded picture, of which a small one is kept.
    pub(in crate::server) preview: bool,
    /// The number of its pictures that were deleted from the gallery since, and so from it.
    pub(in crate::server) deleted: usize,
}

/// The saved answers that the caller may see, the newest first.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct SetsView {
    pub(in crate::server) sets: Vec<SetView>,
}

/// A saved answer with its contents.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct SavedView {
    pub(in crate::server) set: SetView,
    #[schemars(with = "SearchView")]
    pub(in crate::server) answer: Value,
}
