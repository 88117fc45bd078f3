//! DPN: bits are polarised towards the picture's target.

use super::centres;
use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// The margin m.
const MARGIN: f32 = 1.0;
/// The weight of the outputs' size.
const DECAY: f32 = 0.1;

/// Σ_k max(0, m − u_k c_k) + 0.1·mean u², mean over samples, c the picture's target, m = 1.
///
/// u (N, K), `targets` (C, K), `present` y (N, C) (Fan et al., "Deep Polarized Network for
/// Supervised Learning of Accurate Binary Hashing Codes", IJCAI 2020). Several labels share a
/// target as in CSQ.
pub fn dpn(u: Tensor<2>, targets: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let polarised = relu((u.clone() * centres(targets, present)).neg() + MARGIN).sum_dim(1).mean();
    polarised + u.square().mean() * DECAY
}
