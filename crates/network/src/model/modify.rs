//! The modification of the radiograph by the saliency map, before the backbone.

use crate::model::resample::blur;
use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

/// The share of the picture that remains where the map is 0, so that gradients reach every place.
pub(crate) const FLOOR: f32 = 0.1;

/// The modified image X' of a radiograph X and its saliency map S.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modification {
    /// X⊙(ε+(1−ε)S) + (1−S)(1−ε)·blur(X): places that are not salient are blurred, so the mask
    /// leaves no edge to read.
    #[default]
    Blur,
    /// X⊙S.
    Multiply,
    /// X⊙(1+S), as residual attention does.
    Amplify,
    /// X and S side by side, as two channels.
    Concatenate,
    /// X as it is: the network without the saliency network.
    None,
}

impl Modification {
    /// The number of channels of X'.
    pub fn channels(self) -> usize {
        if self == Self::Concatenate { 2 } else { 1 }
    }

    /// X and S (N, 1, H, W) → X' (N, channels, H, W).
    pub fn apply(self, x: Tensor<4>, s: Tensor<4>) -> Tensor<4> {
        match self {
            Self::Blur => {
                let away = (s.clone().neg() + 1.0) * (1.0 - FLOOR);
                x.clone() * (s * (1.0 - FLOOR) + FLOOR) + away * blur(x)
            }
            Self::Multiply => x * s,
            Self::Amplify => x * (s + 1.0),
            Self::Concatenate => Tensor::cat(vec![x, s], 1),
            Self::None => x,
        }
    }
}
