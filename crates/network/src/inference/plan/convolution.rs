//! Convolutions with their batch normalisation folded in.

use super::buffers::{Buffers, Map};
use crate::kernels::{Epilogue, Filters, Geometry, convolve_into};
use crate::model::layers::EPSILON;
use crate::model::weights::{Weights, filters_last};

/// A batch normalisation of fixed statistics: x·scale + offset, channel by channel.
pub(super) struct Affine {
    pub scale: Vec<f32>,
    /// The offsets, padded with zeros to a multiple of 16.
    pub offset: Vec<f32>,
}

impl Affine {
    /// The normalisation of this name.
    pub(super) fn of(weights: &Weights, name: &str) -> Self {
        let [gamma, beta, mean, variance] = ["weight", "bias", "running_mean", "running_var"]
            .map(|part| named(weights, &format!("{name}.{part}")));
        let scale: Vec<f32> =
            gamma.iter().zip(variance).map(|(g, v)| g / (v + EPSILON).sqrt()).collect();
        let offset = beta.iter().zip(mean.iter().zip(&scale)).map(|(b, (m, s))| b - m * s);
        let offset = padded(offset.collect());
        Self { scale, offset }
    }
}

/// The values of a weight that the network must have.
pub(super) fn named<'a>(weights: &'a Weights, name: &str) -> &'a [f32] {
    weights.get(name).map_or(&[], |weight| &weight.values)
}

fn padded(mut values: Vec<f32>) -> Vec<f32> {
    values.resize(values.len().next_multiple_of(16), 0.0);
    values
}

/// A convolution and the bias that follows it.
pub(super) struct Convolution {
    filters: Filters,
    bias: Vec<f32>,
    /// The shape k, k, C, O.
    shape: [usize; 4],
    stride: usize,
}

impl Convolution {
    /// The convolution of this name followed by a batch normalisation.
    pub(super) fn normalised(weights: &Weights, name: &str, norm: &str, stride: usize) -> Self {
        let Affine { scale, offset } = Affine::of(weights, norm);
        Self::new(weights, name, stride, Some(&scale), offset)
    }

    /// The convolution of this name with its own bias, if it has one.
    pub(super) fn plain(weights: &Weights, name: &str) -> Self {
        let bias = named(weights, &format!("{name}.bias")).to_vec();
        Self::new(weights, name, 1, None, padded(bias))
    }

    fn new(
        weights: &Weights,
        name: &str,
        stride: usize,
        scale: Option<&[f32]>,
        bias: Vec<f32>,
    ) -> Self {
        let name = format!("{name}.weight");
        let shape = weights.get(&name).map_or(&[][..], |weight| &weight.shape);
        let shape = <[usize; 4]>::try_from(shape).unwrap_or_default();
        let (mut values, shape) = filters_last(named(weights, &name), shape);
        if let Some(scale) = scale {
            values
                .chunks_exact_mut(scale.len())
                .for_each(|row| row.iter_mut().zip(scale).for_each(|(w, s)| *w *= s));
        }
        let any = Geometry::new([1, 1, 1, shape[2]], shape, stride, shape[0] / 2);
        let bias = if bias.is_empty() { padded(vec![0.0; shape[3]]) } else { bias };
        Self { filters: Filters::kept(&any, &values), bias, shape, stride }
    }

    /// Convolution, bias, residual where given, ReLU where asked.
    pub(super) fn run(
        &self,
        x: &Map,
        residual: Option<&Map>,
        relu: bool,
        buffers: &mut Buffers,
    ) -> Map {
        let geometry = Geometry::new(x.shape, self.shape, self.stride, self.shape[0] / 2);
        let (height, width) = geometry.output();
        let mut out = buffers.take([x.shape[0], height, width, self.shape[3]]);
        let residual = residual.map(|map| &map.values[..]);
        let epilogue = Epilogue { bias: Some(&self.bias), residual, relu };
        buffers.operations += 2 * geometry.output_len() * geometry.depth();
        convolve_into(&geometry, &x.values, &self.filters, &epilogue, &mut out.values);
        out
    }

    /// Convolution, bias, ReLU. It consumes `x`.
    pub(super) fn relu(&self, x: Map, buffers: &mut Buffers) -> Map {
        let out = self.run(&x, None, true, buffers);
        buffers.give([x]);
        out
    }
}
