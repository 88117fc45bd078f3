//! OrthoHash: one cosine loss towards fixed, mutually orthogonal binary targets.

use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

/// −Σ_c ŷ_c log softmax_c(s(cos θ_c − m·y_c)), cos θ_c = u·o_c/(‖u‖√K), mean over samples.
///
/// u (N, K); `targets` o (C, K); `share` ŷ (N, C), rows summing to 1, or to 0 for a sample without
/// labels, which then adds nothing; `present` y (N, C) of 0 and 1. No quantisation term: ‖v − b‖²
/// is the cosine's own complement (Hoe et al., "One Loss for All: Deep Hashing with a Single Cosine
/// Similarity based Learning Objective", NeurIPS 2021; labels normalised as in its supplement,
/// table 5).
pub fn ortho_hash(
    u: Tensor<2>,
    targets: Tensor<2>,
    share: Tensor<2>,
    present: Tensor<2>,
    scale: f32,
    margin: f32,
) -> Tensor<1> {
    let bits = targets.dims()[1] as f32;
    let length = u.clone().square().sum_dim(1).sqrt().clamp_min(1e-6) * bits.sqrt();
    let cosine = u.matmul(targets.transpose()) / length;
    let scores = log_softmax((cosine - present * margin) * scale, 1);
    (scores * share).sum_dim(1).neg().mean()
}
