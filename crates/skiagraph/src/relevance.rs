//! The reliability of estimates of relevance, measured on labelled queries.

use std::collections::BTreeMap;

use retrieval::estimate::{Estimator, Reliability, labelled_answers};
use retrieval::evaluation::Labelled;
use retrieval::{Embedding, HashCode};
use serde::Serialize;

use crate::output;

/// The name of the column of the source.
const SOURCE: &str = "source";

/// The reliability of estimates where the truth is known.
#[derive(Serialize)]
pub(crate) struct RelevanceReport {
    /// The reliability for single neighbours: predicted probability beside relevance.
    pub(crate) neighbors: Reliability,
    /// The reliability for whole answers: expected precision beside P@10.
    pub(crate) answers: Reliability,
    /// The numbers of queries that are called unlike everything known, by source.
    pub(crate) novel: Vec<NovelQueries>,
    /// The result for pictures that should be called so, if any were given.
    pub(crate) strangers: Option<Strangers>,
    /// The strangeness of each query.
    #[serde(skip)]
    strangeness: Vec<f64>,
}

/// Pictures that are no radiographs, or of kinds that the model does not know.
#[derive(Serialize)]
pub(crate) struct Strangers {
    pub(crate) pictures: usize,
    /// The number that are called unlike everything known.
    pub(crate) novel: usize,
    /// The area under the ROC curve: the probability that a stranger lies farther off than a query.
    pub(crate) auroc: f64,
}

/// Queries of a source that are called novel.
#[derive(Serialize)]
pub(crate) struct NovelQueries {
    pub(crate) source: String,
    pub(crate) queries: usize,
    pub(crate) novel: usize,
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

    /// A line of text each for neighbours, answers and novelty.
    pub(crate) fn text(&self) -> String {
        let line = |name: &str, r: &Reliability| {
            format!(
                "relevance of {name}: calibration error {:.3}, Brier score {:.3} ({} estimates)",
                r.calibration_error, r.brier, r.count
            )
        };
        let novel: Vec<_> = self
            .novel
            .iter()
            .map(|n| format!("{} {} of {}", output::plain(&n.source), n.novel, n.queries))
            .collect();
        let strangers = self.strangers.as_ref().map_or_else(String::new, |s| {
            let (novel, pictures, auroc) = (s.novel, s.pictures, s.auroc);
            format!("\nstrangers unlike everything known: {novel} of {pictures}, AUROC {auroc:.3}")
        });
        format!(
            "{}\n{}\nqueries unlike everything known: {}{strangers}",
            line("single neighbours", &self.neighbors),
            line("whole answers", &self.answers),
            novel.join(", ")
        )
    }
}
