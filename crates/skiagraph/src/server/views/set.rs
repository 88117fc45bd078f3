//! Saved answers, as JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::search::{SearchBody, SearchView};

/// A search whose answer is to be saved.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct SaveBody {
    /// At most 200 characters.
    pub(in crate::server) name: String,
    /// At most 4000 characters.
    #[serde(default)]
    pub(in crate::server) note: String,
    /// Whether all who may search may see it, and not only whoever saved it.
    #[serde(default)]
    pub(in crate::server) shared: bool,
    /// With 100 hits at most.
    pub(in crate::server) search: SearchBody,
}

/// A saved answer.
#[derive(Clone, Serialize, JsonSchema)]
pub(in crate::server) struct SetView {
    pub(in crate::server) id: String,
    pub(in crate::server) name: String,
    pub(in crate::server) note: String,
    /// RFC 3339, UTC.
    pub(in crate::server) made: String,
    /// The id of the key of whoever saved it.
    pub(in crate::server) owner: Option<String>,
    pub(in crate::server) shared: bool,
    pub(in crate::server) hits: usize,
    /// Whether there is a FHIR bundle of it.
    pub(in crate::server) fhir: bool,
    /// Whether there is a DICOM structured report of it.
    pub(in crate::server) sr: bool,
    /// Whether its query was an uploaded picture, which is kept small.
    pub(in crate::server) preview: bool,
    /// Pictures of it that were deleted from the gallery since, and so from here.
    pub(in crate::server) deleted: usize,
}

/// The saved answers that whoever asks may see, the newest first.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct SetsView {
    pub(in crate::server) sets: Vec<SetView>,
}

/// A saved answer, and what it was.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct SavedView {
    pub(in crate::server) set: SetView,
    #[schemars(with = "SearchView")]
    pub(in crate::server) answer: Value,
}
