//! This project's own operations inside Burn: convolution, batch normalisation and pooling with
//! their gradients.
//!
//! Burn's CPU backend derives the weight gradient of a convolution from a convolution whose kernel
//! is the whole output, and batch normalisation from elementwise operations. Both cost more than
//! the forward pass. Here every convolution consists of products of one micro-kernel
//! (`product.rs`), by Winograd's tiles if that takes fewer (`winograd/`). Normalisation is one
//! fused pass. `flex.rs` supplies them for Burn's CPU backend; `autodiff.rs` registers the
//! gradients with Burn's autodiff.
//!
//! Pictures are channels-last, N×H×W×C: sixteen channels of one place are one vector.
#![expect(clippy::too_many_arguments, reason = "a fused operation has the operands of its parts")]

mod adamw;
mod autodiff;
mod convolution;
mod flex;
mod gradients;
mod normalisation;
mod pooling;
mod portable;
mod product;
mod roofline;
mod simd;
#[cfg(test)]
mod tests;
mod winograd;

pub(crate) use adamw::Step;
pub(crate) use convolution::{Filters, Geometry, forward as convolve_into, panels_of};
pub(crate) use pooling::forward_into as max_pool_into;
pub use product::instruction_set;
pub(crate) use product::{Panels, Rows, Start, pack, product};
pub use roofline::peak_products;
pub(crate) use winograd::Epilogue;

use burn::backend::{Backend, Dispatch, DispatchDevice, backend_extension, tensor::FloatTensor};
use burn::tensor::{Device, Tensor};

