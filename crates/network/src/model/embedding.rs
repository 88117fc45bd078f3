//! The embedding: a point in Euclidean space. Pictures of the same labels lie near each other, and
//! of those the most alike lie nearest.
//!
//! A network that was trained towards codes keeps little of a picture but its class, in the few
//! directions of its features that vary most. The embedding layer has two linear parts, fitted in
//! closed form after all other training (`hash_layer_fit.rs`). The first is soft label bits
//! tanh(u), which predict the labels. The second is likeness: directions along which pictures of
//! the same labels differ and copies of one picture do not. Each part has a fixed length, so that
//! squared distances are shared between them. Both read the average of the last stage, and the
//! third stage on a coarse grid, which is not yet reduced to classes.

use crate::model::layers::{Init, Linear};
use crate::model::resample;
use crate::model::resnet::{FEATURES, MIDDLE};
use burn::module::Module;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The number of cells of the grid along a side.
pub(crate) const GRID: usize = 3;
/// The number of floats that the layer reads: the average of the last stage, and each cell's of the
/// third.
pub(crate) const INPUTS: usize = FEATURES + GRID * GRID * MIDDLE;
/// The share of likeness in squared distances. Held-out training pictures chose it
/// (docs/paper-map.md).
pub(crate) const LIKENESS_SHARE: f32 = 0.3;

/// The lengths of an embedding's two parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingParts {
    /// The number of soft label bits.
    pub labels: usize,
    /// The number of directions of likeness.
    pub likeness: usize,
}

impl EmbeddingParts {
    /// The number of floats of an embedding.
    #[must_use]
    pub fn length(self) -> usize {
        self.labels + self.likeness
    }

    /// Checks that a layer can have these lengths. Returns the reason if not.
    pub(crate) fn check(self) -> Result<(), String> {
        let Self { labels, likeness } = self;
        if (1..=FEATURES).contains(&labels) && (1..=FEATURES).contains(&likeness) {
            return Ok(());
        }
        Err(format!(
            "architecture.embedding has {labels} label bits and {likeness} directions of likeness, expected 1 to {FEATURES} of each"
        ))
    }
}

/// The embedding layer's two parts.
#[derive(Module, Debug)]
pub(crate) struct EmbeddingLayer {
    labels: Linear,
    likeness: Linear,
}

impl EmbeddingLayer {
    /// Makes a layer with random weights, until it is fitted.
    pub(crate) fn new(init: &mut Init<'_>, parts: EmbeddingParts) -> Self {
        Self {
            labels: Linear::new(init, INPUTS, parts.labels),
            likeness: Linear::new(init, INPUTS, parts.likeness),
        }
    }

    /// Features (N, 512) and the third stage (N, H/16, W/16, 256) → E (N, labels + likeness), at
    /// unit length.
    pub(crate) fn forward(&self, features: Tensor<2>, middle: Tensor<4>) -> Tensor<2> {
        // N×2816
        let described = Tensor::cat(vec![features, resample::grid_average(middle, GRID)], 1);
        let labels = unit_length(self.labels.forward(described.clone()).tanh());
        let likeness = unit_length(self.likeness.forward(described));
        Tensor::cat(
            vec![labels * (1.0 - LIKENESS_SHARE).sqrt(), likeness * LIKENESS_SHARE.sqrt()],
            1,
        )
    }
}

/// Each row divided by its Euclidean length: (N, D) → (N, D).
pub(crate) fn unit_length(rows: Tensor<2>) -> Tensor<2> {
    let length = rows.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
    rows / length
}
