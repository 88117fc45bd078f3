//! The attention FCN of folded convolutions.

use super::backbone::Block;
use super::buffers::{Buffers, Map};
use super::convolution::{Convolution, named};
use super::spatial_attention::{sigmoid, weigh_places};
use crate::model::resample::bilinear_rows;
use crate::model::saliency::exposure;
use crate::model::weights::Weights;
use rayon::prelude::*;

/// Channel and spatial attention (CBAM).
struct Attention {
    /// The weight and bias of the two layers of the perceptron.
    layers: [(Vec<f32>, Vec<f32>); 2],
    spatial: Convolution,
}

impl Attention {
    fn new(weights: &Weights) -> Self {
        let layer = |name: &str| {
            let part =
                |part: &str| named(weights, &format!("saliency.cbam.{name}.{part}")).to_vec();
            (part("weight"), part("bias"))
        };
        let spatial = Convolution::normalised(
            weights,
            "saliency.cbam.spatial",
            "saliency.cbam.spatial_bn",
            1,
        );
        Self { layers: [layer("fc1"), layer("fc2")], spatial }
    }

    fn run(&self, mut x: Map, buffers: &mut Buffers) -> Map {
        let (picture, channels) = (x.picture(), x.shape[3]);
        x.values.par_chunks_exact_mut(picture).for_each(|x| self.weigh_channels(x, channels));
        weigh_places(x, &self.spatial, buffers)
    }

    fn weigh_channels(&self, x: &mut [f32], channels: usize) {
        let (mut mean, mut largest) = (vec![0.0; channels], vec![f32::NEG_INFINITY; channels]);
        for place in x.chunks_exact(channels) {
            mean.iter_mut().zip(place).for_each(|(m, x)| *m += x);
            largest.iter_mut().zip(place).for_each(|(l, x)| *l = l.max(*x));
        }
        let places = (x.len() / channels) as f32;
        mean.iter_mut().for_each(|m| *m /= places);
        let (mean, largest) = (self.perceptron(&mean), self.perceptron(&largest));
        let weights: Vec<f32> = mean.iter().zip(&largest).map(|(m, l)| sigmoid(m + l)).collect();
        x.chunks_exact_mut(channels)
            .for_each(|place| place.iter_mut().zip(&weights).for_each(|(x, weight)| *x *= weight));
    }

    fn perceptron(&self, v: &[f32]) -> Vec<f32> {
        let inner: Vec<f32> = linear(&self.layers[0], v).into_iter().map(|x| x.max(0.0)).collect();
        linear(&self.layers[1], &inner)
    }
}

fn linear((weight, bias): &(Vec<f32>, Vec<f32>), v: &[f32]) -> Vec<f32> {
    let dot = |row: &[f32]| row.iter().zip(v).map(|(w, x)| w * x).sum::<f32>();
    weight.chunks_exact(v.len()).zip(bias).map(|(row, b)| dot(row) + b).collect()
}

/// An attention gate and the convolution after it.
struct Decoder {
    theta: Convolution,
    phi: Convolution,
    psi: (Vec<f32>, f32),
    merge: Convolution,
}

impl Decoder {
    fn new(weights: &Weights, stage: usize) -> Self {
        let gate = |part: &str| format!("saliency.gate{stage}.{part}");
        let psi_bias = named(weights, &gate("psi.bias")).first().copied().unwrap_or_default();
        let (conv, norm) = (format!("saliency.dec{stage}.conv"), format!("saliency.dec{stage}.bn"));
        Self {
            theta: Convolution::plain(weights, &gate("theta")),
            phi: Convolution::plain(weights, &gate("phi")),
            psi: (named(weights, &gate("psi.weight")).to_vec(), psi_bias),
            merge: Convolution::normalised(weights, &conv, &norm, 1),
        }
    }

    /// `coarse` (N, H, W, G) and `skip` (N, 2H, 2W, C) → (N, 2H, 2W, C).
    fn run(&self, coarse: Map, skip: Map, buffers: &mut Buffers) -> Map {
        let own = self.theta.run(&skip, None, false, buffers);
        let seen = self.phi.run(&coarse, None, false, buffers);
        let [n, h, w, c] = skip.shape;
        let (g, inner) = (coarse.shape[3], own.shape[3]);
        let mut both = buffers.take([n, h, w, g + c]);
        both.values.par_chunks_exact_mut((w * (g + c)).max(1)).enumerate().for_each(
            |(line, both)| {
                let (fine, half) = (line * w, (line / h * (h / 2) + line % h / 2) * (w / 2));
                for (x, both) in both.chunks_exact_mut(g + c).enumerate() {
                    let (fine, half) = (fine + x, half + x / 2);
                    let alpha = self.gate(
                        &own.values[fine * inner..][..inner],
                        &seen.values[half * inner..][..inner],
                    );
                    let (up, gated) = both.split_at_mut(g);
                    up.copy_from_slice(&coarse.values[half * g..][..g]);
                    gated
                        .iter_mut()
                        .zip(&skip.values[fine * c..])
                        .for_each(|(to, from)| *to = from * alpha);
                }
            },
        );
        buffers.give([own, seen, coarse, skip]);
        self.merge.relu(both, buffers)
    }

    /// α = σ(ψᵀ ReLU(θx + φg) + b).
    fn gate(&self, own: &[f32], seen: &[f32]) -> f32 {
        let (psi, bias) = &self.psi;
        let sum: f32 =
            psi.iter().zip(own.iter().zip(seen)).map(|(p, (o, s))| p * (o + s).max(0.0)).sum();
        sigmoid(sum + bias)
    }
}

