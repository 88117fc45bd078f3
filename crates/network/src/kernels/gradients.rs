//! The two gradients of a convolution, over channels-last images; the layouts are those of
//! `convolution.rs`.

use super::convolution::{
    BLOCK, Filters, Geometry, WIDE, backwards, forward, gather, padded, panels_of,
};
use super::product::{PANEL, Panels, Rows, Start, packed_len, product};
use super::simd::{dispatched, zeros};
use super::winograd::{self, Epilogue};
use rayon::prelude::*;

/// The least number of tiles for which the weight gradient uses Winograd's method.
const TILES: usize = 96;
/// The number of positions whose products are summed at a time.
const STRETCH: usize = 256;

/// Gradient with respect to the images: upstream (N, H', W', O) and weights → (N, H, W, C).
pub(super) fn of_images(geometry: &Geometry, upstream: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut out = zeros(geometry.batch * geometry.image_len());
    if geometry.stride == 1 && geometry.padding < geometry.kernel && geometry.input[2] >= PANEL {
        let filters = Filters::turned(geometry, weights);
        forward(&backwards(geometry), upstream, &filters, &Epilogue::NONE, &mut out);
    } else {
        by_scattering(geometry, upstream, weights, &mut out);
    }
    out
}

/// The gradient by the transpose of the products with patches. Products give the patches'
/// gradients, which are added to the patches' places.
fn by_scattering(geometry: &Geometry, upstream: &[f32], weights: &[f32], out: &mut [f32]) {
    let (o, depth) = (geometry.filters, geometry.depth());
    let mut packed = zeros(packed_len(o, depth));
    packed.par_chunks_mut(o * PANEL).enumerate().for_each(|(p, panel)| {
        for (k, row) in panel.chunks_exact_mut(PANEL).enumerate() {
            row.iter_mut()
                .zip(weights[p * PANEL * o + k..].iter().step_by(o))
                .for_each(|(to, from)| *to = *from);
        }
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
                product(
                    patches,
                    depth,
                    count,
                    rows,
                    Panels::packed(&packed, o, depth),
                    Start::Zero,
                );
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

/// Gradient with respect to the weights: images and upstream (N, H', W', O) → (k, k, C, O).
pub(super) fn of_weights(geometry: &Geometry, images: &[f32], upstream: &[f32]) -> Vec<f32> {
    match geometry.tiled() {
        Some(shape) if shape.tiles() >= TILES => {
            winograd::weight_gradient(&shape, images, upstream)
        }
        _ if geometry.output().1 >= WIDE || geometry.input[2] < PANEL => {
            by_rows(geometry, images, upstream)
        }
        _ => by_patches(geometry, images, upstream),
    }
}

/// The gradient at every tap: the product of that tap's part of all patches with the upstream
/// gradient.
fn by_patches(geometry: &Geometry, images: &[f32], upstream: &[f32]) -> Vec<f32> {
    let (c, o) = (geometry.input[2], geometry.filters);
    let (positions, packed) = (upstream.len() / o, panels_of(upstream, o));
    let mut sums = vec![0.0; geometry.depth() * o];
    sums.par_chunks_mut(c * o).enumerate().for_each_init(
        Vec::new,
        |patches: &mut Vec<f32>, (tap, sums)| {
            for first in (0..positions).step_by(STRETCH) {
                let count = STRETCH.min(positions - first);
                patches.resize(count * (c + PANEL), 0.0);
                gather(geometry, images, first, tap..tap + 1, c + PANEL, patches);
                let rows =
                    Rows { data: patches, segments: &[0], len: count, step: c + PANEL, stride: 1 };
                let panel = positions * PANEL;
                let panels =
                    Panels { data: &packed[first * PANEL..], panel, step: PANEL, columns: o };
                product(sums, o, c, rows, panels, Start::Out);
            }
        },
    );
    sums
}

/// k × k × C × O: at every row of the kernel, the products of all positions with the rows of padded
/// copies.
fn by_rows(geometry: &Geometry, images: &[f32], upstream: &[f32]) -> Vec<f32> {
    /// The number of rows of a task.
    const TASK: usize = 48;
    let ([height, width, c], o, k) = (geometry.input, geometry.filters, geometry.kernel);
    let (down, across) = geometry.output();
    let (padded_height, pitch) =
        (height + 2 * geometry.padding, (width + 2 * geometry.padding) * c);
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
            let rows_of = |n: usize| {
                (0..down).map(move |oy| (n * padded_height + oy * geometry.stride + ky) * pitch)
            };
            let segments: Vec<usize> = (n..last).flat_map(rows_of).collect();
            let data = &copies[first..];
            let rows = Rows {
                data,
                segments: &segments,
                len: across,
                step: geometry.stride * c,
                stride: 1,
            };
            let begin = n * geometry.positions();
            let panel = upstream.len() / o * PANEL;
            let panels = Panels { data: &packed[begin * PANEL..], panel, step: PANEL, columns: o };
            product(sums, o, sums.len() / o, rows, panels, Start::Out);
        }
    });
    sums
}
