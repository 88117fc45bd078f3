//! DRH's neighbourhood component analysis: the chance that a picture's random neighbour is similar.

use super::pairs::{others, quantisation, similarity};
use burn::tensor::Tensor;
use burn::tensor::activation::softmax;

/// The weight of the quantisation term.
const QUANTISATION: f32 = 0.1;

/// −mean_i Σ_{j similar} p_ij, p_ij = softmax_j(−‖hᵢ − hⱼ‖²/τ) over j ≠ i, h = tanh u, plus
/// 0.1·mean(h − sgn h)².
///
/// u (N, K), `present` y (N, C) (Conjeti et al., "Hashing with Residual Networks for Image
/// Retrieval", MICCAI 2017). τ = K/4 is this project's: without it only the nearest neighbour
/// counts at 64 bits.
pub fn nca(u: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let temperature = u.dims()[1] as f32 / 4.0;
    let (h, pairs) = (u.clone().tanh(), others(&u));
    let square = h.clone().square().sum_dim(1);
    let distance =
        square.clone() + square.transpose() - h.clone().matmul(h.clone().transpose()) * 2.0;
    // A picture is infinitely far from itself.
    let itself = (pairs.clone().neg() + 1.0) * 1e4;
    let chance = softmax((distance / temperature + itself).neg(), 1);
    let hits = (chance * similarity(present) * pairs).sum_dim(1).mean();
    hits.neg() + quantisation(h) * QUANTISATION
}
