//! Measuring retrieval so that the figures can be trusted.
//!
//! * **Queries** are the items of [`Role::Query`] that pass the task's filters and have at least
//!   one of its labels (or a value in its column). **The gallery** is all items of
//!   [`Role::Gallery`] that pass the filters: those without any of the task's labels are in it too,
//!   as misses.
//! * Pictures of the query's own patient never answer.
//! * AP is divided by N = **all relevant** items of the gallery, over the whole ranking. A query
//!   without a relevant item has no AP; it is left out of every figure and counted in
//!   [`TaskResult::queries_without_relevant`].
//! * Ties are treated exactly: each measure is its expectation over all orders of equally distant
//!   answers.
//! * Every figure has a 95 % interval by bootstrap over units (patients, or what a split never
//!   divides), and two methods are compared by the paired differences of their queries.

mod bootstrap;
mod curve;
mod error;
mod likeness;
mod measures;
mod relevance;
mod result;
mod runs;
mod task;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::{Embedding, Error, HashCode};
use error::Result;
use relevance::Relevance;

pub use bootstrap::{Figure, mean_by_unit};
pub use curve::{RadiusPoint, by_radius};
pub use error::EvaluationError;
pub use likeness::{
    Agreement, Likeness, NearCopy, Recall, first_answers, likeness, participation_ratio,
};
pub use measures::Values;
pub use result::{ClassResult, Difference, QueryResult, TaskResult, paired_difference};
pub use runs::{Overall, difference_over_tasks, mean_of_runs, over_tasks};
pub use task::{Task, default_tasks, read_tasks};

/// An item to evaluate with: its labels and its part, without the picture.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Labelled {
    /// The labels.
    pub labels: Vec<String>,
    /// The patient, unique across sources, if known.
    pub patient: Option<String>,
    /// The unit that the bootstrap draws. Items of one unit are not independent.
    pub unit: String,
    /// Source, view and other columns that tasks filter by.
    pub columns: BTreeMap<String, String>,
    /// The item's part: query, gallery or neither.
    pub role: Role,
}

/// An item's part in an evaluation.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Role {
    /// It may answer.
    Gallery,
    /// It is a query.
    Query,
    /// It is left out.
    #[default]
    Neither,
}

/// The order of the answers, parallel to the items.
#[derive(Clone, Copy, Debug)]
pub enum Ranking<'a> {
    /// The Hamming distance.
    Codes(&'a [HashCode]),
    /// The Euclidean distance. Equal distances tie, as those of codes do.
    Embeddings(&'a [Embedding]),
    /// The order of a search: the nearest codes by their embeddings, then the others by code.
    Answers {
        /// The codes.
        codes: &'a [HashCode],
        /// The embeddings.
        embeddings: &'a [Embedding],
        /// The number of nearest codes that are ordered by embedding. Codes as near as the last are
        /// ordered too.
        shortlist: usize,
    },
    /// A random order: all answers tie, so that the figures are its exact expectation.
    Random,
}

/// The settings of the bootstrap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Options {
    /// The number of draws.
    pub bootstrap: usize,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { bootstrap: 1000, seed: 0 }
    }
}

