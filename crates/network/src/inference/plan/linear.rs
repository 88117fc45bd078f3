//! Linear layers, and the embedding layer made of them.

use super::convolution::named;
use crate::kernels::{Panels, Rows, Start, pack, product};
use crate::model::embedding::{EmbeddingParts, INPUTS, LIKENESS_SHARE};
use crate::model::weights::Weights;

/// Weights in panels, and a bias.
pub(super) struct Linear {
    packed: Vec<f32>,
    /// The bias, padded with zeros to a multiple of 16.
    bias: Vec<f32>,
    inputs: usize,
    outputs: usize,
}

impl Linear {
    /// Builds the layer from `weight(input, output)`.
    pub(super) fn new(
        inputs: usize,
        mut bias: Vec<f32>,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let outputs = bias.len();
        bias.resize(outputs.next_multiple_of(16), 0.0);
        Self { packed: pack(inputs, outputs, weight), bias, inputs, outputs }
    }

    /// The number of floats of a row that it reads.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Rows that begin `stride` floats apart (N, at least `inputs`) → (N, outputs).
    pub(super) fn run(&self, rows: &[f32], stride: usize) -> Vec<f32> {
        let count = rows.len() / stride;
        let mut out = vec![0.0; count * self.outputs];
        let rows = Rows { data: rows, segments: &[0], len: self.inputs, step: 1, stride };
        let panels = Panels::packed(&self.packed, self.inputs, self.outputs);
        product(&mut out, self.outputs, count, rows, panels, Start::Bias(&self.bias));
        out
    }
}

/// The embedding layer.
pub(super) struct Embedding {
    layer: Linear,
    parts: EmbeddingParts,
}

impl Embedding {
    /// Builds the layer with parts of these lengths.
    pub(super) fn new(weights: &Weights, parts: EmbeddingParts) -> Self {
        let part = |name: &str| named(weights, &format!("embedding.{name}"));
        let bias = [part("labels.bias"), part("likeness.bias")].concat();
        let (labels, likeness) = (part("labels.weight"), part("likeness.weight"));
        let weight = |input: usize, output: usize| match output.checked_sub(parts.labels) {
            None => labels[output * INPUTS + input],
            Some(output) => likeness[output * INPUTS + input],
        };
        Self { layer: Linear::new(INPUTS, bias, weight), parts }
    }

    /// Features (N, 2816) → embeddings (N, labels + likeness).
    pub(super) fn run(&self, features: &[f32]) -> Vec<f32> {
        let mut rows = self.layer.run(features, INPUTS);
        for row in rows.chunks_exact_mut(self.parts.length()) {
            let (labels, likeness) = row.split_at_mut(self.parts.labels);
            labels.iter_mut().for_each(|u| *u = u.tanh());
            to_length(labels, (1.0 - LIKENESS_SHARE).sqrt());
            to_length(likeness, LIKENESS_SHARE.sqrt());
        }
        rows
    }
}

/// Scales a row to this Euclidean length.
pub(super) fn to_length(row: &mut [f32], length: f32) {
    let factor = length / row.iter().map(|v| v * v).sum::<f32>().sqrt().max(1e-12);
    row.iter_mut().for_each(|v| *v *= factor);
}
