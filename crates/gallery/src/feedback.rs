//! Relevance feedback: a query that moves towards what was judged relevant, and away from what was
//! judged irrelevant.
//!
//! The formula is that of J. J. Rocchio, "Relevance feedback in information retrieval", 1971, on
//! embeddings instead of term weights: `e' = (α e + β mean(like) − γ mean(unlike)) / (α + β − γ)`,
//! at unit length. The weights are those of Manning, Raghavan and Schütze, *Introduction to
//! Information Retrieval*, 2008, section 9.1.1. The moved embedding is hashed again, so that the
//! whole gallery is searched for it.

use retrieval::{Embedding, HashCode};

use crate::query::Feedback;
use crate::search::Target;
use crate::{Error, Gallery, Result};

const QUERY: f32 = 1.0;
const LIKE: f32 = 0.75;
const UNLIKE: f32 = 0.15;

impl Gallery {
    /// The targets of a query after feedback. It is empty without a target and an entry to be like.
    pub(super) fn moved(&self, targets: &[Target], feedback: &Feedback<'_>) -> Result<Vec<Target>> {
        let (like, unlike) = (self.targets(feedback.like)?, self.targets(feedback.unlike)?);
        let known: Vec<(Embedding, HashCode)> =
            [targets, &like, &unlike].concat().into_iter().map(|p| (p.embedding, p.code)).collect();
        let starts: Vec<Option<&Target>> = match targets {
            [] if like.is_empty() => Vec::new(),
            [] => vec![None],
            targets => targets.iter().map(Some).collect(),
        };
        let moved = |start: Option<&Target>| {
            let terms =
                [(QUERY, start.as_slice().to_vec()), (LIKE, refs(&like)), (-UNLIKE, refs(&unlike))];
            let embedding = unit_length(weighted(&terms));
            let code =
                (feedback.encode_embedding)(&embedding, &known).map_err(Error::EncodeEmbedding)?;
            Ok(Target { code, embedding })
        };
        starts.into_iter().map(moved).collect()
    }

    fn targets(&self, ids: &[u64]) -> Result<Vec<Target>> {
        ids.iter()
            .map(|&id| Ok(Target { code: self.code(id)?, embedding: self.embedding(id)? }))
            .collect()
    }
}

fn refs(targets: &[Target]) -> Vec<&Target> {
    targets.iter().collect()
}

/// The sum of each term's weight times the mean of its targets. A term without targets is 0.
fn weighted(terms: &[(f32, Vec<&Target>)]) -> Vec<f32> {
    let mut sum = Vec::new();
    for (weight, targets) in terms {
        for point in targets {
            sum.resize(point.embedding.values().len(), 0.0);
            for (sum, value) in sum.iter_mut().zip(point.embedding.values()) {
                *sum += weight / targets.len() as f32 * value;
            }
        }
    }
    sum
}

/// Scales a vector to unit length. Only the direction counts: the model's embeddings have unit
/// length, so the weights need not sum to one.
fn unit_length(mut values: Vec<f32>) -> Embedding {
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-12);
    values.iter_mut().for_each(|value| *value /= length);
    Embedding::new(values)
}
