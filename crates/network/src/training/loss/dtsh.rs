//! DTSH: the likelihood of triplets.

use super::pairs::{
    negative_log_likelihood, quantisation, triplets, valid_triplets, weighted_mean,
};
use burn::tensor::Tensor;

/// The margin α.
const MARGIN: f32 = 5.0;

/// θ = ½uᵢᵀuⱼ, z = θ_qp − θ_qn − α; mean over triplets of log(1 + e^z) − z, plus mean(u − sgn u)²;
/// α = 5.
///
/// u (N, K), `present` y (N, C); all triplets of the batch (Wang, Shi and Kitani, "Deep Supervised
/// Hashing with Triplet Labels", ACCV 2016).
pub fn dtsh(u: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let (positive, negative) = triplets(u.clone().matmul(u.clone().transpose()) * 0.5);
    let z = positive - negative - MARGIN;
    let loss = negative_log_likelihood(z.clone(), z.ones_like());
    weighted_mean(loss, valid_triplets(present)) + quantisation(u)
}
