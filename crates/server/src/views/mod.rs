//! The JSON that the API takes and gives. The OpenAPI document is made of these types.

mod job;
mod map;
mod model;
mod query;
mod record;
mod search;
mod set;

use gallery::Facets;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::keys::Role;

pub(super) use job::{FileView, JobView, JobsView};
pub(super) use map::MapView;
pub(super) use model::{CardView, QualityView};
pub(super) use query::{QueryView, Region};
pub(super) use record::{ListBody, ListView, PriorsView, RecordView};
pub(super) use search::{
    AskedView, EstimateView, HitView, MillisecondsView, SearchBody, SearchView, TallyView,
};
pub(super) use set::{SaveBody, SavedView, SetView, SetsView};

/// A gallery and its model.
#[derive(Serialize, JsonSchema)]
pub(super) struct GalleryView {
    pub(super) name: String,
    pub(super) pictures: usize,
    /// The length of a hash code in bits.
    pub(super) bits: usize,
    pub(super) model_id: String,
    /// The side of the square that the network sees, in pixels.
    pub(super) input_size: u32,
    pub(super) facets: FacetsView,
    /// The first and the last day of a study.
    pub(super) study_dates: Option<[String; 2]>,
    /// The address of a viewer. A Study Instance UID goes in place of `{study}`.
    pub(super) viewer: Option<String>,
    pub(super) version: String,
    /// True if there is a report that compares the model with other methods.
    pub(super) comparison: bool,
    /// True if there is a report of the model's evaluation.
    pub(super) evaluation: bool,
    /// The figures of the model's evaluation, task by task.
    pub(super) quality: Vec<QualityView>,
    pub(super) card: CardView,
    /// The size of the gallery on the disk, in bytes.
    pub(super) bytes: u64,
    /// True if the model estimates the relevance of its answers.
    pub(super) estimates: bool,
    /// True if saliency maps come from a network that was taught where findings lie. Otherwise they
    /// are the retrieval network's own, and say nothing of findings.
    pub(super) maps_of_findings: bool,
}

/// The values to filter by, the most frequent first.
#[derive(Serialize, JsonSchema)]
pub(super) struct FacetsView {
    body_part: Vec<ValueView>,
    view: Vec<ValueView>,
    modality: Vec<ValueView>,
    sex: Vec<ValueView>,
    source: Vec<ValueView>,
    label: Vec<ValueView>,
}

/// A value, and the number of pictures that have it.
#[derive(Serialize, JsonSchema)]
struct ValueView {
    value: String,
    count: usize,
}

impl From<&Facets> for FacetsView {
    fn from(facets: &Facets) -> Self {
        let view = |counts: &[(String, usize)]| {
            counts
                .iter()
                .map(|(value, count)| ValueView { value: value.clone(), count: *count })
                .collect()
        };
        Self {
            body_part: view(&facets.body_part),
            view: view(&facets.view),
            modality: view(&facets.modality),
            sex: view(&facets.sex),
            source: view(&facets.source),
            label: view(&facets.label),
        }
    }
}

/// A key to open a session with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyBody {
    pub(super) key: String,
}

/// The session: how callers identify themselves, and their role.
#[derive(Serialize, JsonSchema)]
pub(super) struct SessionView {
    pub(super) required: bool,
    /// The role. Null before a key is shown or a person has signed in.
    pub(super) role: Option<Role>,
    /// True if a key may be shown.
    pub(super) keys: bool,
    /// True if people sign in with an identity provider, at `/sign-in`.
    pub(super) single_sign_on: bool,
}

/// Why a request failed (RFC 9457, `application/problem+json`).
#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorBody {
    /// Always `about:blank`: the kind is that of the status, and `error` has its code.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// The status in words.
    pub(super) title: &'static str,
    pub(super) status: u16,
    /// For people, as the message of `error`.
    pub(super) detail: String,
    pub(super) error: ErrorView,
}

/// The failure as programs tell it. See [`ErrorBody`].
#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorView {
    /// A code for programs.
    pub(super) code: String,
    /// A message for people: what was got, what was expected, what to do.
    pub(super) message: String,
    /// For a filter that cannot be parsed: the number of bytes before the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<usize>,
    /// For a filter that cannot be parsed: what is expected at the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<String>,
}
