//! The gradient with respect to the weights.

use super::points::{transform_inputs, transform_upstream, transform_weights};
use super::{BLOCK, POINTS, Shape, pitch};
use crate::kernels::product::{Panels, Rows, Start, product};
use crate::kernels::simd::zeros;
use rayon::prelude::*;

/// The number of weights whose points are gathered in one task.
const PART: usize = 1 << 14;
/// The number of tiles whose points are kept at once for the weight gradient.
const STRETCH: usize = 4 * BLOCK;

/// Gradient with respect to the weights, 3 × 3 × channels × filters, from images N×H×W×C and
/// upstream N×H×W×O.
pub(crate) fn weight_gradient(shape: &Shape, images: &[f32], upstream: &[f32]) -> Vec<f32> {
    let (c, o) = (shape.channels, shape.filters);
    let mut sums = zeros(POINTS * c * o);
    for first in (0..shape.tiles()).step_by(STRETCH) {
        let stretch = STRETCH.min(shape.tiles() - first);
        let parts = stretch_points(shape, images, upstream, first, stretch);
        sums.par_chunks_exact_mut(c * o).enumerate().for_each(|(point, sum)| {
            for (tiles, inputs, upstream) in &parts {
                let plane = tiles * pitch(c);
                let data = &inputs[point * plane..][..plane];
                let rows = Rows { data, segments: &[0], len: *tiles, step: pitch(c), stride: 1 };
                let data = &upstream[point * tiles * o..][..tiles * o];
                product(sum, o, c, rows, Panels::packed(data, *tiles, o), Start::Out);
            }
        });
    }
    let mut out = zeros(9 * c * o);
    let mut taps: Vec<_> = out.chunks_exact_mut(c * o).map(|tap| tap.chunks_mut(PART)).collect();
    let parts = (0..c * o)
        .step_by(PART)
        .map(|first| (first, taps.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>()));
    parts.collect::<Vec<_>>().into_par_iter().for_each(|(first, mut taps)| {
        transform_weights(&sums, c * o, first, &mut taps);
    });
    out
}

/// The points of some tiles, block by block: tiles, inputs, upstream.
fn stretch_points(
    shape: &Shape,
    images: &[f32],
    upstream: &[f32],
    first: usize,
    stretch: usize,
) -> Vec<(usize, Vec<f32>, Vec<f32>)> {
    let blocks: Vec<usize> = (first..first + stretch).step_by(BLOCK).collect();
    let points = blocks.into_par_iter().map(|start| {
        let tiles = BLOCK.min(first + stretch - start);
        let mut inputs = vec![0.0; POINTS * tiles * pitch(shape.channels)];
        let mut gradients = vec![0.0; POINTS * tiles * shape.filters];
        transform_inputs(shape, images, start, tiles, &mut inputs);
        transform_upstream(shape, upstream, start, tiles, &mut gradients);
        (tiles, inputs, gradients)
    });
    points.collect()
}
