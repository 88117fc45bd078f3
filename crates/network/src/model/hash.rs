//! The hash layer, the last step of the figure.

use crate::model::layers::{BatchNorm, Init, Mode};
use burn::module::{Module, Param};
use burn::tensor::Tensor;

/// The linear layer and batch normalisation that give u, whose signs are the hash code. The
/// normalisation centres every bit, so that about half of all radiographs set it.
#[derive(Module, Debug)]
pub(crate) struct HashLayer {
    weight: Param<Tensor<2>>,
    bn: BatchNorm,
}

impl HashLayer {
    /// Makes a layer from `inputs` values to codes of `bits` bits.
    pub(crate) fn new(init: &mut Init<'_>, inputs: usize, bits: usize) -> Self {
        Self { weight: init.kaiming([bits, inputs], 6 * inputs), bn: BatchNorm::new(init, bits) }
    }

    /// Features or embeddings (N, D) → u (N, K); bit k of the code is 1 where u_k ≥ 0.
    pub(crate) fn forward(&self, rows: Tensor<2>, mode: Mode) -> Tensor<2> {
        let u = rows.matmul(self.weight.val().transpose());
        let [n, bits] = u.dims();
        self.bn.forward(u.reshape([n, 1, 1, bits]), mode).reshape([n, bits])
    }
}
