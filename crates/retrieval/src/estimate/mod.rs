//! Estimates for an answer: the probability that each neighbour is relevant, and whether anything
//! similar was found. They are fitted where the truth is known, and measured on other data.
//!
//! The relevance is that of [`LabelKinds`]: the same part of the body and a finding in common, or
//! both without findings. A neighbour's evidence is its Hamming distance, the Euclidean distance of
//! its embedding, and how many of the other neighbours it is relevant to. A logistic regression
//! turns evidence into a probability. It is calibrated by its likelihood (Niculescu-Mizil and
//! Caruana, "Predicting Good Probabilities with Supervised Learning", ICML 2005). Probabilities
//! never rise along an answer: where they would, neighbours share their mean. A query is novel if
//! its embedding lies farther from the nearest known radiograph than nearly all others of their
//! kind do. That does not depend on the gallery.

mod error;
mod exemplars;
mod label_kinds;
mod labelled_answers;
mod logistic;
mod monotone;
mod reliability;
mod rows;
mod subspace;

use serde::{Deserialize, Serialize};

use crate::Embedding;

pub use error::EstimatorError;
use exemplars::Exemplars;
pub use label_kinds::LabelKinds;
pub use labelled_answers::{LabelledAnswer, labelled_answers};
use logistic::Logistic;
use monotone::never_rising;
pub use reliability::{Bin, Reliability};
use subspace::Subspace;

/// The number of an answer's neighbours that its estimates cover.
pub const NEIGHBORS: usize = 10;
/// The share of known radiographs that are not called novel.
const KNOWN: f64 = 0.975;
/// The least probability at which the most similar neighbour counts as similar.
const SIMILAR: f64 = 0.2;

/// Evidence for or against a neighbour's relevance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// The share of bits that differ, 0 to 1.
    pub distance: f64,
    /// The Euclidean distance of the embeddings, 0 to 2.
    pub euclidean: f64,
    /// The share of the other neighbours that are relevant to it, 0 to 1. `None` where a neighbour
    /// has no label.
    pub agreement: Option<f64>,
}

/// The estimates for one answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The probability that each neighbour is relevant, in the neighbours' order; it never rises.
    /// Empty for a novel query, as no relevance of such answers is known.
    pub relevance: Vec<f64>,
    /// The expected share of relevant neighbours; 0 for a novel query.
    pub precision: f64,
    /// The distance of the query's embedding to the nearest known radiograph.
    pub strangeness: f64,
    /// True if the query is unlike all known radiographs: no radiograph, or of an unknown kind.
    pub novel: bool,
    /// True if nothing similar enough was found: the query is novel, there is no answer, or hardly
    /// any neighbour is relevant.
    pub nothing_similar: bool,
}

/// A fitted estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimator {
    /// The rule by which radiographs are relevant to each other.
    #[serde(default)]
    kinds: LabelKinds,
    with_labels: Logistic<4>,
    without_labels: Logistic<3>,
    /// A sample of known embeddings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    exemplars: Option<Exemplars>,
    /// The plane of known embeddings, in models without exemplars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    known: Option<Subspace>,
    /// The distance beyond which a query is novel.
    farthest: f64,
    /// The distance beyond which all of a picture's views must lie for it to be no known
    /// radiograph. `farthest` applies where the file has none.
    #[serde(default)]
    farthest_look: Option<f64>,
}

/// The evidence for each neighbour of an answer, from the share of differing bits, the Euclidean
/// distance and the labels of each.
#[must_use]
pub fn evidence(neighbors: &[(f64, f64, &[String])], kinds: &LabelKinds) -> Vec<Evidence> {
    let agreement = |i: usize| {
        let mut others = neighbors.iter().enumerate().filter(|(j, _)| *j != i).peekable();
        let labelled = neighbors.iter().all(|(_, _, labels)| !labels.is_empty());
        (labelled && others.peek().is_some()).then(|| {
            others.filter(|(_, other)| kinds.relevant(neighbors[i].2, other.2)).count() as f64
                / (neighbors.len() - 1) as f64
        })
    };
    let one = |(i, &(distance, euclidean, _)): (usize, &(f64, f64, _))| Evidence {
        distance,
        euclidean,
        agreement: agreement(i),
    };
    neighbors.iter().enumerate().map(one).collect()
}

