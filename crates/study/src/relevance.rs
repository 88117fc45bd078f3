//! The reliability of estimates of relevance, measured on labelled queries.

use std::collections::BTreeMap;

use retrieval::estimate::{Estimator, Reliability, labelled_answers};
use retrieval::evaluation::Labelled;
use retrieval::{Embedding, HashCode};
use serde::Serialize;

/// The name of the column of the source.
const SOURCE: &str = "source";

/// The reliability of estimates where the truth is known.
#[derive(Serialize)]
pub struct RelevanceReport {
    /// The reliability for single neighbours: predicted probability beside relevance.
    pub neighbors: Reliability,
    /// The reliability for whole answers: expected precision beside P@10.
    pub answers: Reliability,
    /// The numbers of queries that are called unlike everything known, by source.
    pub novel: Vec<NovelQueries>,
    /// The result for pictures that should be called so, if any were given.
    pub strangers: Option<Strangers>,
    /// The strangeness of each query.
    #[serde(skip)]
    strangeness: Vec<f64>,
}

/// Pictures that are no radiographs, or of kinds that the model does not know.
#[derive(Serialize)]
pub struct Strangers {
    /// The number of pictures.
    pub pictures: usize,
    /// The number that are called unlike everything known.
    pub novel: usize,
    /// The area under the ROC curve: the probability that a stranger lies farther off than a query.
    pub auroc: f64,
}

/// Queries of a source that are called novel.
#[derive(Serialize)]
pub struct NovelQueries {
    /// The source's name.
    pub source: String,
    /// The number of its queries.
    pub queries: usize,
    /// The number that are called so.
    pub novel: usize,
}

/// Measures the estimates of every labelled query's answer against its truth. The rule of relevance
/// is the one that the estimator was fitted to.
pub(crate) fn measure(
    estimator: &Estimator,
    items: &[Labelled],
    codes: &[HashCode],
    embeddings: &[Embedding],
) -> RelevanceReport {
    let (mut neighbors, mut answers) = (Vec::new(), Vec::new());
    let mut strangeness = Vec::new();
    let mut novel = BTreeMap::<String, (usize, usize)>::new();
    for answer in labelled_answers(items, codes, embeddings, estimator.kinds()) {
        let estimate = estimator.estimate(&embeddings[answer.query], &answer.evidence);
        let truth: Vec<f64> = answer.relevant.iter().map(|&hit| f64::from(u8::from(hit))).collect();
        // Novel queries have no estimates.
        if !estimate.novel {
            neighbors.extend(estimate.relevance.iter().copied().zip(truth.iter().copied()));
            answers
                .push((estimate.precision, truth.iter().sum::<f64>() / truth.len().max(1) as f64));
        }
        let source = items[answer.query].columns.get(SOURCE).cloned().unwrap_or_default();
        let (queries, called) = novel.entry(source).or_default();
        strangeness.push(estimate.strangeness);
        *queries += 1;
        *called += usize::from(estimate.novel);
    }
    let of_source = |(source, (queries, novel))| NovelQueries { source, queries, novel };
    RelevanceReport {
        neighbors: Reliability::of(&neighbors),
        answers: Reliability::of(&answers),
        novel: novel.into_iter().map(of_source).collect(),
        strangers: None,
        strangeness,
    }
}

impl RelevanceReport {
    /// Adds the estimator's results for strangers.
    pub(crate) fn add_strangers(&mut self, estimator: &Estimator, strangers: &[Embedding]) {
        let farther = |a: f64, b: f64| if a == b { 0.5 } else { f64::from(u8::from(a > b)) };
        let distances = strangers.iter().map(|stranger| estimator.strangeness(stranger));
        let pairs =
            distances.flat_map(|far| self.strangeness.iter().map(move |&d| farther(far, d)));
        self.strangers = Some(Strangers {
            pictures: strangers.len(),
            novel: strangers.iter().filter(|stranger| estimator.is_novel(stranger)).count(),
            auroc: pairs.sum::<f64>() / (strangers.len() * self.strangeness.len()).max(1) as f64,
        });
    }
}
