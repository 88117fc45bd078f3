//! IDHN: graded similarity of pictures with several labels.

use super::pairs::{cosines, negative_log_likelihood, others, weighted_mean};
use burn::tensor::Tensor;

/// The scale α.
const SCALE: f32 = 0.5;
/// The weight γ of graded similarity.
const GRADED: f32 = 0.1;
/// The weight λ of quantisation.
const QUANTISATION: f32 = 0.1;

/// s = cos(yᵢ, yⱼ), v = u/(|u| + 1), θ = αvᵢᵀvⱼ; mean over pairs of log(1 + e^θ) − sθ where s is 0
/// or 1, and of γ(θ + K − 2sK)² elsewhere; plus λ·mean||v| − 1|; α = 0.5, γ = λ = 0.1.
///
/// u (N, K), `present` y (N, C) (Zhang et al., "Improved Deep Hashing with Soft Pairwise Similarity
/// for Multi-label Image Retrieval", IEEE TMM 2020, by published code). θ + K − 2sK is 2(θ' − sK)
/// with θ' = (θ + K)/2, divided by K here, so that the square does not outgrow the likelihood as K
/// grows.
pub fn idhn(u: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let bits = u.dims()[1] as f32;
    let v = u.clone() / (u.clone().abs() + 1.0);
    let theta = v.clone().matmul(v.clone().transpose()) * SCALE;
    let similar = cosines(present.clone(), present);
    let hard =
        similar.clone().greater_elem(0.99).float() + similar.clone().lower_elem(0.01).float();
    let graded = ((theta.clone() + bits - similar.clone() * (2.0 * bits)) / bits).square();
    let loss = hard.clone() * negative_log_likelihood(theta, similar)
        + (hard.neg() + 1.0) * graded * GRADED;
    weighted_mean(loss, others(&u)) + (v.abs() - 1.0).abs().mean() * QUANTISATION
}
