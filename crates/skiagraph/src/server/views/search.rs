//! A search and its answer, as JSON.

use retrieval::gallery::SHORTLIST;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::RecordView;
use crate::answer::AnswerOrder;

/// What to look for. At least one of `queries` and `like` is not empty.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct SearchBody {
    /// Ids of uploaded pictures; a picture is near that is near to one of them.
    #[serde(default)]
    pub(in crate::server) queries: Vec<String>,
    /// Ids of pictures of the gallery to move towards.
    #[serde(default)]
    pub(in crate::server) like: Vec<u64>,
    /// Ids of pictures of the gallery to move away from.
    #[serde(default)]
    pub(in crate::server) unlike: Vec<u64>,
    /// Hits wanted, 1 to 1000.
    #[serde(default = "some")]
    #[schemars(range(min = 1, max = 1000))]
    pub(in crate::server) k: usize,
    /// Which records may answer: docs/gallery.md has the language.
    #[serde(default)]
    pub(in crate::server) filter: Option<String>,
    /// Whether each patient answers once.
    #[serde(default)]
    pub(in crate::server) group_by_patient: bool,
    /// Whether the query's own picture and others of its patient may answer.
    #[serde(default)]
    pub(in crate::server) own: bool,
    /// The greatest distance wanted, in bits.
    #[serde(default)]
    pub(in crate::server) within: Option<u32>,
    /// Whether the answer must be of all that was acknowledged before, by whichever machine; of a
    /// gallery on a server alone, which otherwise may be a moment behind.
    #[serde(default)]
    pub(in crate::server) newest: bool,
    /// Which of the near pictures come first.
    #[serde(default)]
    pub(in crate::server) order: AnswerOrder,
    /// How many of the nearest codes there are to choose the most similar pictures of, 1 to 10000.
    #[serde(default = "shortlist")]
    #[schemars(range(min = 1, max = 10000))]
    pub(in crate::server) rerank: usize,
}

fn some() -> usize {
    24
}

fn shortlist() -> usize {
    SHORTLIST
}

/// The answer to a search.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct SearchView {
    pub(in crate::server) hits: Vec<HitView>,
    pub(in crate::server) bits: usize,
    /// None for a model without estimates, and after feedback.
    pub(in crate::server) estimate: Option<EstimateView>,
    /// How many hits have each label, most first.
    pub(in crate::server) tally: Vec<TallyView>,
    pub(in crate::server) milliseconds: MillisecondsView,
    /// How old the answer may be, while the gallery's database does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::server) stale_seconds: Option<f64>,
    /// Whether the query is unlike all that the model knows, nothing answers, or hardly anything of
    /// the answer is relevant: the `relevance` of the first hit is below 0.2, as with a filter that
    /// leaves nothing alike.
    pub(in crate::server) nothing_similar: bool,
}

/// An answer.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct HitView {
    pub(in crate::server) id: u64,
    /// Bits that differ.
    pub(in crate::server) distance: u32,
    /// Distance of the embeddings.
    pub(in crate::server) euclidean: f32,
    /// The estimated probability of being relevant (the same part of the body and a finding in
    /// common, or both without), of the first ten; it never rises along the hits. None for a query
    /// that is unlike all that the model knows.
    pub(in crate::server) relevance: Option<f64>,
    pub(in crate::server) record: RecordView,
}

/// How good an answer is likely to be.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct EstimateView {
    /// The expected share of relevant pictures among the first ten; 0 where the query is unlike all
    /// that the model knows.
    pub(in crate::server) precision: f64,
    /// Whether the query is unlike all that the model knows.
    pub(in crate::server) novel: bool,
}

/// A label of some hits.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct TallyView {
    pub(in crate::server) label: String,
    pub(in crate::server) count: usize,
}

/// What an answer took.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct MillisecondsView {
    /// When the queries were uploaded.
    pub(in crate::server) encode: f64,
    pub(in crate::server) search: f64,
}
