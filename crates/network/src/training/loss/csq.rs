//! CSQ: every picture is drawn to the hash centre of its labels.

use super::centres;
use burn::tensor::Tensor;

/// The weight λ of quantisation.
const QUANTISATION: f32 = 1e-4;

/// BCE(½(tanh u + 1), ½(c + 1)) + λ·mean(|tanh u| − 1)², c the picture's centre, λ = 10⁻⁴.
///
/// u (N, K), `targets` (C, K), `present` y (N, C) (Yuan et al., "Central Similarity Quantization
/// for Efficient Image and Video Retrieval", CVPR 2020). With p = ½(tanh u + 1) = σ(2u), the
/// cross-entropy is log(1 + e^−2cu).
pub fn csq(u: Tensor<2>, targets: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let centre = centres(targets, present);
    let theta = u.clone() * centre * 2.0;
    let similar = theta.ones_like();
    let likelihood = super::pairs::negative_log_likelihood(theta, similar).mean();
    likelihood + (u.tanh().abs() - 1.0).square().mean() * QUANTISATION
}
