//! The two ends of the network: the embedding in Euclidean space and the hash layer.

use crate::layers::{BatchNorm, Init, Mode};
use crate::resnet::FEATURES;
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// Linear layer and batch normalisation: u, whose signs are the hash code. The normalisation centres every
/// bit, so that about half of all radiographs set it.
#[derive(Module, Debug)]
pub(crate) struct HashLayer {
    weight: Param<Tensor<2>>,
    bn: BatchNorm,
}

impl HashLayer {
    /// For codes of `bits` bits.
    pub(crate) fn new(init: &mut Init<'_>, bits: usize) -> Self {
        Self { weight: init.kaiming([bits, FEATURES], 6 * FEATURES), bn: BatchNorm::new(init, bits) }
    }

    /// Features (N, 512) → u (N, K); bit k of the code is 1 where u_k ≥ 0.
    pub(crate) fn forward(&self, features: Tensor<2>, mode: Mode) -> Tensor<2> {
        let u = features.matmul(self.weight.val().transpose());
        let [n, bits] = u.dims();
        self.bn.forward(u.reshape([n, 1, 1, bits]), mode).reshape([n, bits])
    }
}

/// Each row divided by its Euclidean length: (N, D) → (N, D).
pub(crate) fn unit_length(features: Tensor<2>) -> Tensor<2> {
    let length = features.clone().square().sum_dim(1).sqrt().clamp_min(1e-12);
    features / length
}
