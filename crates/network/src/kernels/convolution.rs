//! Convolution in two dimensions and its two gradients, over channels-last images.
//!
//! Layouts: images N×H×W×C, weights k×k×C×O, both row-major. A 3×3 convolution at stride 1 uses
//! Winograd's tiles if there are enough of them. Any other is computed as products with the patches
//! of a block of positions, or, for wide images, with the rows of a padded copy. No sum depends on
//! the number of threads.

use super::product::{PANEL, Panels, Rows, Start, packed_len, product};
use super::simd::{dispatched, zeros};
use super::winograd::{self, Epilogue};
use rayon::prelude::*;

/// The number of floats of a block of patches. With the filters' panels they stay in the
/// second-level cache.
pub(crate) const BLOCK: usize = 1 << 18;
/// The least width of the output for which the rows of a padded copy serve as patches.
pub(crate) const WIDE: usize = 16;
/// The least number of tiles for which Winograd's method pays for reading its larger filters,
const TILES: usize = 12;
/// and for making them, too, if they are used once.
const TILES_OF_ONE_USE: usize = 192;

/// Shape of one convolution: square kernel, same stride and zero padding on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// The number of images.
    pub batch: usize,
    /// The input's height, width and channels.
    pub input: [usize; 3],
    /// The number of output channels.
    pub filters: usize,
    /// The side of the kernel.
    pub kernel: usize,
    /// The stride.
    pub stride: usize,
    /// The zero padding.
    pub padding: usize,
}

impl Geometry {
    /// Geometry of `images` (N, H, W, C) under `weights` (k, k, C, O).
    pub(crate) fn new(
        images: [usize; 4],
        weights: [usize; 4],
        stride: usize,
        padding: usize,
    ) -> Self {
        assert_eq!(images[3], weights[2], "channels of the images and of the weights");
        assert_eq!(weights[0], weights[1], "only square kernels");
        Self {
            batch: images[0],
            input: [images[1], images[2], images[3]],
            filters: weights[3],
            kernel: weights[0],
            stride,
            padding,
        }
    }

    /// The height and width of the output.
    pub(crate) fn output(&self) -> (usize, usize) {
        let side = |n: usize| (n + 2 * self.padding - self.kernel) / self.stride + 1;
        (side(self.input[0]), side(self.input[1]))
    }

    /// The number of outputs of one image.
    pub(crate) fn positions(&self) -> usize {
        self.output().0 * self.output().1
    }

    /// The number of floats of a patch.
    pub(crate) fn depth(&self) -> usize {
        self.input[2] * self.kernel * self.kernel
    }

    /// The number of floats of one image.
    pub(crate) fn image_len(&self) -> usize {
        self.input.iter().product()
    }

    /// The number of floats of the whole output.
    pub(crate) fn output_len(&self) -> usize {
        self.batch * self.positions() * self.filters
    }

    /// The shape for Winograd's tiles; `None` if they cannot compute this convolution.
    pub(crate) fn tiled(&self) -> Option<winograd::Shape> {
        let [height, width, channels] = self.input;
        let shape =
            winograd::Shape { batch: self.batch, height, width, channels, filters: self.filters };
        let fits = (self.kernel, self.stride, self.padding) == (3, 1, 1)
            && channels.is_multiple_of(PANEL)
            && self.filters.is_multiple_of(PANEL);
        fits.then_some(shape)
    }
}

/// Weights laid out for the products.
pub(crate) struct Filters {
    /// k·k·C × O in panels.
    packed: Vec<f32>,
    /// Winograd's points, if they are of use.
    points: Option<Vec<f32>>,
}

impl Filters {
    /// Filters for one convolution of this geometry.
    pub(crate) fn new(geometry: &Geometry, weights: &[f32]) -> Self {
        Self::with_points(geometry, panels_of(weights, geometry.filters), TILES_OF_ONE_USE)
    }

    /// Filters for many convolutions, of any batch.
    pub(crate) fn kept(geometry: &Geometry, weights: &[f32]) -> Self {
        Self::with_points(geometry, panels_of(weights, geometry.filters), 0)
    }

    /// Filters for the gradient with respect to the images of a convolution at stride 1: the kernel
    /// turned by half a turn, filters and channels exchanged.
    pub(crate) fn turned(geometry: &Geometry, weights: &[f32]) -> Self {
        let packed = turn(geometry, weights);
        Self::with_points(&backwards(geometry), packed, TILES_OF_ONE_USE)
    }

    fn with_points(geometry: &Geometry, packed: Vec<f32>, at_least: usize) -> Self {
        let wanted = geometry.tiled().is_some_and(|shape| shape.tiles() >= at_least);
        let points =
            wanted.then(|| winograd::filters(geometry.input[2], geometry.filters, &packed));
        Self { packed, points }
    }
}

