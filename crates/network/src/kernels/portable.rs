//! The same operations by Burn, for devices without this project's kernels. Burn's autodiff gives
//! their gradients, and its kernels are fused with the `fusion` feature. Convolutions run in bf16
//! if the device has it.

use super::{Affine, Step};
use burn::tensor::module::{conv2d, max_pool2d};
use burn::tensor::ops::{ConvOptions, MaxPoolOptions};
use burn::tensor::{DType, FloatDType, Tensor, activation};

/// The permutation from N, H, W, C to the order of Burn's modules.
const FIRST: [isize; 4] = [0, 3, 1, 2];
const LAST: [isize; 4] = [0, 2, 3, 1];

pub(super) fn convolve(
    images: Tensor<4>,
    weights: Tensor<4>,
    stride: usize,
    padding: usize,
) -> Tensor<4> {
    let (x, w) = (images.permute(FIRST), weights.permute([3, 2, 0, 1]));
    let options = ConvOptions::new([stride; 2], [padding; 2], [1; 2], 1);
    let half = x.device().supports_dtype(DType::BF16) && !super::on_processor(&x.device());
    let out = if half {
        let [x, w] = [x, w].map(|t| t.cast(FloatDType::BF16));
        conv2d(x, w, None, options).cast(FloatDType::F32)
    } else {
        conv2d(x, w, None, options)
    };
    out.permute(LAST)
}

pub(super) fn statistics(x: Tensor<4>) -> (Tensor<1>, Tensor<1>) {
    let [n, h, w, c] = x.dims();
    let x = x.reshape([n * h * w, c]);
    let mean = x.clone().mean_dim(0);
    let variance = (x - mean.clone()).square().mean_dim(0);
    (mean.reshape([c]), variance.reshape([c]))
}

pub(super) fn normalise(
    x: Tensor<4>,
    residual: Option<Tensor<4>>,
    affine: Affine,
    relu: bool,
) -> Tensor<4> {
    let [mean, variance, gamma, beta] = [affine.mean, affine.variance, affine.gamma, affine.beta]
        .map(|t| {
            let [c] = t.dims();
            t.reshape([1, 1, 1, c])
        });
    let y = (x - mean) / (variance + affine.epsilon).sqrt() * gamma + beta;
    let y = match residual {
        Some(residual) => y + residual,
        None => y,
    };
    if relu { activation::relu(y) } else { y }
}

pub(super) fn max_pool(x: Tensor<4>) -> Tensor<4> {
    let options =
        MaxPoolOptions { stride: [2; 2], padding: [(1, 1); 2], ..MaxPoolOptions::new([3; 2]) };
    max_pool2d(x.permute(FIRST), options).permute(LAST)
}

pub(super) fn adamw<const D: usize>(
    p: Tensor<D>,
    g: Tensor<D>,
    m: Tensor<D>,
    v: Tensor<D>,
    step: Step,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let [one, two] = step.decay;
    let m = m * one + g.clone() * (1.0 - one);
    let v = v * two + g.square() * (1.0 - two);
    let unbiased = |t: &Tensor<D>, decay: f32| t.clone() / (1.0 - decay.powi(step.time));
    let direction = unbiased(&m, one) / (unbiased(&v, two).sqrt() + step.epsilon);
    let p = p * (1.0 - step.learning_rate * step.weight_decay) - direction * step.learning_rate;
    (p, m, v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn noise<const D: usize>(shape: [usize; D], seed: u64) -> Tensor<D> {
        let values = crate::noise::noise(shape.iter().product(), seed);
        let values: Vec<f32> = values.into_iter().map(|value| value + 0.1).collect();
        Tensor::from_data(TensorData::new(values, shape), &Device::flex().autodiff()).require_grad()
    }

    fn close<const D: usize>(a: Tensor<D>, b: Tensor<D>, name: &str) {
        let worst = (a - b).abs().max().into_scalar::<f32>();
        assert!(worst < 2e-4, "{name} differs by {worst}");
    }

    /// Output and gradients of a part of the network, by this project's operations if `own`,
    /// otherwise by Burn's.
    fn stretch(own: bool) -> (Tensor<4>, [Tensor<4>; 2], [Tensor<1>; 2]) {
        let (x, w) = (noise([2, 10, 12, 16], 1), noise([3, 3, 16, 16], 2) * 0.1);
        let w = w.detach().require_grad();
        let (gamma, beta) = (noise([16], 3), noise([16], 4));
        let affine = |(mean, variance): (Tensor<1>, Tensor<1>)| Affine {
            gamma: gamma.clone(),
            beta: beta.clone(),
            mean,
            variance,
            epsilon: 1e-5,
        };
        let y = if own {
            let y = crate::kernels::convolve(x.clone(), w.clone(), 1, 1);
            let affine = affine(crate::kernels::statistics(y.clone()));
            crate::kernels::max_pool(crate::kernels::normalise(y, Some(x.clone()), affine, true))
        } else {
            let y = convolve(x.clone(), w.clone(), 1, 1);
            let affine = affine(statistics(y.clone()));
            max_pool(normalise(y, Some(x.clone()), affine, true))
        };
        let gradients = (y.clone() * noise([2, 5, 6, 16], 5).detach()).sum().backward();
        let of = |t: &Tensor<4>| {
            Tensor::from_data(t.grad(&gradients).unwrap().into_data(), &Device::flex())
        };
        let of_channels = |t: &Tensor<1>| {
            Tensor::from_data(t.grad(&gradients).unwrap().into_data(), &Device::flex())
        };
        (y, [of(&x), of(&w)], [of_channels(&gamma), of_channels(&beta)])
    }

    #[test]
    fn burns_operations_give_what_ours_give() {
        let ((y, pictures, channels), (y2, pictures2, channels2)) = (stretch(true), stretch(false));
        close(y, y2, "output");
        pictures.into_iter().zip(pictures2).for_each(|(a, b)| close(a, b, "gradient of x or w"));
        channels.into_iter().zip(channels2).for_each(|(a, b)| close(a, b, "gradient of γ or β"));
    }

    #[test]
    fn the_optimisers_steps_are_the_same() {
        let tensors = || [1, 2, 3, 4].map(|seed| noise([40], seed).inner() + 0.4);
        let step = Step {
            learning_rate: 0.1,
            weight_decay: 0.1,
            decay: [0.9, 0.99],
            epsilon: 1e-5,
            time: 3,
        };
        let ([p, g, m, v], [p2, g2, m2, v2]) = (tensors(), tensors());
        let (a, b) = (crate::kernels::adamw(p, g, m, v, step), adamw(p2, g2, m2, v2, step));
        [(a.0, b.0), (a.1, b.1), (a.2, b.2)].into_iter().for_each(|(a, b)| close(a, b, "step"));
    }
}
