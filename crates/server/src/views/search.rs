//! A search and its answer, as JSON.

use answers::AnswerOrder;
use retrieval::SHORTLIST;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::RecordView;

/// A search. At least one of `queries` and `like` is not empty.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchBody {
    /// The ids of uploaded pictures. A picture's distance to several is that to the nearest.
    #[serde(default)]
    pub(crate) queries: Vec<String>,
    /// The ids of pictures of the gallery to move towards.
    #[serde(default)]
    pub(crate) like: Vec<u64>,
    /// The ids of pictures of the gallery to move away from.
    #[serde(default)]
    pub(crate) unlike: Vec<u64>,
    /// The number of hits wanted, 1 to 1000.
    #[serde(default = "some")]
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) k: usize,
    /// The filter of the records that may answer: docs/gallery.md describes its language.
    #[serde(default)]
    pub(crate) filter: Option<String>,
    /// True if each patient answers once.
    #[serde(default)]
    pub(crate) group_by_patient: bool,
    /// True if the query's own picture and others of its patient may answer.
    #[serde(default, rename = "own")]
    pub(crate) include_same_patient: bool,
    /// The greatest Hamming distance, in bits.
    #[serde(default)]
    pub(crate) within: Option<u32>,
    /// True if the answer must include everything acknowledged before, by any machine. It matters
    /// for a gallery on a server alone, which otherwise may be a moment behind.
    #[serde(default)]
    pub(crate) newest: bool,
    /// The order of the hits.
    #[serde(default)]
    pub(crate) order: AnswerOrder,
    /// The number of nearest codes from which the most similar pictures are chosen, 1 to 10000.
    #[serde(default = "shortlist")]
    #[schemars(range(min = 1, max = 10000))]
    pub(crate) rerank: usize,
}

fn some() -> usize {
    24
}

fn shortlist() -> usize {
    SHORTLIST
}

/// The question of an answer: pictures, judgements, filter and order.
#[derive(Serialize, JsonSchema)]
pub(crate) struct AskedView {
    /// The number of uploaded pictures.
    pub(crate) pictures: usize,
    pub(crate) like: Vec<u64>,
    pub(crate) unlike: Vec<u64>,
    pub(crate) filter: Option<String>,
    pub(crate) group_by_patient: bool,
    pub(crate) order: AnswerOrder,
}

impl From<&SearchBody> for AskedView {
    fn from(body: &SearchBody) -> Self {
        Self {
            pictures: body.queries.len(),
            like: body.like.clone(),
            unlike: body.unlike.clone(),
            filter: body.filter.clone(),
            group_by_patient: body.group_by_patient,
            order: body.order,
        }
    }
}

/// The answer to a search.
#[derive(Serialize, JsonSchema)]
pub(crate) struct SearchView {
    /// The question; answers that an older server saved lack it.
    pub(crate) asked: AskedView,
    pub(crate) hits: Vec<HitView>,
    pub(crate) bits: usize,
    /// The estimates; null for a model without them, and after feedback.
    pub(crate) estimate: Option<EstimateView>,
    /// The number of hits with each label, most first.
    pub(crate) tally: Vec<TallyView>,
    pub(crate) milliseconds: MillisecondsView,
    /// The greatest age of the answer in seconds, while the gallery's database is unreachable.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stale_seconds: Option<f64>,
    /// True if nothing similar was found: the query is unlike all that the model knows, there is no
    /// hit, or hardly any hit is relevant. In the last case the `relevance` of the first hit is
    /// below 0.2, as when a filter leaves no similar picture.
    pub(crate) nothing_similar: bool,
}

/// A hit.
#[derive(Serialize, JsonSchema)]
pub(crate) struct HitView {
    pub(crate) id: u64,
    /// The Hamming distance, in bits.
    pub(crate) distance: u32,
    /// The distance of the embeddings.
    pub(crate) euclidean: f32,
    /// The estimated probability of relevance, for the first ten hits; it never rises along the
    /// hits. A picture is relevant if it shows the same part of the body and has a finding in
    /// common with the query, or both have none. Null for a query that is unlike all that the
    /// model knows.
    pub(crate) relevance: Option<f64>,
    pub(crate) record: RecordView,
}

/// The estimated quality of an answer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EstimateView {
    /// The expected share of relevant pictures among the first ten; 0 if the query is unlike all
    /// that the model knows.
    pub(crate) precision: f64,
    /// True if the query is unlike all that the model knows.
    pub(crate) novel: bool,
}

/// A label of some hits.
#[derive(Serialize, JsonSchema)]
pub(crate) struct TallyView {
    pub(crate) label: String,
    pub(crate) count: usize,
}

/// The times of an answer's steps, in milliseconds.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MillisecondsView {
    /// The time of encoding, when the queries were uploaded.
    pub(crate) encode: f64,
    pub(crate) search: f64,
}
