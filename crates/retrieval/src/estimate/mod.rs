//! How likely a neighbour is relevant, and whether anything is: estimates that are fitted where the truth is known, and whose
//! reliability is measured where it was not used.
//!
//! A neighbour's evidence is its Hamming distance, the Euclidean distance of its embedding, and how far its labels agree with
//! those of the other neighbours; a logistic regression (calibrated as such by its likelihood: Niculescu-Mizil and Caruana,
//! "Predicting Good Probabilities with Supervised Learning", ICML 2005) turns it into a probability. A query is novel where its
//! embedding lies farther from where known radiographs lie than nearly all of them do, whatever the gallery holds.

mod known;
mod logistic;
mod reliability;
mod subspace;

use serde::{Deserialize, Serialize};

use crate::Embedding;

pub use known::{KnownAnswer, known_answers};
use logistic::Logistic;
pub use reliability::{Bin, Reliability};
use subspace::Subspace;

/// Neighbours that an answer's estimates are over.
pub const NEIGHBORS: usize = 10;
/// Share of known radiographs that are not called novel.
const KNOWN: f64 = 0.975;

/// What speaks for or against a neighbour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Bits that differ / bits.
    pub distance: f64,
    /// Euclidean distance of the embeddings, 0 to 2.
    pub euclidean: f64,
    /// Mean over the other neighbours of |labels in common| / |labels of either|, 0 to 1; none where a neighbour has no label.
    pub agreement: Option<f64>,
}

/// The estimates for one answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The probability that each neighbour is relevant, in the neighbours' order.
    pub relevance: Vec<f64>,
    /// The expected share of relevant neighbours.
    pub precision: f64,
    /// How far the query's embedding lies from where those of known radiographs lie.
    pub strangeness: f64,
    /// Whether the query is unlike all that the estimator knows: no radiograph, or of an unknown kind.
    pub novel: bool,
}

/// A fitted estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimator {
    /// Labels that do not make two radiographs relevant to each other.
    except: Vec<String>,
    with_labels: Logistic<4>,
    without_labels: Logistic<3>,
    /// Where the embeddings of known radiographs lie.
    known: Subspace,
    /// A query that lies farther off is novel.
    farthest: f64,
}

