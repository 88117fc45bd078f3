//! What the API takes and gives, as JSON. The OpenAPI document is made of these types.

use radiograph::Format;
use retrieval::gallery::{Facets, Record};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::keys::Role;
use super::pictures::Picture;
use crate::gate::Doubt;

/// A gallery and its model.
#[derive(Serialize, JsonSchema)]
pub(super) struct GalleryView {
    pub(super) name: String,
    pub(super) pictures: usize,
    /// Of a hash code.
    pub(super) bits: usize,
    pub(super) model_id: String,
    /// Side of the square that the network sees, in pixels.
    pub(super) input_size: u32,
    pub(super) facets: FacetsView,
    /// The first and the last day of a study.
    pub(super) study_dates: Option<[String; 2]>,
    /// Address of a viewer; `{study}` is to be replaced by a Study Instance UID.
    pub(super) viewer: Option<String>,
    pub(super) version: String,
    /// Whether the model says how good its answers are likely to be.
    pub(super) estimates: bool,
}

/// What can be filtered for, the most frequent values first.
#[derive(Serialize, JsonSchema)]
pub(super) struct FacetsView {
    body_part: Vec<ValueView>,
    view: Vec<ValueView>,
    modality: Vec<ValueView>,
    sex: Vec<ValueView>,
    source: Vec<ValueView>,
    label: Vec<ValueView>,
}

/// A value, and how many pictures have it.
#[derive(Serialize, JsonSchema)]
struct ValueView {
    value: String,
    count: usize,
}

