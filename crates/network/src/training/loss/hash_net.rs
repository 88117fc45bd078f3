//! HashNet: pairwise likelihood, weighted against the scarcity of similar pairs, with a sign
//! function that sharpens during the run.

use super::pairs::{negative_log_likelihood, others, similarity};
use burn::tensor::Tensor;

/// The scale α.
const SCALE: f32 = 0.1;
/// The number of steps in which β grows in a run. The published code steps every 20 of 300 epochs.
const STEPS: f32 = 15.0;

/// v = tanh(βu), θ = αvᵢᵀvⱼ; mean over pairs of w(log(1 + e^θ) − sθ), w = |S|/|S₁| for similar
/// pairs and |S|/|S₀| for others; α = 0.1, β = √(⌊15·progress⌋ + 1).
///
/// u (N, K), `present` y (N, C), `progress` through the run in 0..1 (Cao, Long, Wang and Yu,
/// "HashNet: Deep Learning to Hash by Continuation", ICCV 2017). Pairs are those of the batch.
pub fn hash_net(u: Tensor<2>, present: Tensor<2>, progress: f64) -> Tensor<1> {
    let beta = ((progress as f32 * STEPS).floor() + 1.0).sqrt();
    let (similar, pairs) = (similarity(present), others(&u));
    let v = (u * beta).tanh();
    let theta = v.clone().matmul(v.transpose()) * SCALE;
    let loss = negative_log_likelihood(theta, similar.clone());
    // With these weights, similar and dissimilar pairs count equally: the mean over each, added.
    let mean =
        |chosen: Tensor<2>| (loss.clone() * chosen.clone()).sum() / chosen.sum().clamp_min(1.0);
    mean(similar.clone() * pairs.clone()) + mean((similar.neg() + 1.0) * pairs)
}
