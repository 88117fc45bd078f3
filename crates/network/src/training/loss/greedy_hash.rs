//! GreedyHash: classification of the code itself, through a sign whose gradient is that of the
//! identity.

use super::cross_entropy;
use burn::tensor::Tensor;

/// The weight α of quantisation.
const QUANTISATION: f32 = 0.1;

/// CE(b·Pᵀ, ŷ) + α·mean||u| − 1|³, b = sgn u with ∂b/∂u = 1, α = 0.1.
///
/// u (N, K), learned `proxies` P (C, K), `share` ŷ (N, C) (Su et al., "Greedy Hash: Towards Fast
/// Optimization for Accurate Hash Coding in CNN", NeurIPS 2018).
pub fn greedy_hash(u: Tensor<2>, proxies: Tensor<2>, share: Tensor<2>) -> Tensor<1> {
    let code = u.clone() + (u.clone().sign() - u.clone()).detach();
    let beside = (u.abs() - 1.0).abs();
    cross_entropy(code.matmul(proxies.transpose()), share)
        + beside.powi_scalar(3).mean() * QUANTISATION
}
