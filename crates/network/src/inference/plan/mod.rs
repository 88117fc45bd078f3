//! The network frozen for encoding on the processor: that of `network.rs` without gradients.
//!
//! Batch normalisation is folded into the convolutions before it. Bias, residual and ReLU are part
//! of a convolution's last step. Filters are packed and transformed once. Buffers are kept from one
//! batch to the next. It gives the same results as [`crate::Network`]: a test compares the two.

mod backbone;
mod buffers;
mod convolution;
mod linear;
mod maps;
mod modify;
mod saliency;
mod spatial_attention;
#[cfg(test)]
mod tests;

use crate::model::embedding::INPUTS;
use crate::model::mask::SaliencySource;
use crate::model::modify::Modification;
use crate::model::network::{Architecture, Taught};
use crate::model::resnet::FEATURES;
use crate::model::weights::Weights;
use backbone::Backbone;
use buffers::Buffers;
use convolution::{Affine, named};
use linear::{Embedding, Linear, to_length};
pub(crate) use maps::MapPlan;
use saliency::Saliency;
use std::sync::Mutex;

/// The number of pictures that go through together: enough to share the filters, few enough for the
/// caches.
const BATCH: usize = 16;

/// A frozen network.
pub(crate) struct Plan {
    saliency: Option<Saliency>,
    source: SaliencySource,
    taught: Option<Taught>,
    modification: Modification,
    backbone: Backbone,
    embedding: Option<Embedding>,
    hash: Linear,
    pub bits: usize,
    pub embedding_length: usize,
    /// Buffers that no batch uses at present.
    idle: Mutex<Vec<Buffers>>,
}

/// A frozen network's results for N pictures of P places.
#[derive(Default)]
pub(crate) struct Encoded {
    /// Saliency maps: N×P, in (0, 1).
    pub saliency: Vec<f32>,
    /// Features: N×2816, the averages of the last stage and of the third one's cells.
    pub features: Vec<f32>,
    /// Embeddings: N×E, each row at unit length.
    pub embedding: Vec<f32>,
    /// The hash layer's outputs: N×K, whose signs are the code.
    pub hash: Vec<f32>,
}

impl Plan {
    /// Freezes the weights of a network of this architecture, by their names in a model file.
    pub(crate) fn new(architecture: &Architecture, weights: &Weights) -> Self {
        let bits = architecture.bits;
        let matrix = named(weights, "hash.weight");
        let Affine { scale, offset } = Affine::of(weights, "hash.bn");
        let inputs = architecture.embedding_length();
        let hash =
            Linear::new(inputs, offset, |input, bit| matrix[bit * inputs + input] * scale[bit]);
        let modification = architecture.modification;
        Self {
            saliency: architecture.has_saliency().then(|| Saliency::new(weights)),
            source: architecture.saliency,
            taught: architecture.taught,
            modification,
            backbone: Backbone::new(weights, architecture.attention),
            embedding: architecture.embedding.map(|parts| Embedding::new(weights, parts)),
            hash,
            bits,
            embedding_length: inputs,
            idle: Mutex::default(),
        }
    }

    /// Encodes pictures in [0, 1], `size`×`size` each.
    pub(crate) fn run(&self, pictures: &[f32], size: usize) -> Encoded {
        let mut buffers = lend(&self.idle);
        let mut encoded = Encoded::default();
        for batch in pictures.chunks(BATCH * size * size) {
            self.run_batch(batch, size, &mut buffers, &mut encoded);
        }
        give_back(&self.idle, buffers);
        encoded
    }

    fn run_batch(
        &self,
        pictures: &[f32],
        size: usize,
        buffers: &mut Buffers,
        encoded: &mut Encoded,
    ) {
        let n = pictures.len() / (size * size);
        let x = buffers.copy(pictures, [n, size, size, 1]);
        let s = match (&self.saliency, self.source.fixed(size)) {
            (Some(saliency), _) => saliency.run(&x, buffers),
            (None, Some(map)) if self.modification != Modification::None => {
                buffers.copy(&map.repeat(n), [n, size, size, 1])
            }
            _ => buffers.filled(1.0, [n, size, size, 1]),
        };
        let modified = match self.taught {
            Some(Taught { backbone, .. }) => {
                let small = [&x, &s].map(|map| modify::resized(map, backbone, buffers));
                let modified = modify::apply(self.modification, &small[0], &small[1], buffers);
                buffers.give(small);
                modified
            }
            None => modify::apply(self.modification, &x, &s, buffers),
        };
        let features = self.backbone.run(modified, buffers);
        encoded.saliency.extend_from_slice(&s.values);
        let (embedding, hash) = self.embed(&features.values);
        encoded.embedding.extend(embedding);
        encoded.hash.extend(hash);
        encoded.features.extend_from_slice(&features.values);
        buffers.give([x, s, features]);
    }

    /// The number of multiplications and additions of the convolutions for one picture, counted as
    /// if none took a short cut.
    pub(crate) fn operations(&self, size: usize) -> usize {
        let mut buffers = Buffers::default();
        self.run_batch(&vec![0.0; size * size], size, &mut buffers, &mut Encoded::default());
        buffers.operations
    }

    /// Features (N, 2816) → embeddings (N, E) and u (N, K).
    fn embed(&self, features: &[f32]) -> (Vec<f32>, Vec<f32>) {
        if let Some(layer) = &self.embedding {
            let embedding = layer.run(features);
            let hash = self.hash_of(&embedding);
            return (embedding, hash);
        }
        let mut embedding = Vec::new();
        for row in features.chunks_exact(INPUTS) {
            let start = embedding.len();
            embedding.extend_from_slice(&row[..FEATURES]);
            to_length(&mut embedding[start..], 1.0);
        }
        (embedding, self.hash.run(features, INPUTS))
    }

    /// The hash layer: rows of its inputs → u (N, K). They are embeddings (N, E), or features (N,
    /// 512) without an embedding layer.
    pub(crate) fn hash_of(&self, rows: &[f32]) -> Vec<f32> {
        self.hash.run(rows, self.hash.inputs())
    }
}

// Lends buffers, new ones if none is idle. A poisoned lock is harmless: it guards nothing but
// buffers.
fn lend(idle: &Mutex<Vec<Buffers>>) -> Buffers {
    idle.lock().map_or_else(|_| None, |mut idle| idle.pop()).unwrap_or_default()
}

fn give_back(idle: &Mutex<Vec<Buffers>>, buffers: Buffers) {
    if let Ok(mut idle) = idle.lock() {
        idle.push(buffers);
    }
}
