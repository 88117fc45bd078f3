//! Discrimination of instances: two views of one radiograph are near, other radiographs apart,
//! whatever their labels.

use super::pairs::{cosines, others};
use burn::tensor::Tensor;
use burn::tensor::activation::log_softmax;

/// NT-Xent: the mean over rows of −log softmax_j(cos(zᵢ, zⱼ)/τ) at the row's other view, over j ≠
/// i.
///
/// z (2N, D) has the first views of N radiographs and then their second views, in one order (Chen
/// et al., "A Simple Framework for Contrastive Learning of Visual Representations", ICML 2020,
/// equation 1).
pub fn instance_discrimination(z: Tensor<2>, temperature: f32) -> Tensor<1> {
    let [views, _] = z.dims();
    // A row is infinitely far from itself.
    let itself = (others(&z).neg() + 1.0) * 1e4;
    let log_chance = log_softmax(cosines(z.clone(), z.clone()) / temperature - itself, 1);
    let half = views / 2;
    let of_second = log_chance.clone().narrow(0, 0, half).narrow(1, half, half);
    let of_first = log_chance.narrow(0, half, half).narrow(1, 0, half);
    let pairs = Tensor::<2>::eye(half, &z.device());
    ((of_second + of_first) * pairs).sum().neg() / views as f32
}
