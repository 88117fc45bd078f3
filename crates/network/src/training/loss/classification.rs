//! Classification losses for pictures with any number of labels.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_softmax, softmax};

/// −Σ_c ŷ_c log softmax_c(z), mean over samples; z (N, C), `share` ŷ (N, C) summing to 1 a row, or
/// to 0.
pub fn cross_entropy(logits: Tensor<2>, share: Tensor<2>) -> Tensor<1> {
    (log_softmax(logits, 1) * share).sum_dim(1).neg().mean()
}

/// −log(1 − p(true | X⊙(1−S))), mean over samples: without the salient part, the labels should be
/// unpredictable. (After Dabkowski and Gal, "Real Time Image Saliency for Black Box Classifiers",
/// NIPS 2017, whose term is a power of p.) z (N, C) are the scores of the erased pictures,
/// `present` y (N, C).
pub fn erased(logits: Tensor<2>, present: Tensor<2>) -> Tensor<1> {
    let truth = (softmax(logits, 1) * present).sum_dim(1);
    (truth.neg() + 1.0).clamp_min(1e-4).log().neg().mean()
}
