//! A score of how upright a view of a radiograph looks: a network of one hidden layer, so small
//! that it is part of the program.

use super::views::{FEATURES, Views, WAYS};

/// Units of the hidden layer.
pub(super) const HIDDEN: usize = 16;
/// Weights in all.
pub(super) const WEIGHTS: usize = FEATURES * HIDDEN + HIDDEN + HIDDEN;

/// Weighs up the eight ways round: the score of a view is u · max(0, W·features + b), and the
/// softmax over the views' scores is how likely each of them is the right way round. One scorer for
/// all of them, so that no way is preferred for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Scorer {
    /// W feature by feature, then b, then u.
    pub(super) weights: Vec<f32>,
}

impl Scorer {
    /// The scorer that is part of the program, made by the example `image_qc` (`docs/dicom.md`).
    #[must_use]
    pub fn built_in() -> Self {
        let (weights, _) = include_bytes!("scorer.bin").as_chunks();
        Self { weights: weights.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect() }
    }

    /// The weights as little-endian floats, the form of [`Self::built_in`]'s file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.weights.iter().flat_map(|weight| weight.to_le_bytes()).collect()
    }

    /// The chances that the picture is right when put in each of the [`Views`]; they add up to 1.
    #[must_use]
    pub fn chances(&self, views: &Views) -> [f64; WAYS] {
        let mut scores: [f64; WAYS] =
            std::array::from_fn(|way| f64::from(self.score(&views.0[way]).0));
        softmax(&mut scores);
        scores
    }

    /// The score of a view, and what the hidden units were.
    pub(super) fn score(&self, features: &[f32]) -> (f32, [f32; HIDDEN]) {
        let (first, rest) = self.weights.split_at(FEATURES * HIDDEN);
        let mut hidden: [f32; HIDDEN] = std::array::from_fn(|unit| rest[unit]);
        for (feature, weights) in features.iter().zip(first.chunks_exact(HIDDEN)) {
            hidden.iter_mut().zip(weights).for_each(|(hidden, weight)| *hidden += feature * weight);
        }
        hidden.iter_mut().for_each(|hidden| *hidden = hidden.max(0.0));
        (hidden.iter().zip(&rest[HIDDEN..]).map(|(hidden, u)| hidden * u).sum(), hidden)
    }
}

pub(super) fn softmax(scores: &mut [f64; WAYS]) {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
    let sum: f64 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}