/// The saliency network.
pub(super) struct Saliency {
    encoders: [Vec<Convolution>; 4],
    /// The residual blocks after the third and the fourth encoder; empty in the variant with one
    /// map.
    residual: [Vec<Block>; 2],
    attention: Attention,
    decoders: [Decoder; 2],
    head: Convolution,
}

impl Saliency {
    /// Builds the network from weights by their names in a model file.
    pub(super) fn new(weights: &Weights) -> Self {
        let conv = |stage: usize, i: usize| {
            let name = format!("saliency.enc{stage}.{i}");
            let stride = if i == 0 { 2 } else { 1 };
            Convolution::normalised(weights, &format!("{name}.conv"), &format!("{name}.bn"), stride)
        };
        Self {
            encoders: [1, 2, 3, 4].map(|stage| (0..2.min(stage)).map(|i| conv(stage, i)).collect()),
            residual: ["res3", "res4"].map(|stage| blocks(weights, stage)),
            attention: Attention::new(weights),
            decoders: [3, 2].map(|stage| Decoder::new(weights, stage)),
            head: Convolution::plain(weights, "saliency.head"),
        }
    }

    /// Radiographs (N, H, W, 1) → saliency maps of the same shape: the largest of the maps at each
    /// place.
    pub(super) fn run(&self, x: &Map, buffers: &mut Buffers) -> Map {
        let maps = self.maps(x, buffers);
        let [n, h, w, count] = maps.shape;
        let mut largest = buffers.take([n, h, w, 1]);
        let places = largest.values.iter_mut().zip(maps.values.chunks_exact(count));
        places.for_each(|(to, maps)| *to = maps.iter().copied().fold(0.0, f32::max));
        let full = quadruple(&largest, buffers);
        buffers.give([maps, largest]);
        full
    }

    /// Radiographs (N, H, W, 1) → every map at a quarter of the size (N, H/4, W/4, F).
    pub(super) fn maps(&self, x: &Map, buffers: &mut Buffers) -> Map {
        let standardised = self.takes_standardised().then(|| standardised(x, buffers));
        let x = standardised.as_ref().unwrap_or(x);
        let [one, two, three, four] = &self.encoders;
        let through = |convs: &[Convolution], x: &Map, buffers: &mut Buffers| {
            let first = convs[0].run(x, None, true, buffers);
            convs[1..].iter().fold(first, |x, conv| conv.relu(x, buffers))
        };
        let residual = |blocks: &[Block], x: Map, buffers: &mut Buffers| {
            blocks.iter().fold(x, |x, block| block.run(x, buffers))
        };
        let e1 = through(one, x, buffers);
        let e2 = through(two, &e1, buffers);
        let e3 = through(three, &e2, buffers);
        let e3 = residual(&self.residual[0], e3, buffers);
        let e4 = through(four, &e3, buffers);
        let e4 = residual(&self.residual[1], e4, buffers);
        buffers.give([e1]);
        if let Some(x) = standardised {
            buffers.give([x]);
        }
        let e4 = self.attention.run(e4, buffers);
        let d3 = self.decoders[0].run(e4, e3, buffers);
        let d2 = self.decoders[1].run(d3, e2, buffers);
        let mut maps = self.head.run(&d2, None, false, buffers);
        maps.values.iter_mut().for_each(|v| *v = sigmoid(*v));
        buffers.give([d2]);
        maps
    }

    fn takes_standardised(&self) -> bool {
        !self.residual[1].is_empty()
    }
}

/// The residual blocks of a stage, as many as the weights have.
fn blocks(weights: &Weights, stage: &str) -> Vec<Block> {
    let name = |i: usize| format!("saliency.{stage}.{i}");
    let there = |name: &String| weights.contains_key(&format!("{name}.conv1.weight"));
    (0..).map(name).take_while(there).map(|name| Block::new(weights, &name, 1)).collect()
}

/// Each picture less its mean, in units of its deviation, both over places that are not black.
fn standardised(x: &Map, buffers: &mut Buffers) -> Map {
    let mut out = buffers.copy(&x.values, x.shape);
    for picture in out.values.chunks_exact_mut(x.picture()) {
        let (mean, deviation) = exposure(picture);
        picture.iter_mut().for_each(|grey| *grey = (*grey - mean) / deviation);
    }
    out
}

/// Bilinear enlargement by four: (N, H, W, 1) → (N, 4H, 4W, 1).
fn quadruple(x: &Map, buffers: &mut Buffers) -> Map {
    let [n, h, w, _] = x.shape;
    let taps = |size: usize| -> Vec<(usize, f32, f32)> {
        let two = |row: &[f32]| {
            let first = row.iter().position(|v| *v != 0.0).unwrap_or(0).min(size.saturating_sub(2));
            (first, row[first], row.get(first + 1).copied().unwrap_or(0.0))
        };
        bilinear_rows(size, 4).chunks_exact(size).map(two).collect()
    };
    let (down, across) = (taps(h), taps(w));
    let mut out = buffers.take([n, 4 * h, 4 * w, 1]);
    out.values.par_chunks_exact_mut(4 * w).enumerate().for_each(|(line, out)| {
        let (at, near, far) = down[line % (4 * h)];
        let upper = &x.values[(line / (4 * h) * h + at) * w..][..w];
        let lower = &x.values[(line / (4 * h) * h + (at + 1).min(h - 1)) * w..][..w];
        let middle: Vec<f32> = upper.iter().zip(lower).map(|(u, l)| u * near + l * far).collect();
        for (out, (at, near, far)) in out.iter_mut().zip(&across) {
            *out = middle[*at] * near + middle[(at + 1).min(w - 1)] * far;
        }
    });
    out
}
