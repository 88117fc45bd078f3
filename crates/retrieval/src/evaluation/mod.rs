//! Measuring retrieval so that the figures can be trusted.
//!
//! * **Queries** are the items of [`Role::Query`] that pass the task's filters and have at least one of its labels (or
//!   a value in its column). **The gallery** is all items of [`Role::Gallery`] that pass the filters: those without
//!   any of the task's labels are in it too, as misses.
//! * Pictures of the query's own patient never answer.
//! * AP is divided by N = **all relevant** items of the gallery, over the whole ranking. A query without a relevant
//!   item has no AP; it is left out of every figure and counted in [`TaskResult::queries_without_relevant`].
//! * Ties are treated exactly: each measure is its expectation over all orders of equally distant answers.
//! * Every figure has a 95 % interval by bootstrap over units (patients, or what a split never divides), and two
//!   methods are compared by the paired differences of their queries.

mod bootstrap;
mod curve;
mod measures;
mod relevance;
mod result;
mod runs;
mod task;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::{Embedding, Error, HashCode, Result};
use relevance::Relevance;

pub use bootstrap::{Figure, mean_by_unit};
pub use curve::{RadiusPoint, by_radius};
pub use measures::Values;
pub use result::{ClassResult, Difference, QueryResult, TaskResult, paired_difference};
pub use runs::{Overall, difference_over_tasks, mean_of_runs, over_tasks};
pub use task::{Task, default_tasks, read_tasks};

/// An item to evaluate with: what is known of it, not what it looks like.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Labelled {
    /// All its labels.
    pub labels: Vec<String>,
    /// Its patient, unique across sources, if known.
    pub patient: Option<String>,
    /// What the bootstrap draws: items of one unit are not independent.
    pub unit: String,
    /// Source, view and whatever else tasks filter by.
    pub columns: BTreeMap<String, String>,
    /// Whether it asks or answers.
    pub role: Role,
}

/// An item's part in an evaluation.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Role {
    /// It answers.
    Gallery,
    /// It asks.
    Query,
    /// It is left out.
    #[default]
    Neither,
}

/// What orders the answers; parallel to the items.
#[derive(Clone, Copy, Debug)]
pub enum Ranking<'a> {
    /// The Hamming distance.
    Codes(&'a [HashCode]),
    /// The Euclidean distance. Equal distances tie, as those of codes.
    Embeddings(&'a [Embedding]),
    /// Nothing: all answers tie, so that the figures are the exact expectation of a random order.
    Random,
}

/// How confidence is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The number of draws.
    pub bootstrap: usize,
    /// Of the draws.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { bootstrap: 1000, seed: 0 }
    }
}

impl Ranking<'_> {
    /// That there is one code or embedding for each item, all of one length; the bits that one takes when stored.
    fn check(&self, items: usize) -> Result<usize> {
        let (got, bits) = match self {
            Self::Codes(codes) => (codes.len(), codes.first().map_or(0, HashCode::bits)),
            Self::Embeddings(embeddings) => {
                (embeddings.len(), embeddings.first().map_or(0, |first| 16 * first.values().len()))
            }
            Self::Random => (items, 0),
        };
        if got != items {
            return Err(Error::RankingLength { got, expected: items });
        }
        match self {
            Self::Codes(codes) => match codes.iter().find(|code| code.bits() != bits) {
                Some(other) => Err(Error::CodeMismatch { got: other.bits(), expected: bits }),
                None => Ok(bits),
            },
            Self::Embeddings(embeddings) => {
                check_embeddings(embeddings, bits / 16)?;
                Ok(bits)
            }
            Self::Random => Ok(bits),
        }
    }

    /// The distance of two items as an integer of the same order.
    fn distance(&self, a: usize, b: usize) -> u32 {
        match self {
            Self::Codes(codes) => codes[a].distance(&codes[b]),
            // Floats that are not negative are ordered as their bits. The square keeps the order too.
            Self::Embeddings(embeddings) => embeddings[a].squared_distance(&embeddings[b]).to_bits(),
            Self::Random => 0,
        }
    }
}

fn check_embeddings(embeddings: &[Embedding], expected: usize) -> Result<()> {
    for embedding in embeddings {
        if embedding.values().len() != expected {
            return Err(Error::EmbeddingMismatch { got: embedding.values().len(), expected });
        }
        embedding.check()?;
    }
    Ok(())
}

/// Evaluates a ranking on a task.
///
/// `method` names the ranking in the result. The result is the same on any number of threads.
///
/// # Errors
/// If the ranking is not parallel to the items, the task reads a column that no item has, or it has no queries, no
/// gallery, or no query with a relevant item.
pub fn evaluate(
    task: &Task,
    items: &[Labelled],
    ranking: &Ranking<'_>,
    method: &str,
    options: &Options,
) -> Result<TaskResult> {
    let bits = ranking.check(items.len())?;
    let relevance = Relevance::new(task, items)?;
    let measured: Vec<Option<Values>> =
        relevance.queries.par_iter().map(|&query| measure_query(query, &relevance, ranking)).collect();
    let results = relevance.queries.iter().zip(measured).filter_map(|(&item, values)| {
        let unit = items[item].unit.clone();
        Some(QueryResult { item, unit, classes: relevance.classes_of(item), values: values? })
    });
    result::summarise(task, method, bits, &relevance, results.collect(), options)
}

fn measure_query(query: usize, relevance: &Relevance, ranking: &Ranking<'_>) -> Option<Values> {
    let answers = relevance.gallery.iter().filter(|&&item| !relevance.same_patient(query, item));
    let mut answers: Vec<_> =
        answers.map(|&item| (ranking.distance(query, item), relevance.shared(query, item))).collect();
    measures::measure(&mut answers)
}

#[cfg(test)]
mod tests;