impl Ranking<'_> {
    /// Checks that each item has a code or embedding, all of one length. Returns the bits that one
    /// takes when stored.
    fn check(&self, items: usize) -> Result<usize> {
        let (got, bits) = match self {
            Self::Codes(codes) | Self::Answers { codes, .. } => {
                (codes.len(), codes.first().map_or(0, HashCode::bits))
            }
            Self::Embeddings(embeddings) => {
                (embeddings.len(), embeddings.first().map_or(0, |first| 16 * first.values().len()))
            }
            Self::Random => (items, 0),
        };
        if got != items {
            return Err(EvaluationError::RankingLength { got, expected: items });
        }
        if let Some(other) =
            self.codes().and_then(|codes| codes.iter().find(|code| code.bits() != bits))
        {
            return Err(Error::CodeMismatch { got: other.bits(), expected: bits }.into());
        }
        match self {
            Self::Embeddings(embeddings) | Self::Answers { embeddings, .. } => {
                check_embeddings(embeddings, items)?;
                Ok(bits)
            }
            Self::Codes(_) | Self::Random => Ok(bits),
        }
    }

    /// The codes, if it has any.
    fn codes(&self) -> Option<&[HashCode]> {
        match self {
            Self::Codes(codes) | Self::Answers { codes, .. } => Some(codes),
            Self::Embeddings(_) | Self::Random => None,
        }
    }

    /// The distances of some answers to a query, as integers of the same order.
    fn distances(&self, query: usize, answers: &[usize]) -> Vec<u32> {
        let hamming = |codes: &[HashCode]| {
            answers.iter().map(|&i| codes[query].distance(&codes[i])).collect()
        };
        // Floats that are not negative are ordered as their bits are. The square keeps the order
        // too.
        let square = |embeddings: &[Embedding], i: usize| {
            embeddings[query].squared_distance(&embeddings[i]).to_bits()
        };
        match self {
            Self::Codes(codes) => hamming(codes),
            Self::Embeddings(embeddings) => {
                answers.iter().map(|&i| square(embeddings, i)).collect()
            }
            Self::Answers { codes, embeddings, shortlist } => {
                let bits: Vec<u32> = hamming(codes);
                let cut = kth_smallest(&bits, *shortlist);
                let place =
                    |(&i, bits)| if bits > cut { BEHIND | bits } else { square(embeddings, i) };
                answers.iter().zip(bits).map(place).collect()
            }
            Self::Random => vec![0; answers.len()],
        }
    }
}

/// The k-th smallest number; the largest if there are fewer than k, and 0 if there is none.
fn kth_smallest(numbers: &[u32], k: usize) -> u32 {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    sorted.get(k.saturating_sub(1)).or(sorted.last()).copied().unwrap_or(0)
}

/// A bit set in the distance of answers behind the shortlist. No distance of floats has its sign
/// bit set.
const BEHIND: u32 = 1 << 31;

/// Checks that there are as many embeddings as items, all of one length.
fn check_embeddings(embeddings: &[Embedding], items: usize) -> Result<()> {
    if embeddings.len() != items {
        return Err(EvaluationError::RankingLength { got: embeddings.len(), expected: items });
    }
    let expected = embeddings.first().map_or(0, |first| first.values().len());
    for embedding in embeddings {
        if embedding.values().len() != expected {
            return Err(Error::EmbeddingMismatch { got: embedding.values().len(), expected }.into());
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
/// If the ranking is not parallel to the items, the task reads a column that no item has, or it has
/// no queries, no gallery, or no query with a relevant item.
pub fn evaluate(
    task: &Task,
    items: &[Labelled],
    ranking: &Ranking<'_>,
    method: &str,
    options: &Options,
) -> Result<TaskResult> {
    let bits = ranking.check(items.len())?;
    let relevance = Relevance::new(task, items)?;
    let measured: Vec<Option<Values>> = relevance
        .queries
        .par_iter()
        .map(|&query| measure_query(query, &relevance, ranking))
        .collect();
    let results = relevance.queries.iter().zip(measured).filter_map(|(&item, values)| {
        let unit = items[item].unit.clone();
        Some(QueryResult { item, unit, classes: relevance.classes_of(item), values: values? })
    });
    result::summarise(task, method, bits, &relevance, results.collect(), options)
}

fn measure_query(query: usize, relevance: &Relevance, ranking: &Ranking<'_>) -> Option<Values> {
    let answers = relevance.gallery.iter().filter(|&&item| !relevance.same_patient(query, item));
    let answers: Vec<usize> = answers.copied().collect();
    let distances = ranking.distances(query, &answers);
    let shared = answers.iter().map(|&item| relevance.shared(query, item));
    measures::measure(&mut distances.into_iter().zip(shared).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests;
