//! The saliency network of findings, frozen without the rest.

use super::BATCH;
use super::buffers::Buffers;
use super::saliency::Saliency;
use crate::model::weights::Weights;
use std::sync::Mutex;

/// A frozen saliency network of findings.
pub(crate) struct MapPlan {
    saliency: Saliency,
    /// Buffers that no batch uses at present.
    idle: Mutex<Vec<Buffers>>,
}

impl MapPlan {
    /// Freezes weights by their names in a model file.
    pub(crate) fn new(weights: &Weights) -> Self {
        Self { saliency: Saliency::new(weights), idle: Mutex::default() }
    }

    /// Pictures in [0, 1], `size`×`size` each → their maps (N, size/4, size/4, F).
    pub(crate) fn run(&self, pictures: &[f32], size: usize) -> Vec<f32> {
        let mut buffers = super::lend(&self.idle);
        let mut all = Vec::new();
        for batch in pictures.chunks(BATCH * size * size) {
            let x = buffers.copy(batch, [batch.len() / (size * size), size, size, 1]);
            let maps = self.saliency.maps(&x, &mut buffers);
            all.extend_from_slice(&maps.values);
            buffers.give([x, maps]);
        }
        super::give_back(&self.idle, buffers);
        all
    }
}