/// A row-major matrix in panels.
pub(crate) fn panels_of(matrix: &[f32], columns: usize) -> Vec<f32> {
    let depth = matrix.len() / columns;
    let mut packed = zeros(packed_len(depth, columns));
    packed.par_chunks_mut((depth * PANEL).max(1)).enumerate().for_each(|(p, panel)| {
        let width = PANEL.min(columns - p * PANEL);
        for (to, from) in panel.chunks_exact_mut(PANEL).zip(matrix.chunks_exact(columns)) {
            to[..width].copy_from_slice(&from[p * PANEL..][..width]);
        }
    });
    packed
}

/// Turns k×k×C×O to panels of k'×k'×O×C, where k' counts backwards.
fn turn(geometry: &Geometry, weights: &[f32]) -> Vec<f32> {
    let (c, o, taps) = (geometry.input[2], geometry.filters, geometry.kernel * geometry.kernel);
    let mut packed = zeros(packed_len(taps * o, c));
    packed.par_chunks_mut(taps * o * PANEL).enumerate().for_each(|(p, panel)| {
        for (tap, block) in panel.chunks_exact_mut(o * PANEL).enumerate() {
            let first = (taps - 1 - tap) * c + p * PANEL;
            for j in 0..PANEL.min(c - p * PANEL) {
                let from = &weights[(first + j) * o..][..o];
                block[j..].iter_mut().step_by(PANEL).zip(from).for_each(|(to, from)| *to = *from);
            }
        }
    });
    packed
}

/// The convolution at stride 1 that computes the gradient with respect to the images.
pub(crate) fn backwards(geometry: &Geometry) -> Geometry {
    let (height, width) = geometry.output();
    Geometry {
        input: [height, width, geometry.filters],
        filters: geometry.input[2],
        padding: geometry.kernel - 1 - geometry.padding,
        ..*geometry
    }
}

/// Convolution with what follows it: images (N, H, W, C) → `out` (N, H', W', O).
pub(crate) fn forward(
    geometry: &Geometry,
    images: &[f32],
    filters: &Filters,
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    match (geometry.tiled(), &filters.points) {
        (Some(shape), Some(points)) if shape.tiles() >= TILES => {
            winograd::forward(&shape, images, points, epilogue, out);
        }
        _ if geometry.output().1 >= WIDE => {
            by_rows(geometry, images, &filters.packed, epilogue, out)
        }
        _ => by_patches(geometry, images, &filters.packed, epilogue, out),
    }
}

fn start<'a>(epilogue: &Epilogue<'a>) -> Start<'a> {
    epilogue.bias.map_or(Start::Zero, Start::Bias)
}

dispatched! {
/// Adds the residual, whose part for `out` starts at `at`, and applies the ReLU.
fn finish(epilogue: &Epilogue<'_>, at: usize, out: &mut [f32]) {
    let floor = if epilogue.relu { 0.0 } else { f32::NEG_INFINITY };
    match epilogue.residual {
        Some(residual) => out.iter_mut().zip(&residual[at..]).for_each(|(y, r)| *y = (*y + r).max(floor)),
        None if epilogue.relu => out.iter_mut().for_each(|y| *y = y.max(floor)),
        None => {}
    }
}
}

/// Rows `first..first + count` of an image's padded copy. What lies outside the image is zero.
pub(crate) fn padded(
    geometry: &Geometry,
    image: &[f32],
    first: usize,
    count: usize,
    out: &mut Vec<f32>,
) {
    let [height, width, c] = geometry.input;
    let pitch = (width + 2 * geometry.padding) * c;
    out.clear();
    out.resize(count * pitch, 0.0);
    for (i, row) in out.chunks_exact_mut(pitch).enumerate() {
        let y = (first + i).wrapping_sub(geometry.padding);
        if y < height {
            row[geometry.padding * c..][..width * c]
                .copy_from_slice(&image[y * width * c..][..width * c]);
        }
    }
}

fn by_rows(
    geometry: &Geometry,
    images: &[f32],
    packed: &[f32],
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let [_, width, c] = geometry.input;
    let ((_, across), o, k) = (geometry.output(), geometry.filters, geometry.kernel);
    let pitch = (width + 2 * geometry.padding) * c;
    let height = (BLOCK / 4 / (pitch * geometry.stride)).clamp(1, 8);
    let segments: Vec<usize> = (0..k).map(|ky| ky * pitch).collect();
    let strips = out.par_chunks_mut(geometry.positions() * o).enumerate().flat_map(|(n, out)| {
        out.par_chunks_mut(height * across * o)
            .enumerate()
            .map(move |(strip, out)| (n, strip * height, out))
    });
    strips.for_each_init(Vec::new, |strip, (n, top, out)| {
        let count = out.len() / (across * o);
        let image = &images[n * geometry.image_len()..][..geometry.image_len()];
        padded(geometry, image, top * geometry.stride, (count - 1) * geometry.stride + k, strip);
        for (i, out) in out.chunks_exact_mut(across * o).enumerate() {
            let data = &strip[i * geometry.stride * pitch..];
            let rows = Rows {
                data,
                segments: &segments,
                len: k * c,
                step: 1,
                stride: geometry.stride * c,
            };
            product(
                out,
                o,
                across,
                rows,
                Panels::packed(packed, geometry.depth(), o),
                start(epilogue),
            );
        }
        finish(epilogue, (n * geometry.positions() + top * across) * o, out);
    });
}

