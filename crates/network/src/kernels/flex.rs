//! The operations on Burn's CPU backend: tensors in, slices to the kernels, tensors out.

use super::convolution::{self, Filters, Geometry};
use super::normalisation::{self, Saved};
use super::simd::zeros;
use super::winograd::Epilogue;
use super::{Forward, Gradients, Normalised, Optimise, Step, adamw, gradients, pooling};
use burn::backend::flex::FlexTensor;
use burn::backend::{Flex, TensorMetadata};
use burn::tensor::TensorData;

/// A tensor's elements in row-major order; a view is copied, a plain tensor is not.
struct Contiguous(FlexTensor);

impl Contiguous {
    fn new(tensor: &FlexTensor) -> Self {
        Self(tensor.to_contiguous())
    }

    fn floats(&self) -> &[f32] {
        let start = self.0.layout().start_offset();
        &self.0.storage::<f32>()[start..start + self.0.layout().num_elements()]
    }
}

fn tensor(values: Vec<f32>, shape: impl Into<Vec<usize>>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(values, shape.into()))
}

fn shape4(tensor: &FlexTensor) -> [usize; 4] {
    tensor.shape().dims()
}

fn extent(tensor: &FlexTensor) -> normalisation::Extent {
    let [n, h, w, c] = shape4(tensor);
    [n * h * w, c]
}

/// 1/√(variance + ε).
fn inverse(variance: &[f32], epsilon: f32) -> Vec<f32> {
    variance.iter().map(|v| 1.0 / (v + epsilon).sqrt()).collect()
}

fn normalised(
    x: &FlexTensor,
    residual: Option<&FlexTensor>,
    [gamma, beta, mean, variance]: [&FlexTensor; 4],
    epsilon: f32,
    relu: bool,
) -> FlexTensor {
    let [gamma, beta, mean, variance] = [gamma, beta, mean, variance].map(Contiguous::new);
    let scale: Vec<f32> = inverse(variance.floats(), epsilon)
        .iter()
        .zip(gamma.floats())
        .map(|(i, g)| i * g)
        .collect();
    let offset: Vec<f32> = scale
        .iter()
        .zip(mean.floats().iter().zip(beta.floats()))
        .map(|(s, (m, b))| b - m * s)
        .collect();
    let (input, residual) = (Contiguous::new(x), residual.map(Contiguous::new));
    let residual = residual.as_ref().map(Contiguous::floats);
    tensor(
        normalisation::apply(input.floats(), extent(x)[1], &scale, &offset, residual, relu),
        shape4(x),
    )
}

impl Forward for Flex {
    fn convolve(
        images: FlexTensor,
        weights: FlexTensor,
        stride: usize,
        padding: usize,
    ) -> FlexTensor {
        let geometry = Geometry::new(shape4(&images), shape4(&weights), stride, padding);
        let (height, width) = geometry.output();
        let (x, w) = (Contiguous::new(&images), Contiguous::new(&weights));
        let mut out = zeros(geometry.output_len());
        let filters = Filters::new(&geometry, w.floats());
        convolution::forward(&geometry, x.floats(), &filters, &Epilogue::NONE, &mut out);
        tensor(out, [geometry.batch, height, width, geometry.filters])
    }

    fn statistics(x: FlexTensor) -> (FlexTensor, FlexTensor) {
        let (mean, variance) = normalisation::statistics(Contiguous::new(&x).floats(), extent(&x));
        let channels = [mean.len()];
        (tensor(mean, channels), tensor(variance, channels))
    }

    fn normalise(
        x: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        mean: FlexTensor,
        variance: FlexTensor,
        epsilon: f32,
        relu: bool,
    ) -> FlexTensor {
        normalised(&x, None, [&gamma, &beta, &mean, &variance], epsilon, relu)
    }

    fn normalise_add(
        x: FlexTensor,
        residual: FlexTensor,
        gamma: FlexTensor,
        beta: FlexTensor,
        mean: FlexTensor,
        variance: FlexTensor,
        epsilon: f32,
        relu: bool,
    ) -> FlexTensor {
        normalised(&x, Some(&residual), [&gamma, &beta, &mean, &variance], epsilon, relu)
    }

    fn max_pool(x: FlexTensor) -> FlexTensor {
        let shape = shape4(&x);
        let [n, h, w, c] = shape;
        tensor(
            pooling::forward(shape, Contiguous::new(&x).floats()),
            [n, h.div_ceil(2), w.div_ceil(2), c],
        )
    }
}

impl Optimise for Flex {
    fn adamw(
        parameter: FlexTensor,
        gradient: FlexTensor,
        first: FlexTensor,
        second: FlexTensor,
        step: Step,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let whole = |moment: FlexTensor| {
            if moment.is_contiguous() { moment } else { moment.to_contiguous() }
        };
        let (mut first, mut second) = (whole(first), whole(second));
        let [p, g] = [&parameter, &gradient].map(Contiguous::new);
        // Nothing else holds the moments, so they are not copied.
        let (m, v) = (first.storage_mut(), second.storage_mut());
        let stepped = adamw::stepped(&step, g.floats(), m, v, p.floats());
        (tensor(stepped, parameter.shape().to_vec()), first, second)
    }
}

impl Gradients for Flex {
    fn convolve_images(
        upstream: FlexTensor,
        weights: FlexTensor,
        images: [usize; 4],
        stride: usize,
        padding: usize,
    ) -> FlexTensor {
        let geometry = Geometry::new(images, shape4(&weights), stride, padding);
        let (dy, w) = (Contiguous::new(&upstream), Contiguous::new(&weights));
        tensor(gradients::of_images(&geometry, dy.floats(), w.floats()), images)
    }

    fn convolve_weights(
        upstream: FlexTensor,
        images: FlexTensor,
        weights: [usize; 4],
        stride: usize,
        padding: usize,
    ) -> FlexTensor {
        let geometry = Geometry::new(shape4(&images), weights, stride, padding);
        let (dy, x) = (Contiguous::new(&upstream), Contiguous::new(&images));
        tensor(gradients::of_weights(&geometry, x.floats(), dy.floats()), weights)
    }

    fn normalise_gradients(
        upstream: FlexTensor,
        saved: &Normalised<Flex>,
    ) -> ([FlexTensor; 3], Option<FlexTensor>) {
        let shape = shape4(&upstream);
        let [dy, x, gamma, mean, variance] =
            [&upstream, &saved.x, &saved.gamma, &saved.mean, &saved.variance].map(Contiguous::new);
        let y = saved.y.as_ref().map(Contiguous::new);
        let saved = Saved {
            x: x.floats(),
            y: y.as_ref().map(Contiguous::floats),
            mean: mean.floats(),
            inverse: &inverse(variance.floats(), saved.epsilon),
            gamma: gamma.floats(),
            residual: saved.residual,
        };
        let d = normalisation::gradients(dy.floats(), extent(&upstream), &saved);
        let channels = [shape[3]];
        let own = [tensor(d.x, shape), tensor(d.gamma, channels), tensor(d.beta, channels)];
        (own, d.passed.map(|passed| tensor(passed, shape)))
    }

    fn max_pool_gradient(upstream: FlexTensor, x: &FlexTensor, y: &FlexTensor) -> FlexTensor {
        let shape = shape4(x);
        let [dy, x, y] = [&upstream, x, y].map(Contiguous::new);
        tensor(pooling::gradient(shape, dy.floats(), x.floats(), y.floats()), shape)
    }
}