impl From<&Facets> for FacetsView {
    fn from(facets: &Facets) -> Self {
        let view = |counts: &[(String, usize)]| {
            counts.iter().map(|(value, count)| ValueView { value: value.clone(), count: *count }).collect()
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

/// A picture to ask with.
#[derive(Serialize, JsonSchema)]
pub(super) struct QueryView {
    id: String,
    width: u32,
    height: u32,
    /// `dicom`, `png`, `jpeg` or `tiff`.
    format: Option<&'static str>,
    header: HeaderView,
    doubts: Vec<DoubtView>,
}

/// What its file says.
#[derive(Serialize, JsonSchema)]
struct HeaderView {
    modality: Option<String>,
    body_part: Option<String>,
    view: Option<String>,
    sex: Option<String>,
    age: Option<u32>,
    study_date: Option<String>,
    patient: Option<String>,
    study: Option<String>,
}

/// Something doubtful about a picture.
#[derive(Serialize, JsonSchema)]
struct DoubtView {
    #[schemars(with = "String")]
    code: Doubt,
    text: &'static str,
}

impl QueryView {
    pub(super) fn new(id: String, picture: &Picture) -> Self {
        let record = &picture.record;
        let doubts = picture.doubts.iter();
        Self {
            id,
            width: picture.width,
            height: picture.height,
            format: picture.format.map(|format| match format {
                Format::Dicom => "dicom",
                Format::Png => "png",
                Format::Jpeg => "jpeg",
                Format::Tiff => "tiff",
            }),
            header: HeaderView {
                modality: record.modality.clone(),
                body_part: record.body_part.clone(),
                view: record.view.clone(),
                sex: record.sex.clone(),
                age: record.age,
                study_date: record.study_date.map(|date| date.to_string()),
                patient: record.patient.clone(),
                study: record.study.clone(),
            },
            doubts: doubts.map(|&doubt| DoubtView { code: doubt, text: doubt.text() }).collect(),
        }
    }
}

/// A part of a picture, in shares of its sides.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Region {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// What to look for. At least one of `queries` and `like` is not empty.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SearchBody {
    /// Ids of uploaded pictures; a picture is near that is near to one of them.
    #[serde(default)]
    pub(super) queries: Vec<String>,
    /// Ids of pictures of the gallery to move towards.
    #[serde(default)]
    pub(super) like: Vec<u64>,
    /// Ids of pictures of the gallery to move away from.
    #[serde(default)]
    pub(super) unlike: Vec<u64>,
    /// Hits wanted, 1 to 1000.
    #[serde(default = "some")]
    #[schemars(range(min = 1, max = 1000))]
    pub(super) k: usize,
    /// Which records may answer: docs/gallery.md has the language.
    #[serde(default)]
    pub(super) filter: Option<String>,
    /// Whether each patient answers once.
    #[serde(default)]
    pub(super) group_by_patient: bool,
    /// Whether the query's own picture and others of its patient may answer.
    #[serde(default)]
    pub(super) own: bool,
    /// The greatest distance wanted, in bits.
    #[serde(default)]
    pub(super) within: Option<u32>,
    /// So many of the nearest are ordered by Euclidean distance, at most 10000.
    #[serde(default)]
    #[schemars(range(max = 10000))]
    pub(super) rerank: Option<usize>,
}

fn some() -> usize {
    24
}

/// The answer to a search.
#[derive(Serialize, JsonSchema)]
pub(super) struct SearchView {
    pub(super) hits: Vec<HitView>,
    pub(super) bits: usize,
    /// None for a model without estimates, and after feedback.
    pub(super) estimate: Option<EstimateView>,
    /// How many hits have each label, most first.
    pub(super) tally: Vec<TallyView>,
    pub(super) milliseconds: MillisecondsView,
    /// Whether the query is unlike all that the model knows, or nothing answers at all.
    pub(super) nothing_similar: bool,
}

/// An answer.
#[derive(Serialize, JsonSchema)]
pub(super) struct HitView {
    pub(super) id: u64,
    /// Bits that differ.
    pub(super) distance: u32,
    /// Distance of the embeddings.
    pub(super) euclidean: f32,
    /// The estimated probability of being relevant, of the first ten.
    pub(super) relevance: Option<f64>,
    pub(super) record: RecordView,
}

/// How good an answer is likely to be.
#[derive(Serialize, JsonSchema)]
pub(super) struct EstimateView {
    /// The expected share of relevant pictures among the first ten.
    pub(super) precision: f64,
    /// Whether the query is unlike all that the model knows.
    pub(super) novel: bool,
}

/// A label of some hits.
#[derive(Serialize, JsonSchema)]
pub(super) struct TallyView {
    pub(super) label: String,
    pub(super) count: usize,
}

/// What an answer took.
#[derive(Serialize, JsonSchema)]
pub(super) struct MillisecondsView {
    /// When the queries were uploaded.
    pub(super) encode: f64,
    pub(super) search: f64,
}

/// What is known of a picture of the gallery.
#[derive(Serialize, JsonSchema)]
pub(super) struct RecordView {
    id: u64,
    key: String,
    name: String,
    labels: Vec<String>,
    patient: Option<String>,
    study: Option<String>,
    series: Option<String>,
    instance: Option<String>,
    modality: Option<String>,
    body_part: Option<String>,
    view: Option<String>,
    sex: Option<String>,
    age: Option<u32>,
    study_date: Option<String>,
    source: Option<String>,
    licence: Option<String>,
    width: u32,
    height: u32,
    report: Option<String>,
}

impl From<(u64, Record)> for RecordView {
    fn from((id, record): (u64, Record)) -> Self {
        Self {
            id,
            key: record.key,
            name: record.name,
            labels: record.labels,
            patient: record.patient,
            study: record.study,
            series: record.series,
            instance: record.instance,
            modality: record.modality,
            body_part: record.body_part,
            view: record.view,
            sex: record.sex,
            age: record.age,
            study_date: record.study_date.map(|date| date.to_string()),
            source: record.source,
            licence: record.licence,
            width: record.width,
            height: record.height,
            report: record.report,
        }
    }
}

/// Which records to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListBody {
    #[serde(default)]
    pub(super) filter: Option<String>,
    #[serde(default)]
    pub(super) offset: u64,
    /// At most 500.
    #[serde(default = "page")]
    #[schemars(range(max = 500))]
    pub(super) limit: usize,
}

fn page() -> usize {
    60
}

/// Some of the records that a filter admits.
#[derive(Serialize, JsonSchema)]
pub(super) struct ListView {
    /// How many it admits in all.
    pub(super) total: u64,
    pub(super) records: Vec<RecordView>,
}

/// Other pictures of a patient, newest first.
#[derive(Serialize, JsonSchema)]
pub(super) struct PriorsView {
    pub(super) records: Vec<RecordView>,
}

/// A key to open a session with.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyBody {
    pub(super) key: String,
}

/// Whether a key is wanted, and what the one that was shown allows.
#[derive(Serialize, JsonSchema)]
pub(super) struct SessionView {
    pub(super) required: bool,
    pub(super) role: Option<Role>,
}

/// Why a request failed.
#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorBody {
    pub(super) error: ErrorView,
}

/// See [`ErrorBody`].
#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorView {
    /// For programs.
    pub(super) code: String,
    /// For people: what was got, what was expected, what to do.
    pub(super) message: String,
    /// Of a filter that does not read: bytes before the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) position: Option<usize>,
    /// Of a filter that does not read: what should be there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expected: Option<String>,
}
