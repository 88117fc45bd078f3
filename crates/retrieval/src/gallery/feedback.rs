//! Relevance feedback: a query that moves towards what was called relevant, and away from what was not.
//!
//! J. J. Rocchio, "Relevance feedback in information retrieval", 1971, on embeddings instead of term weights:
//! `e' = (α e + β mean(like) − γ mean(unlike)) / (α + β − γ)`, at unit length, with the weights of Manning, Raghavan and Schütze,
//! *Introduction to Information Retrieval*, 2008, section 9.1.1. The moved embedding is hashed again, so that the whole gallery is
//! searched for it.

use super::Gallery;
use super::query::Feedback;
use super::search::Point;
use crate::{Embedding, Error, HashCode, Result};

const QUERY: f32 = 1.0;
const LIKE: f32 = 0.75;
const UNLIKE: f32 = 0.15;

impl Gallery {
    /// The points of a query after feedback; without a point and something to be like there is none.
    pub(super) fn moved(&self, points: &[Point], feedback: &Feedback<'_>) -> Result<Vec<Point>> {
        let (like, unlike) = (self.points(feedback.like)?, self.points(feedback.unlike)?);
        let known: Vec<(Embedding, HashCode)> =
            [points, &like, &unlike].concat().into_iter().map(|p| (p.embedding, p.code)).collect();
        let starts: Vec<Option<&Point>> = match points {
            [] if like.is_empty() => Vec::new(),
            [] => vec![None],
            points => points.iter().map(Some).collect(),
        };
        let moved = |start: Option<&Point>| {
            let terms = [(QUERY, start.as_slice().to_vec()), (LIKE, refs(&like)), (-UNLIKE, refs(&unlike))];
            let embedding = unit_length(weighted(&terms));
            let code = (feedback.rehash)(&embedding, &known).map_err(Error::Rehash)?;
            Ok(Point { code, embedding })
        };
        starts.into_iter().map(moved).collect()
    }

    fn points(&self, ids: &[u64]) -> Result<Vec<Point>> {
        ids.iter().map(|&id| Ok(Point { code: self.code(id)?, embedding: self.embedding(id)? })).collect()
    }
}

fn refs(points: &[Point]) -> Vec<&Point> {
    points.iter().collect()
}

/// Each term's weight times the mean of its points, summed; a term without points counts for nothing.
fn weighted(terms: &[(f32, Vec<&Point>)]) -> Vec<f32> {
    let mut sum = Vec::new();
    for (weight, points) in terms {
        for point in points {
            sum.resize(point.embedding.values().len(), 0.0);
            for (sum, value) in sum.iter_mut().zip(point.embedding.values()) {
                *sum += weight / points.len() as f32 * value;
            }
        }
    }
    sum
}

/// Only the direction counts: the model's embeddings have unit length, so the weights need not sum to one.
fn unit_length(mut values: Vec<f32>) -> Embedding {
    let length = values.iter().map(|value| value * value).sum::<f32>().sqrt().max(1e-12);
    values.iter_mut().for_each(|value| *value /= length);
    Embedding::new(values)
}