/// The evidence of an answer's neighbours: of each the share of differing bits, the Euclidean distance, and the labels.
#[must_use]
pub fn evidence(neighbors: &[(f64, f64, &[String])]) -> Vec<Evidence> {
    let agreement = |i: usize| {
        let mut others = neighbors.iter().enumerate().filter(|(j, _)| *j != i).peekable();
        let labelled = neighbors.iter().all(|(_, _, labels)| !labels.is_empty());
        (labelled && others.peek().is_some()).then(|| {
            others.map(|(_, other)| jaccard(neighbors[i].2, other.2)).sum::<f64>()
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

fn jaccard(a: &[String], b: &[String]) -> f64 {
    let common = a.iter().filter(|label| b.contains(label)).count();
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

impl Estimator {
    /// Fits to answers whose relevance is known by labels other than `except`, to the embeddings of known radiographs, and to
    /// those of radiographs of the same kinds that the network has not learned from. None where all neighbours were relevant,
    /// or none, or where the embeddings do not differ.
    #[must_use]
    pub fn fit(
        answers: &[KnownAnswer],
        except: &[String],
        known: &[Embedding],
        held_out: &[Embedding],
    ) -> Option<Self> {
        let all = || answers.iter().flat_map(|a| a.evidence.iter().zip(a.relevant.iter().copied()));
        let hits = all().filter(|(_, relevant)| *relevant).count();
        if hits == 0 || hits == all().count() {
            return None;
        }
        let labelled: Vec<_> = all().filter_map(|(e, relevant)| Some((with_labels(e)?, relevant))).collect();
        let plain: Vec<_> = all().map(|(e, relevant)| (without_labels(e), relevant)).collect();
        let known = Subspace::fit(known)?;
        let mut distances: Vec<f64> = held_out.iter().map(|embedding| known.distance(embedding)).collect();
        distances.sort_unstable_by(f64::total_cmp);
        let last = (KNOWN * distances.len().checked_sub(1)? as f64).ceil() as usize;
        Some(Self {
            except: except.to_vec(),
            with_labels: Logistic::fit(&labelled),
            without_labels: Logistic::fit(&plain),
            known,
            farthest: distances[last],
        })
    }

    /// Whether a label makes two radiographs that share it relevant to each other.
    #[must_use]
    pub fn counts(&self, label: &str) -> bool {
        !self.except.iter().any(|other| other == label)
    }

    /// The estimates for a query of this embedding and its answer: at most [`NEIGHBORS`] neighbours, nearest first, count.
    #[must_use]
    pub fn estimate(&self, query: &Embedding, evidence: &[Evidence]) -> Estimate {
        let evidence = &evidence[..evidence.len().min(NEIGHBORS)];
        let relevance: Vec<f64> = evidence.iter().map(|e| self.relevance(e)).collect();
        Estimate {
            precision: relevance.iter().sum::<f64>() / relevance.len().max(1) as f64,
            relevance,
            strangeness: self.strangeness(query),
            novel: self.is_novel(query),
        }
    }

    /// How far an embedding lies from where those of known radiographs lie.
    #[must_use]
    pub fn strangeness(&self, query: &Embedding) -> f64 {
        self.known.distance(query)
    }

    /// Whether a radiograph of this embedding is unlike all that the estimator knows.
    #[must_use]
    pub fn is_novel(&self, query: &Embedding) -> bool {
        self.strangeness(query) > self.farthest
    }

    fn relevance(&self, evidence: &Evidence) -> f64 {
        match with_labels(evidence) {
            Some(features) => self.with_labels.probability(&features),
            None => self.without_labels.probability(&without_labels(evidence)),
        }
    }
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
        let found = evidence(&[(0.1, 0.2, &a), (0.2, 0.3, &b), (0.3, 0.4, &c)]);
        assert_eq!(found[0].agreement, Some((0.5 + 0.0) / 2.0));
        assert_eq!(found[2].agreement, Some(0.0));
        assert_eq!(evidence(&[(0.1, 0.2, &a), (0.2, 0.3, &[])])[0].agreement, None);
        assert_eq!(evidence(&[(0.1, 0.2, &a)])[0].agreement, None);
    }

    /// Embeddings near a plane.
    fn embeddings() -> Vec<Embedding> {
        let wave = |i: f32, step: f32| (i * step).sin();
        (0..40u8)
            .map(f32::from)
            .map(|i| Embedding::new(vec![1.0, i / 40.0, 0.3 * wave(i, 0.5), 0.01 * wave(i, 0.9)]))
            .collect()
    }

    fn fit(answers: &[KnownAnswer], except: &[String]) -> Option<Estimator> {
        Estimator::fit(answers, except, &embeddings(), &embeddings())
    }

    /// Answers in which near neighbours are relevant with the probability 0.9, far ones with 0.2.
    fn answers() -> Vec<KnownAnswer> {
        let answer = |i: usize| {
            let near = i.is_multiple_of(2);
            let euclidean = if near { 0.3 } else { 0.8 };
            let evidence = Evidence { distance: euclidean / 2.0, euclidean, agreement: Some(1.0) };
            let relevant = (0..10).map(|j| if near { j != i % 10 } else { j % 5 == i % 5 });
            KnownAnswer { query: i, evidence: vec![evidence; 10], relevant: relevant.collect() }
        };
        (0..100).map(answer).collect()
    }

    #[test]
    fn estimates_are_the_frequencies() {
        let estimator = fit(&answers(), &["chest".to_owned()]).unwrap();
        let query = &embeddings()[7];
        for (i, expected) in [(0, 0.9), (1, 0.2)] {
            let estimate = estimator.estimate(query, &answers()[i].evidence);
            assert!((estimate.precision - expected).abs() < 0.02, "{estimate:?}");
            assert!(!estimate.novel);
        }
        assert!(estimator.counts("hip") && !estimator.counts("chest"));
        assert!(estimator.estimate(&Embedding::new(vec![1.0, 0.5, 0.1, 0.3]), &[]).novel);
    }

    #[test]
    fn nothing_is_fitted_to_one_outcome() {
        let relevant = |answer: KnownAnswer| KnownAnswer { relevant: vec![true; 10], ..answer };
        let all: Vec<_> = answers().into_iter().map(relevant).collect();
        assert!(fit(&all, &[]).is_none() && fit(&[], &[]).is_none());
        assert!(Estimator::fit(&answers(), &[], &embeddings(), &[]).is_none());
        assert!(Estimator::fit(&answers(), &[], &[], &embeddings()).is_none());
    }
}