/// The forward operations, for plain and for differentiated tensors.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait Forward: Backend {
    /// Convolution of (N, H, W, C) by (k, k, C, O) → (N, H', W', O).
    fn convolve(
        images: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;

    /// Mean and biased variance of every channel of (N, H, W, C); no gradient flows.
    fn statistics(x: FloatTensor<Self>) -> (FloatTensor<Self>, FloatTensor<Self>);

    /// Normalisation of (N, H, W, C) by given statistics, then ReLU where asked.
    /// With `own`, the statistics are those of `x` and the gradient flows through them.
    fn normalise(
        x: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f32,
        relu: bool,
    ) -> FloatTensor<Self>;

    /// Normalisation as [`Forward::normalise`], with `residual` added before the ReLU.
    fn normalise_add(
        x: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        gamma: FloatTensor<Self>,
        beta: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        variance: FloatTensor<Self>,
        epsilon: f32,
        relu: bool,
    ) -> FloatTensor<Self>;

    /// Largest value of every 3×3 window at stride 2 with a margin of 1: (N, H, W, C) → (N, ⌈H/2⌉,
    /// ⌈W/2⌉, C).
    fn max_pool(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

/// The step of the optimiser, on tensors that are not differentiated.
#[backend_extension(Flex)]
pub(crate) trait Optimise: Backend {
    /// Parameter, first and second moment after a step of AdamW.
    fn adamw(
        parameter: FloatTensor<Self>,
        gradient: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: Step,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
}

/// The gradients, for backends that are differentiated.
pub(crate) trait Gradients: Backend {
    /// Gradient of a convolution with respect to its images, of shape `images`.
    fn convolve_images(
        upstream: FloatTensor<Self>,
        weights: FloatTensor<Self>,
        images: [usize; 4],
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;

    /// Gradient of a convolution with respect to its weights, of shape `weights`.
    fn convolve_weights(
        upstream: FloatTensor<Self>,
        images: FloatTensor<Self>,
        weights: [usize; 4],
        stride: usize,
        padding: usize,
    ) -> FloatTensor<Self>;

    /// Gradients of a normalisation over its own batch: of x, γ, β, and of the residual if there
    /// was one.
    fn normalise_gradients(
        upstream: FloatTensor<Self>,
        saved: &Normalised<Self>,
    ) -> ([FloatTensor<Self>; 3], Option<FloatTensor<Self>>);

    /// Gradient of [`Forward::max_pool`], which made `y` of `x`.
    fn max_pool_gradient(
        upstream: FloatTensor<Self>,
        x: &FloatTensor<Self>,
        y: &FloatTensor<Self>,
    ) -> FloatTensor<Self>;
}

/// The state that a normalisation keeps for its gradient.
#[derive(Clone, Debug)]
pub(crate) struct Normalised<B: Backend> {
    x: FloatTensor<B>,
    /// The output, if a ReLU followed.
    y: Option<FloatTensor<B>>,
    gamma: FloatTensor<B>,
    mean: FloatTensor<B>,
    variance: FloatTensor<B>,
    epsilon: f32,
    /// True if a residual was added.
    residual: bool,
}

/// Tells whether this project's kernels run on the device. Burn's run elsewhere (`portable.rs`).
pub(crate) fn on_processor(device: &Device) -> bool {
    matches!(device.clone().inner().as_dispatch(), DispatchDevice::Flex(_))
}

/// Convolution of (N, H, W, C) by (k, k, C, O), same `stride` and zero `padding` on both axes.
pub(crate) fn convolve(
    images: Tensor<4>,
    weights: Tensor<4>,
    stride: usize,
    padding: usize,
) -> Tensor<4> {
    if !on_processor(&images.device()) {
        return portable::convolve(images, weights, stride, padding);
    }
    let (images, weights) = (images.into_dispatch(), weights.into_dispatch());
    Tensor::from_dispatch(Dispatch::convolve(images, weights, stride, padding))
}

/// Mean and biased variance of every channel of (N, H, W, C). A gradient passes through them only
/// in [`normalise`].
pub(crate) fn statistics(x: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
    if !on_processor(&x.device()) {
        return portable::statistics(x);
    }
    let (mean, variance) = Dispatch::statistics(x.into_dispatch());
    (Tensor::<1>::from_dispatch(mean).detach(), Tensor::<1>::from_dispatch(variance).detach())
}

/// The learned and measured parts of a batch normalisation.
pub(crate) struct Affine {
    pub gamma: Tensor<1>,
    pub beta: Tensor<1>,
    pub mean: Tensor<1>,
    pub variance: Tensor<1>,
    pub epsilon: f32,
}

/// γ·(x − mean)/√(variance + ε) + β, plus `residual` where given, then ReLU where asked, over (N,
/// H, W, C).
///
/// The gradient treats `mean` and `variance` as those of `x` itself.
pub(crate) fn normalise(
    x: Tensor<4>,
    residual: Option<Tensor<4>>,
    affine: Affine,
    relu: bool,
) -> Tensor<4> {
    if !on_processor(&x.device()) {
        return portable::normalise(x, residual, affine, relu);
    }
    let x = x.into_dispatch();
    let (gamma, beta) = (affine.gamma.into_dispatch(), affine.beta.into_dispatch());
    let (mean, variance) = (affine.mean.into_dispatch(), affine.variance.into_dispatch());
    Tensor::from_dispatch(match residual {
        None => Dispatch::normalise(x, gamma, beta, mean, variance, affine.epsilon, relu),
        Some(residual) => {
            let residual = residual.into_dispatch();
            Dispatch::normalise_add(x, residual, gamma, beta, mean, variance, affine.epsilon, relu)
        }
    })
}

/// 3×3 maximum at stride 2 with a margin of 1: (N, H, W, C) → (N, ⌈H/2⌉, ⌈W/2⌉, C).
pub(crate) fn max_pool(x: Tensor<4>) -> Tensor<4> {
    if !on_processor(&x.device()) {
        return portable::max_pool(x);
    }
    Tensor::from_dispatch(Dispatch::max_pool(x.into_dispatch()))
}

/// Parameter, first and second moment after a step of AdamW.
pub(crate) fn adamw<const D: usize>(
    parameter: Tensor<D>,
    gradient: Tensor<D>,
    first: Tensor<D>,
    second: Tensor<D>,
    step: Step,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    if !on_processor(&parameter.device()) {
        return portable::adamw(parameter, gradient, first, second, step);
    }
    let [parameter, gradient, first, second] =
        [parameter, gradient, first, second].map(Tensor::into_dispatch);
    let (parameter, first, second) = Dispatch::adamw(parameter, gradient, first, second, step);
    (Tensor::from_dispatch(parameter), Tensor::from_dispatch(first), Tensor::from_dispatch(second))
}
