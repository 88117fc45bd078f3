//! The two gradients of a convolution, over channels-last images; the layouts are those of `convolution.rs`.

use super::convolution::{BLOCK, Filters, Geometry, backwards, forward, padded};
use super::lanes::dispatched;
use super::product::{PANEL, Panels, Rows, Start, pack, packed_len, product};
use super::winograd::{self, Epilogue};
use rayon::prelude::*;

/// Tiles from which on the weight gradient goes Winograd's way.
const TILES: usize = 96;

/// Gradient with respect to the images: upstream (N, H', W', O) and weights → (N, H, W, C).
pub(super) fn of_images(geometry: &Geometry, upstream: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; geometry.batch * geometry.image_len()];
    if geometry.stride == 1 && geometry.padding < geometry.kernel && geometry.input[2] >= PANEL {
        let filters = Filters::turned(geometry, weights);
        forward(&backwards(geometry), upstream, &filters, &Epilogue::NONE, &mut out);
    } else {
        by_scattering(geometry, upstream, weights, &mut out);
    }
    out
}

/// The transpose of the way by patches: products give the patches' gradients, which are added where they came from.
fn by_scattering(geometry: &Geometry, upstream: &[f32], weights: &[f32], out: &mut [f32]) {
    let (c, o, k, depth) = (geometry.input[2], geometry.filters, geometry.kernel, geometry.depth());
    let packed = pack(o, depth, |filter, at| {
        let (tap, channel) = (at / c, at % c);
        weights[(filter * c + channel) * k * k + tap]
    });
    let (positions, across) = (geometry.positions(), geometry.output().1);
    let height = (BLOCK / (depth * across)).clamp(1, geometry.output().0);
    out.par_chunks_mut(geometry.image_len()).zip(upstream.par_chunks(positions * o)).for_each_init(
        Vec::new,
        |patches: &mut Vec<f32>, (image, upstream)| {
            for (strip, upstream) in upstream.chunks(height * across * o).enumerate() {
                let count = upstream.len() / o;
                patches.resize(count * depth, 0.0);
                let rows = Rows { data: upstream, segments: &[0], len: o, step: 1, stride: o };
                product(patches, depth, count, rows, Panels::packed(&packed, o, depth), Start::Zero);
                scatter(geometry, patches, strip * height, image);
            }
        },
    );
}

dispatched! {
/// Adds the patches of output rows from `first` on to the image they were taken from.
fn scatter(geometry: &Geometry, patches: &[f32], first: usize, image: &mut [f32]) {
    let ([height, width, c], k, across) = (geometry.input, geometry.kernel, geometry.output().1);
    for (i, patch) in patches.chunks_exact(k * k * c).enumerate() {
        let (top, left) = ((first + i / across) * geometry.stride, i % across * geometry.stride);
        let begin = geometry.padding.saturating_sub(left);
        let end = k.min(width + geometry.padding - left);
        for (ky, line) in patch.chunks_exact(k * c).enumerate() {
            let y = (top + ky).wrapping_sub(geometry.padding);
            if y < height {
                let at = (y * width + left + begin - geometry.padding) * c;
                let target = &mut image[at..][..(end - begin) * c];
                target.iter_mut().zip(&line[begin * c..]).for_each(|(t, s)| *t += s);
            }
        }
    }
}
}

/// Gradient with respect to the weights: images and upstream (N, H', W', O) → (O, C, k, k).
pub(super) fn of_weights(geometry: &Geometry, images: &[f32], upstream: &[f32]) -> Vec<f32> {
    let sums = match geometry.tiled() {
        Some(shape) if shape.tiles() >= TILES => winograd::weight_gradient(&shape, images, upstream),
        _ => plain_weight_gradient(geometry, images, upstream),
    };
    let (c, o, taps) = (geometry.input[2], geometry.filters, geometry.kernel * geometry.kernel);
    let mut out = vec![0.0; sums.len()];
    let row = c * taps;
    out.par_chunks_mut((PANEL * row).max(1)).enumerate().for_each(|(p, out)| {
        // Channel by channel: what is written of one filter lies together.
        for channel in 0..c {
            for (j, out) in out.chunks_exact_mut(row).enumerate() {
                for (tap, value) in out[channel * taps..][..taps].iter_mut().enumerate() {
                    *value = sums[(tap * c + channel) * o + p * PANEL + j];
                }
            }
        }
    });
    out
}

/// k × k × C × O: at every tap, the products of all positions.
fn plain_weight_gradient(geometry: &Geometry, images: &[f32], upstream: &[f32]) -> Vec<f32> {
    /// Rows of a task.
    const TASK: usize = 48;
    let ([height, width, c], o, k) = (geometry.input, geometry.filters, geometry.kernel);
    let (down, across) = geometry.output();
    let (padded_height, pitch) = (height + 2 * geometry.padding, (width + 2 * geometry.padding) * c);
    let copies: Vec<Vec<f32>> = images
        .par_chunks_exact(geometry.image_len())
        .map(|image| {
            let mut copy = Vec::new();
            padded(geometry, image, 0, padded_height, &mut copy);
            copy
        })
        .collect();
    let copies = copies.concat();
    let packed = panels_of(upstream, o);
    let group = (BLOCK / 2 / (geometry.positions() * o)).clamp(1, geometry.batch);
    let mut sums = vec![0.0; geometry.depth() * o];
    let tasks = sums.par_chunks_mut((k * c * o).max(1)).enumerate().flat_map(|(ky, sums)| {
        sums.par_chunks_mut(TASK * o).enumerate().map(move |(task, sums)| (ky, task * TASK, sums))
    });
    tasks.for_each(|(ky, first, sums)| {
        for n in (0..geometry.batch).step_by(group) {
            let last = (n + group).min(geometry.batch);
            let rows_of =
                |n: usize| (0..down).map(move |oy| (n * padded_height + oy * geometry.stride + ky) * pitch);
            let segments: Vec<usize> = (n..last).flat_map(rows_of).collect();
            let data = &copies[first..];
            let rows = Rows { data, segments: &segments, len: across, step: geometry.stride * c, stride: 1 };
            let begin = n * geometry.positions();
            let panel = upstream.len() / o * PANEL;
            let panels = Panels { data: &packed[begin * PANEL..], panel, step: PANEL, columns: o };
            product(sums, o, sums.len() / o, rows, panels, Start::Out);
        }
    });
    sums
}

/// A row-major matrix in panels.
fn panels_of(matrix: &[f32], columns: usize) -> Vec<f32> {
    let depth = matrix.len() / columns;
    let mut packed = vec![0.0; packed_len(depth, columns)];
    packed.par_chunks_mut((depth * PANEL).max(1)).enumerate().for_each(|(p, panel)| {
        let width = PANEL.min(columns - p * PANEL);
        for (to, from) in panel.chunks_exact_mut(PANEL).zip(matrix.chunks_exact(columns)) {
            to[..width].copy_from_slice(&from[p * PANEL..][..width]);
        }
    });
    packed
}
