//! Helpers of the pairwise and triplet losses: which pictures of a batch are similar, and masked
//! means.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// s_ij = 1 where y_i·y_j > 0, else 0: (N, N) of `present` y (N, C).
pub(super) fn similarity(present: Tensor<2>) -> Tensor<2> {
    // Counts of shared labels are whole numbers.
    present.clone().matmul(present.transpose()).clamp_max(1.0)
}

/// 1 off the diagonal, 0 on it: a picture is no pair with itself.
pub(super) fn others(u: &Tensor<2>) -> Tensor<2> {
    Tensor::eye(u.dims()[0], &u.device()).neg() + 1.0
}

/// Σ w·x / Σ w, or 0 if the weights are all 0.
pub(super) fn weighted_mean<const D: usize>(x: Tensor<D>, weights: Tensor<D>) -> Tensor<1> {
    (x * weights.clone()).sum() / weights.sum().clamp_min(1.0)
}

/// −log p of a pair: log(1 + e^θ) − s·θ, in the form that does not overflow, log(1 + e^−|θ|) +
/// max(θ, 0) − s·θ.
pub(super) fn negative_log_likelihood<const D: usize>(
    theta: Tensor<D>,
    similar: Tensor<D>,
) -> Tensor<D> {
    theta.clone().abs().neg().exp().log1p() + relu(theta.clone()) - similar * theta
}

/// Mean (u − sgn u)²: how far the outputs are from a code.
pub(super) fn quantisation(u: Tensor<2>) -> Tensor<1> {
    (u.clone() - u.sign().detach()).square().mean()
}

/// All triplets (N, N, N): x_qp in the first tensor, x_qn in the second.
pub(super) fn triplets(x: Tensor<2>) -> (Tensor<3>, Tensor<3>) {
    let n = x.dims()[0];
    (x.clone().reshape([n, n, 1]).repeat_dim(2, n), x.reshape([n, 1, n]).repeat_dim(1, n))
}

/// 1 where p is similar to q and another picture, and n is dissimilar to q: (N, N, N) in the order
/// q, p, n.
pub(super) fn valid_triplets(present: Tensor<2>) -> Tensor<3> {
    let similar = similarity(present);
    let (positive, _) = triplets(similar.clone() * others(&similar));
    let (_, negative) = triplets(similar.neg() + 1.0);
    positive * negative
}

/// Cosines of all pairs of rows: (N, K) and (M, K) → (N, M).
pub(super) fn cosines(a: Tensor<2>, b: Tensor<2>) -> Tensor<2> {
    let length = |x: &Tensor<2>| x.clone().square().sum_dim(1).sqrt().clamp_min(1e-6);
    let (of_a, of_b) = (length(&a), length(&b));
    (a / of_a).matmul((b / of_b).transpose())
}
