//! ATH: a triplet hinge beside classification, on a network with spatial attention.

use super::pairs::{triplets, valid_triplets, weighted_mean};
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// The margin m.
const MARGIN: f32 = 0.5;

/// Mean over triplets of max(0, mK − D(q, n) + D(q, p)), D the mean square difference over bits, m
/// = 0.5.
///
/// u (N, K), `present` y (N, C); all triplets of the batch (Fang, Fu and Liu, "Deep Triplet Hashing
/// Network for Case-based Medical Image Retrieval", Medical Image Analysis 2021, by its published
/// code). Its cross-entropy is the configuration's classification term, its attention
/// `architecture.attention`.
pub fn ath(u: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let bits = u.dims()[1] as f32;
    let square = u.clone().square().sum_dim(1);
    let products = u.clone().matmul(u.transpose());
    let distance = (square.clone() + square.transpose() - products * 2.0).clamp_min(0.0) / bits;
    let (positive, negative) = triplets(distance);
    weighted_mean(relu(positive - negative + MARGIN * bits), valid_triplets(present))
}
