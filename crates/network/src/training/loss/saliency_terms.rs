//! Losses of any saliency map: it should be small, smooth, and move with the picture.

use burn::tensor::Tensor;
use burn::tensor::activation::relu;

/// max(0, mean S − a₀), mean over maps (N, 1, H, W).
pub fn area(saliency: Tensor<4>, allowed: f32) -> Tensor<1> {
    let [n, _, h, w] = saliency.dims();
    relu(saliency.reshape([n, h * w]).mean_dim(1) - allowed).mean()
}

/// Mean absolute difference of neighbours, both axes: total variation (Rudin, Osher and Fatemi
/// 1992).
pub fn total_variation(saliency: Tensor<4>) -> Tensor<1> {
    let [_, _, h, w] = saliency.dims();
    let down = saliency.clone().narrow(2, 1, h - 1) - saliency.clone().narrow(2, 0, h - 1);
    let right = saliency.clone().narrow(3, 1, w - 1) - saliency.narrow(3, 0, w - 1);
    down.abs().mean() + right.abs().mean()
}

/// Mean square difference of two maps: ‖S(TX) − T S(X)‖² for a flip or shift T.
pub fn disagreement(of_moved: Tensor<4>, moved: Tensor<4>) -> Tensor<1> {
    (of_moved - moved).square().mean()
}
