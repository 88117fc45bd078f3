//! Exemplars: a sample of known embeddings. The distance of another embedding to the nearest tells
//! how unlike them it is ("Out-of-Distribution Detection with Deep Nearest Neighbors", Sun, Ming,
//! Zhu and Li, ICML 2022).
//!
//! An embedding of fitted likeness varies alike in all directions, so no plane of few dimensions
//! holds the known ones.

use serde::{Deserialize, Serialize};

use super::EstimatorError;
use super::rows::Rows;
use crate::Embedding;

/// The most exemplars kept: 0.7 MB of a model file, for embeddings of 256 values.
const COUNT: usize = 1024;

/// Known embeddings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Rows", into = "Rows")]
pub(super) struct Exemplars(Vec<Embedding>);

impl Exemplars {
    /// Takes exemplars evenly from embeddings of one length. `None` if all are equal.
    pub(super) fn fit(embeddings: &[Embedding]) -> Option<Self> {
        let first = embeddings.first()?;
        let every = embeddings.len().div_ceil(COUNT);
        let differ = embeddings.iter().any(|other| other != first);
        differ.then(|| Self(embeddings.iter().step_by(every).cloned().collect()))
    }

    /// The Euclidean distance of an embedding of the same length to the nearest exemplar.
    pub(super) fn distance(&self, embedding: &Embedding) -> f64 {
        self.0
            .iter()
            .map(|known| f64::from(known.distance(embedding)))
            .fold(f64::INFINITY, f64::min)
    }
}

impl From<Exemplars> for Rows {
    fn from(exemplars: Exemplars) -> Self {
        Self::of(&exemplars.0)
    }
}

impl TryFrom<Rows> for Exemplars {
    type Error = EstimatorError;

    fn try_from(rows: Rows) -> Result<Self, EstimatorError> {
        rows.embeddings().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(count: usize) -> Vec<Embedding> {
        (0..count)
            .map(|i| Embedding::new(vec![(i as f32 * 0.7).sin(), (i as f32 * 1.3).cos(), 0.0]))
            .collect()
    }

    #[test]
    fn the_nearest_counts() {
        let exemplars = Exemplars::fit(&known(9)).unwrap();
        assert_eq!(exemplars.distance(&known(9)[4]), 0.0);
        let above =
            Embedding::new([known(9)[4].values()[0], known(9)[4].values()[1], 0.25].to_vec());
        assert!((exemplars.distance(&above) - 0.25).abs() < 1e-6);
        assert_eq!(
            Exemplars::fit(&known(2 * COUNT + 1)).unwrap().0.len(),
            (2 * COUNT + 1).div_ceil(3)
        );
        assert!(Exemplars::fit(&[]).is_none());
        assert!(Exemplars::fit(&vec![Embedding::new(vec![1.0; 8]); 9]).is_none());
    }

    #[test]
    fn what_is_stored_is_read() {
        let exemplars = Exemplars::fit(&known(9)).unwrap();
        let text = serde_json::to_string(&exemplars).unwrap();
        let read: Exemplars = serde_json::from_str(&text).unwrap();
        assert!(known(9).iter().all(|e| read.distance(e) < 1e-3));
    }
}
