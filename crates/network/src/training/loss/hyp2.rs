//! HyP²: learned proxies of the labels, and pictures without a common label kept apart.

use super::pairs::{cosines, similarity, weighted_mean};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// The threshold ζ: the published table's value for up to 48 bits. At 64 bits and few classes it is
/// below the table's by 0.031.
const THRESHOLD: f32 = 0.0;
/// The weight β of pairs.
const PAIRS: f32 = 0.5;

/// mean_{y=1}(1 − cos(u, p)) + mean_{y=0} max(0, cos(u, p) − ζ) + β·mean max(0, cos(uᵢ, uⱼ) − ζ)
/// over pairs of pictures with several labels each and none in common; ζ = 0, β = 0.5.
///
/// u (N, K), learned `proxies` (C, K), `present` y (N, C), `pairs` the labels by which pictures are
/// similar (N, C) (Xu et al., "HyP² Loss: Beyond Hypersphere Metric Space for Multi-label Image
/// Retrieval", ACM MM 2022).
pub fn hyp2(u: Tensor<2>, proxies: Tensor<2>, present: Tensor<2>, pairs: Tensor<2>) -> Tensor<1> {
    let to_proxies = cosines(u.clone(), proxies);
    let absent = present.clone().neg() + 1.0;
    let several = (present.clone().sum_dim(1) - 1.0).clamp(0.0, 1.0);
    let apart = (similarity(pairs).neg() + 1.0) * several.clone() * several.transpose();
    weighted_mean(to_proxies.clone().neg() + 1.0, present)
        + weighted_mean(relu(to_proxies - THRESHOLD), absent)
        + weighted_mean(relu(cosines(u.clone(), u) - THRESHOLD), apart) * PAIRS
}