dispatched! {
/// Patches of the positions from `first` on, counted through all images, at some of the kernel's
/// taps. Two patches are `pitch` floats apart.
pub(crate) fn gather(
    geometry: &Geometry,
    images: &[f32],
    first: usize,
    taps: std::ops::Range<usize>,
    pitch: usize,
    patches: &mut [f32],
) {
    let ([height, width, c], k) = (geometry.input, geometry.kernel);
    let across = geometry.output().1;
    for (i, patch) in patches.chunks_exact_mut(pitch).enumerate() {
        let (n, p) = ((first + i) / geometry.positions(), (first + i) % geometry.positions());
        let (top, left) = (p / across * geometry.stride, p % across * geometry.stride);
        for (tap, patch) in taps.clone().zip(patch.chunks_exact_mut(c)) {
            let y = (top + tap / k).wrapping_sub(geometry.padding);
            let x = (left + tap % k).wrapping_sub(geometry.padding);
            if y < height && x < width {
                patch.copy_from_slice(&images[((n * height + y) * width + x) * c..][..c]);
            } else {
                patch.fill(0.0);
            }
        }
    }
}
}

/// Patches as the left operand of a product: `len` floats of each.
fn patch_rows(data: &[f32], len: usize) -> Rows<'_> {
    Rows { data, segments: &[0], len, step: 1, stride: len + PANEL }
}

/// The number of positions of a block.
const POSITIONS: usize = 192;
/// The number of a patch's floats that are multiplied at a time. They and their part of the filters
/// stay in the second-level cache.
const STEP: usize = 1024;

fn by_patches(
    geometry: &Geometry,
    images: &[f32],
    packed: &[f32],
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let o = geometry.filters;
    let positions = geometry.batch * geometry.positions();
    let threads = rayon::current_num_threads();
    if positions < 48 * threads {
        return by_columns(geometry, images, packed, epilogue, out);
    }
    let block = positions.div_ceil(positions.div_ceil(POSITIONS).next_multiple_of(threads));
    out.par_chunks_mut(block * o).enumerate().for_each_init(
        Vec::new,
        |patches: &mut Vec<f32>, (i, out)| {
            multiply_patches(geometry, images, packed, start(epilogue), i * block, patches, out);
            finish(epilogue, i * block * o, out);
        },
    );
}

/// Products of all filters with the patches from position `first` on, a few taps at a time.
fn multiply_patches(
    geometry: &Geometry,
    images: &[f32],
    packed: &[f32],
    mut start: Start<'_>,
    first: usize,
    patches: &mut Vec<f32>,
    out: &mut [f32],
) {
    let (c, o, taps) = (geometry.input[2], geometry.filters, geometry.kernel * geometry.kernel);
    let (count, some) = (out.len() / o, (STEP / c).clamp(1, taps));
    for tap in (0..taps).step_by(some) {
        let len = some.min(taps - tap) * c;
        patches.resize(count * (len + PANEL), 0.0);
        gather(geometry, images, first, tap..taps.min(tap + some), len + PANEL, patches);
        let panel = geometry.depth() * PANEL;
        let panels = Panels { data: &packed[tap * c * PANEL..], panel, step: PANEL, columns: o };
        product(out, o, count, patch_rows(patches, len), panels, start);
        start = Start::Out;
    }
}

/// Multiplies when there are so few positions that the threads share the filters instead.
fn by_columns(
    geometry: &Geometry,
    images: &[f32],
    packed: &[f32],
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    const GROUP: usize = 2 * PANEL;
    let (depth, o) = (geometry.depth(), geometry.filters);
    let count = out.len() / o;
    let mut patches = vec![0.0; count * (depth + PANEL)];
    gather(geometry, images, 0, 0..geometry.kernel * geometry.kernel, depth + PANEL, &mut patches);
    let mut groups = vec![0.0; count * o.next_multiple_of(GROUP)];
    groups.par_chunks_exact_mut(count * GROUP).enumerate().for_each(|(g, group)| {
        let columns = GROUP.min(o - g * GROUP);
        let panels = Panels::packed(&packed[g * GROUP * depth..], depth, columns);
        let start = epilogue.bias.map_or(Start::Zero, |bias| Start::Bias(&bias[g * GROUP..]));
        product(group, GROUP, count, patch_rows(&patches, depth), panels, start);
    });
    for (g, group) in groups.chunks_exact(count * GROUP).enumerate() {
        let columns = GROUP.min(o - g * GROUP);
        for (out, row) in out.chunks_exact_mut(o).zip(group.chunks_exact(GROUP)) {
            out[g * GROUP..][..columns].copy_from_slice(&row[..columns]);
        }
    }
    finish(epilogue, 0, out);
}
