//! DPSH: the likelihood of pairwise similarity.

use super::pairs::{negative_log_likelihood, others, quantisation, similarity, weighted_mean};
use burn::tensor::Tensor;

/// The weight η of quantisation.
const QUANTISATION: f32 = 0.1;

/// θ = ½uᵢᵀuⱼ; mean over pairs of log(1 + e^θ) − sθ, plus η·mean(u − sgn u)², η = 0.1.
///
/// u (N, K), `present` y (N, C). Pairs are those of the batch (Li, Wang and Kang, "Feature Learning
/// based Deep Supervised Hashing with Pairwise Labels", IJCAI 2016, keep the outputs of all
/// training pictures instead).
pub fn dpsh(u: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let theta = u.clone().matmul(u.clone().transpose()) * 0.5;
    let pairs = negative_log_likelihood(theta, similarity(present));
    weighted_mean(pairs, others(&u)) + quantisation(u) * QUANTISATION
}
