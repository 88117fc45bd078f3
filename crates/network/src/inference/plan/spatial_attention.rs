//! Spatial attention of a folded convolution, for the backbone and the attention FCN.

use super::buffers::{Buffers, Map};
use super::convolution::Convolution;

/// Spatial attention: x times σ of a convolution over the maximum and mean of its channels.
pub(super) fn weigh_places(mut x: Map, convolution: &Convolution, buffers: &mut Buffers) -> Map {
    let [n, h, w, c] = x.shape;
    let mut places = buffers.take([n, h, w, 2]);
    for (place, x) in places.values.chunks_exact_mut(2).zip(x.values.chunks_exact(c)) {
        place[0] = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        place[1] = x.iter().sum::<f32>() / c as f32;
    }
    let weights = convolution.run(&places, None, false, buffers);
    for (x, weight) in x.values.chunks_exact_mut(c).zip(&weights.values) {
        let weight = sigmoid(*weight);
        x.iter_mut().for_each(|x| *x *= weight);
    }
    buffers.give([places, weights]);
    x
}

pub(super) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}
