//! ResNet-18 of folded convolutions.

use super::buffers::{Buffers, Map};
use super::convolution::Convolution;
use super::spatial_attention::weigh_places;
use crate::kernels::max_pool_into;
use crate::model::embedding::{GRID, INPUTS};
use crate::model::resample::cell;
use crate::model::resnet::FEATURES;
use crate::model::weights::Weights;

/// The index of the third stage's last block.
const THIRD: usize = 5;

/// A residual block.
pub(super) struct Block {
    first: Convolution,
    second: Convolution,
    downsample: Option<Convolution>,
}

impl Block {
    /// Builds the block by its name in a model file.
    pub(super) fn new(weights: &Weights, name: &str, stride: usize) -> Self {
        let conv = |conv: &str, norm: &str, stride| {
            Convolution::normalised(
                weights,
                &format!("{name}.{conv}"),
                &format!("{name}.{norm}"),
                stride,
            )
        };
        let downsample = (stride != 1).then(|| conv("downsample.0", "downsample.1", stride));
        Self { first: conv("conv1", "bn1", stride), second: conv("conv2", "bn2", 1), downsample }
    }

    /// (N, H, W, C) → (N, H/stride, W/stride, O). It consumes `x`.
    pub(super) fn run(&self, x: Map, buffers: &mut Buffers) -> Map {
        let inner = self.first.run(&x, None, true, buffers);
        let shortcut = match &self.downsample {
            Some(conv) => {
                let shortcut = conv.run(&x, None, false, buffers);
                buffers.give([x]);
                shortcut
            }
            None => x,
        };
        let out = self.second.run(&inner, Some(&shortcut), true, buffers);
        buffers.give([inner, shortcut]);
        out
    }
}

/// The backbone.
pub(super) struct Backbone {
    stem: Convolution,
    blocks: Vec<Block>,
    /// Spatial attention after the first block, if there is any.
    attention: Option<Convolution>,
}

impl Backbone {
    /// Builds the backbone from weights by torchvision's names, with or without spatial attention.
    pub(super) fn new(weights: &Weights, attention: bool) -> Self {
        let stages = [("layer1", 1), ("layer2", 2), ("layer3", 2), ("layer4", 2)];
        let blocks = stages.iter().flat_map(|(stage, stride)| {
            [
                Block::new(weights, &format!("{stage}.0"), *stride),
                Block::new(weights, &format!("{stage}.1"), 1),
            ]
        });
        Self {
            stem: Convolution::normalised(weights, "conv1", "bn1", 2),
            blocks: blocks.collect(),
            attention: attention.then(|| Convolution::plain(weights, "attention")),
        }
    }

    /// N×H×W×C → features N×1×1×2816: the average of the last stage, and those of the third in each
    /// cell of the grid.
    pub(super) fn run(&self, x: Map, buffers: &mut Buffers) -> Map {
        let stem = self.stem.relu(x, buffers);
        let [n, h, w, c] = stem.shape;
        let mut pooled = buffers.take([n, h.div_ceil(2), w.div_ceil(2), c]);
        max_pool_into(stem.shape, &stem.values, &mut pooled.values);
        buffers.give([stem]);
        let mut features = buffers.filled(0.0, [n, 1, 1, INPUTS]);
        let last = self.blocks.iter().enumerate().fold(pooled, |x, (i, block)| {
            let x = block.run(x, buffers);
            match &self.attention {
                Some(attention) if i == 0 => return weigh_places(x, attention, buffers),
                _ if i == THIRD => averages(&x, GRID, FEATURES, &mut features),
                _ => {}
            }
            x
        });
        averages(&last, 1, 0, &mut features);
        buffers.give([last]);
        features
    }
}

/// Adds the averages of cells×cells cells to each picture's features, from `first` on.
fn averages(x: &Map, cells: usize, first: usize, features: &mut Map) {
    let [_, h, w, c] = x.shape;
    let rows = features.values.chunks_exact_mut(INPUTS).zip(x.values.chunks_exact(x.picture()));
    for (features, x) in rows {
        for (at, out) in features[first..][..cells * cells * c].chunks_exact_mut(c).enumerate() {
            let (down, along) = (cell(at / cells, cells, h), cell(at % cells, cells, w));
            let share = 1.0 / (down.len() * along.len()) as f32;
            for y in down {
                let places = &x[(y * w + along.start) * c..(y * w + along.end) * c];
                places
                    .chunks_exact(c)
                    .for_each(|place| out.iter_mut().zip(place).for_each(|(o, v)| *o += v));
            }
            out.iter_mut().for_each(|o| *o *= share);
        }
    }
}