impl Estimator {
    /// Fits an estimator. `answers` are known by labels of `kinds`; `known` are embeddings of known
    /// radiographs. `held_out` are embeddings of radiographs of the same kinds that the network has
    /// not learned from, and in parallel `inner` are those of their inner parts. `None` if all
    /// neighbours were relevant or none was, or if the embeddings do not differ.
    #[must_use]
    pub fn fit(
        answers: &[LabelledAnswer],
        kinds: &LabelKinds,
        known: &[Embedding],
        held_out: &[Embedding],
        inner: &[Embedding],
    ) -> Option<Self> {
        let all = || answers.iter().flat_map(|a| a.evidence.iter().zip(a.relevant.iter().copied()));
        let hits = all().filter(|(_, relevant)| *relevant).count();
        if hits == 0 || hits == all().count() {
            return None;
        }
        let labelled: Vec<_> =
            all().filter_map(|(e, relevant)| Some((with_labels(e)?, relevant))).collect();
        let plain: Vec<_> = all().map(|(e, relevant)| (without_labels(e), relevant)).collect();
        let exemplars = Exemplars::fit(known)?;
        let whole: Vec<f64> =
            held_out.iter().map(|embedding| exemplars.distance(embedding)).collect();
        let looks =
            whole.iter().zip(inner).map(|(&whole, inner)| whole.min(exemplars.distance(inner)));
        let farthest_look = farthest(looks.collect());
        Some(Self {
            kinds: kinds.clone(),
            with_labels: Logistic::fit(&labelled),
            without_labels: Logistic::fit(&plain),
            exemplars: Some(exemplars),
            known: None,
            farthest: farthest(whole)?,
            farthest_look,
        })
    }

    /// The rule by which radiographs are relevant to each other.
    #[must_use]
    pub fn kinds(&self) -> &LabelKinds {
        &self.kinds
    }

    /// The estimates for a query and its answer. Only the first [`NEIGHBORS`] neighbours count,
    /// nearest first.
    #[must_use]
    pub fn estimate(&self, query: &Embedding, evidence: &[Evidence]) -> Estimate {
        let novel = self.is_novel(query);
        let counted = if novel { 0 } else { evidence.len().min(NEIGHBORS) };
        let probabilities: Vec<f64> =
            evidence[..counted].iter().map(|e| self.relevance(e)).collect();
        let relevance = never_rising(&probabilities);
        Estimate {
            precision: relevance.iter().sum::<f64>() / relevance.len().max(1) as f64,
            nothing_similar: relevance.first().is_none_or(|&first| first < SIMILAR),
            relevance,
            strangeness: self.strangeness(query),
            novel,
        }
    }

    /// The distance of an embedding to the known ones.
    #[must_use]
    pub fn strangeness(&self, query: &Embedding) -> f64 {
        let plane = || self.known.as_ref().map_or(f64::INFINITY, |known| known.distance(query));
        self.exemplars.as_ref().map_or_else(plane, |exemplars| exemplars.distance(query))
    }

    /// Tells whether a radiograph of this embedding is unlike all known ones.
    #[must_use]
    pub fn is_novel(&self, query: &Embedding) -> bool {
        self.strangeness(query) > self.farthest
    }

    /// Tells whether a picture is unlike all known radiographs in each of its views. `looks` are
    /// its embeddings: as it is, and as it might be meant.
    #[must_use]
    pub fn is_strange(&self, looks: &[Embedding]) -> bool {
        let farthest = self.farthest_look.unwrap_or(self.farthest);
        looks.iter().all(|look| self.strangeness(look) > farthest)
    }

    fn relevance(&self, evidence: &Evidence) -> f64 {
        match with_labels(evidence) {
            Some(features) => self.with_labels.probability(&features),
            None => self.without_labels.probability(&without_labels(evidence)),
        }
    }
}

/// The distance within which nearly all known radiographs lie.
fn farthest(mut distances: Vec<f64>) -> Option<f64> {
    distances.sort_unstable_by(f64::total_cmp);
    let last = (KNOWN * distances.len().checked_sub(1)? as f64).ceil() as usize;
    distances.get(last).copied()
}

fn without_labels(e: &Evidence) -> [f64; 3] {
    [1.0, e.distance, e.euclidean]
}

fn with_labels(e: &Evidence) -> Option<[f64; 4]> {
    Some([1.0, e.distance, e.euclidean, e.agreement?])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn agreement_is_with_the_other_neighbours() {
        let (a, b, c) = (labels(&["chest", "normal"]), labels(&["chest"]), labels(&["hip"]));
        let kinds = LabelKinds::default();
        let found = evidence(&[(0.1, 0.2, &a), (0.2, 0.3, &b), (0.3, 0.4, &c)], &kinds);
        assert_eq!(found[0].agreement, Some(0.5));
        assert_eq!(found[2].agreement, Some(0.0));
        assert_eq!(evidence(&[(0.1, 0.2, &a), (0.2, 0.3, &[])], &kinds)[0].agreement, None);
        assert_eq!(evidence(&[(0.1, 0.2, &a)], &kinds)[0].agreement, None);
    }

    /// Embeddings near a plane.
    fn embeddings() -> Vec<Embedding> {
        curve(0.0)
    }

    /// Embeddings along a curve, from `start` on.
    fn curve(start: f32) -> Vec<Embedding> {
        let wave = |i: f32, step: f32| (i * step).sin();
        (0..40u8)
            .map(|i| start + f32::from(i))
            .map(|i| Embedding::new(vec![1.0, i / 40.0, 0.3 * wave(i, 0.5), 0.01 * wave(i, 0.9)]))
            .collect()
    }

    fn fit(answers: &[LabelledAnswer]) -> Option<Estimator> {
        Estimator::fit(answers, &LabelKinds::default(), &embeddings(), &curve(0.5), &curve(0.5))
    }

    /// Answers in which near neighbours are relevant with the probability 0.9, far ones with 0.2.
    fn answers() -> Vec<LabelledAnswer> {
        let answer = |i: usize| {
            let near = i.is_multiple_of(2);
            let euclidean = if near { 0.3 } else { 0.8 };
            let evidence = Evidence { distance: euclidean / 2.0, euclidean, agreement: Some(1.0) };
            let relevant = (0..10).map(|j| if near { j != i % 10 } else { j % 5 == i % 5 });
            LabelledAnswer { query: i, evidence: vec![evidence; 10], relevant: relevant.collect() }
        };
        (0..100).map(answer).collect()
    }

    #[test]
    fn estimates_are_the_frequencies() {
        let estimator = fit(&answers()).unwrap();
        let query = &embeddings()[7];
        for (i, expected) in [(0, 0.9), (1, 0.2)] {
            let estimate = estimator.estimate(query, &answers()[i].evidence);
            assert!((estimate.precision - expected).abs() < 0.02, "{estimate:?}");
            assert!(!estimate.novel && (i > 0 || !estimate.nothing_similar));
        }
    }

    #[test]
    fn what_is_called_similar_agrees_with_the_numbers_beside_it() {
        let estimator = fit(&answers()).unwrap();
        let (near, stranger) =
            (answers().remove(0).evidence, Embedding::new(vec![1.0, 0.5, 0.1, 0.3]));
        let strange = estimator.estimate(&stranger, &near);
        assert!(strange.novel && strange.nothing_similar);
        assert!(strange.relevance.is_empty() && strange.precision == 0.0, "{strange:?}");
        let far = Evidence { distance: 0.66, euclidean: 1.3, agreement: Some(1.0) };
        let filtered = estimator.estimate(&embeddings()[7], &[far; 10]);
        assert!(
            filtered.nothing_similar && !filtered.novel && filtered.relevance[0] < 0.2,
            "{filtered:?}"
        );
        assert!(estimator.estimate(&embeddings()[7], &[]).nothing_similar);
        // The last one lies farther off, but agrees more with the others.
        let mut mixed = near;
        mixed[8].agreement = Some(0.0);
        mixed[9].euclidean += 0.01;
        let relevance = estimator.estimate(&embeddings()[7], &mixed).relevance;
        assert!(relevance.windows(2).all(|pair| pair[1] <= pair[0]), "{relevance:?}");
    }

    #[test]
    fn an_estimator_of_an_older_file_reads() {
        let mut older = serde_json::to_value(fit(&answers()).unwrap()).unwrap();
        let fields = older.as_object_mut().unwrap();
        fields.remove("kinds");
        fields.remove("farthest_look");
        fields.insert("except".to_owned(), serde_json::json!(["chest"]));
        let read: Estimator = serde_json::from_value(older).unwrap();
        assert_eq!(read.kinds(), &LabelKinds::default());
        let stranger = Embedding::new(vec![1.0, 0.5, 0.1, 0.3]);
        assert!(read.is_novel(&stranger) && read.is_strange(std::slice::from_ref(&stranger)));
        assert!(!read.is_strange(&[stranger, embeddings()[7].clone()]), "one look suffices");
    }

    #[test]
    fn nothing_is_fitted_to_one_outcome() {
        let relevant =
            |answer: LabelledAnswer| LabelledAnswer { relevant: vec![true; 10], ..answer };
        let all: Vec<_> = answers().into_iter().map(relevant).collect();
        assert!(fit(&all).is_none() && fit(&[]).is_none());
        let kinds = LabelKinds::default();
        assert!(Estimator::fit(&answers(), &kinds, &embeddings(), &[], &[]).is_none());
        assert!(Estimator::fit(&answers(), &kinds, &[], &embeddings(), &[]).is_none());
    }
}
