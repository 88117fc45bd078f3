//! Convolution in two dimensions and its two gradients, by tiles of im2col and one matrix product each.
//!
//! Layouts: images N×C×H×W, weights O×C×k×k, both row-major. A tile is a stretch of output rows of one
//! image, or, where the pictures are small, several whole images; its patches (C·k² × positions) fit the
//! second-level cache. Images are dealt to the threads in fixed parts, so results do not depend on how
//! many threads there are.

use super::gemm::{View, matmul};
use rayon::prelude::*;

/// Floats of a patch matrix that fit the second-level cache beside the other operands.
const TILE: usize = 1 << 18;
/// Parts that a batch is cut into for the weight gradient: fixed, so that sums do not depend on threads.
const PARTS: usize = 4;

/// Shape of one convolution: square kernel, same stride and padding on both axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Images.
    pub batch: usize,
    /// Channels in, height and width in.
    pub input: [usize; 3],
    /// Channels out.
    pub filters: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
    /// Zero padding.
    pub padding: usize,
}

impl Geometry {
    /// Geometry of `images` (N, C, H, W) under `weights` (O, C, k, k).
    pub(crate) fn new(images: [usize; 4], weights: [usize; 4], stride: usize, padding: usize) -> Self {
        assert_eq!(images[1], weights[1], "channels of the images and of the weights");
        assert_eq!(weights[2], weights[3], "only square kernels");
        Self {
            batch: images[0],
            input: [images[1], images[2], images[3]],
            filters: weights[0],
            kernel: weights[2],
            stride,
            padding,
        }
    }

    /// Height and width of the output.
    pub(crate) fn output(&self) -> (usize, usize) {
        let side = |n: usize| (n + 2 * self.padding - self.kernel) / self.stride + 1;
        (side(self.input[1]), side(self.input[2]))
    }

    fn positions(&self) -> usize {
        self.output().0 * self.output().1
    }

    /// Rows of the patch matrix.
    fn patch(&self) -> usize {
        self.input[0] * self.kernel * self.kernel
    }

    fn image_len(&self) -> usize {
        self.input.iter().product()
    }

    fn output_len(&self) -> usize {
        self.filters * self.positions()
    }

    /// Whole images whose patches make one tile: at least one, and few enough to occupy `PARTS` threads.
    fn images_per_tile(&self) -> usize {
        let fit = TILE / (self.patch() * self.positions()).max(1);
        fit.clamp(1, self.batch.div_ceil(PARTS).max(1))
    }

    /// Output rows of a tile within one image.
    fn rows_per_tile(&self) -> usize {
        (TILE / (self.patch() * self.output().1).max(1)).clamp(1, self.output().0)
    }
}

/// Where output column `ox` reads: for kernel column `kx`, columns `first..last` are inside the picture.
fn inside(geometry: &Geometry, k: usize, size_in: usize, size_out: usize) -> (usize, usize) {
    let (s, p) = (geometry.stride, geometry.padding);
    let first = p.saturating_sub(k).div_ceil(s);
    let last = if size_in + p > k { ((size_in + p - k - 1) / s + 1).min(size_out) } else { 0 };
    (first.min(last), last)
}

/// Calls `visit(patch row, output row in the tile, first, last, start of the source run)` for every run of
/// one image's patches; the source run steps by the stride.
fn for_each_run(
    geometry: &Geometry,
    rows: std::ops::Range<usize>,
    mut visit: impl FnMut(usize, usize, usize, usize, usize),
) {
    let [channels, height, width] = geometry.input;
    let (_, out_width) = geometry.output();
    let k = geometry.kernel;
    for c in 0..channels {
        for (ky, kx) in (0..k * k).map(|i| (i / k, i % k)) {
            let (first, last) = inside(geometry, kx, width, out_width);
            for oy in rows.clone() {
                let iy = (oy * geometry.stride + ky).wrapping_sub(geometry.padding);
                if iy < height && first < last {
                    let ix = first * geometry.stride + kx - geometry.padding;
                    visit(
                        (c * k + ky) * k + kx,
                        oy - rows.start,
                        first,
                        last,
                        (c * height + iy) * width + ix,
                    );
                }
            }
        }
    }
}

/// Fills columns `column..` of the patch matrix (rows `pitch` apart, zeroed) from one image.
fn gather(
    geometry: &Geometry,
    image: &[f32],
    rows: std::ops::Range<usize>,
    patches: &mut [f32],
    pitch: usize,
    column: usize,
) {
    let (stride, out_width) = (geometry.stride, geometry.output().1);
    for_each_run(geometry, rows, |row, oy, first, last, from| {
        let to = row * pitch + column + oy * out_width;
        let target = &mut patches[to + first..to + last];
        if stride == 1 {
            target.copy_from_slice(&image[from..from + last - first]);
        } else {
            for (t, s) in target.iter_mut().zip(image[from..].iter().step_by(stride)) {
                *t = *s;
            }
        }
    });
}

/// Adds columns `column..` of a patch matrix back onto one image: the transpose of [`gather`].
fn scatter(
    geometry: &Geometry,
    image: &mut [f32],
    rows: std::ops::Range<usize>,
    patches: &[f32],
    pitch: usize,
    column: usize,
) {
    let (stride, out_width) = (geometry.stride, geometry.output().1);
    for_each_run(geometry, rows, |row, oy, first, last, from| {
        let at = row * pitch + column + oy * out_width;
        let source = &patches[at + first..at + last];
        if stride == 1 {
            for (t, s) in image[from..from + last - first].iter_mut().zip(source) {
                *t += *s;
            }
        } else {
            for (t, s) in image[from..].iter_mut().step_by(stride).zip(source) {
                *t += *s;
            }
        }
    });
}

/// Patches of `images` (a few whole ones) as a matrix of `patch` rows.
fn patches_of(geometry: &Geometry, images: &[f32], buffer: &mut Vec<f32>) -> usize {
    let positions = geometry.positions();
    let pitch = images.len() / geometry.image_len() * positions;
    buffer.clear();
    buffer.resize(geometry.patch() * pitch, 0.0);
    for (i, image) in images.chunks_exact(geometry.image_len()).enumerate() {
        gather(geometry, image, 0..geometry.output().0, buffer, pitch, i * positions);
    }
    pitch
}

/// Rearranges filters×(images·positions) to images×filters×positions, or back.
fn exchange(from: &[f32], to: &mut [f32], outer: usize, inner: usize, positions: usize) {
    for i in 0..outer {
        for j in 0..inner {
            let (a, b) = ((i * inner + j) * positions, (j * outer + i) * positions);
            to[b..b + positions].copy_from_slice(&from[a..a + positions]);
        }
    }
}

/// Scratch of one thread: patches, and a second operand in another order.
#[derive(Default)]
struct Scratch {
    patches: Vec<f32>,
    other: Vec<f32>,
}

/// Convolution: images (N, C, H, W) and weights (O, C, k, k) → (N, O, H', W').
pub(super) fn forward(geometry: &Geometry, images: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; geometry.batch * geometry.output_len()];
    let group = geometry.images_per_tile();
    out.par_chunks_mut(group * geometry.output_len())
        .zip(images.par_chunks(group * geometry.image_len()))
        .for_each_init(Scratch::default, |scratch, (out, images)| {
            if images.len() > geometry.image_len() {
                forward_group(geometry, images, weights, out, scratch);
            } else {
                forward_image(geometry, images, weights, out, scratch);
            }
        });
    out
}

fn forward_group(
    geometry: &Geometry,
    images: &[f32],
    weights: &[f32],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let pitch = patches_of(geometry, images, &mut scratch.patches);
    scratch.other.resize(geometry.filters * pitch, 0.0);
    let product = &mut scratch.other[..geometry.filters * pitch];
    let (filters, patch) = (geometry.filters, geometry.patch());
    let (w, x) = (View::rows(weights, filters, patch), View::rows(&scratch.patches, patch, pitch));
    matmul(product, pitch, w, x, false);
    exchange(product, out, filters, pitch / geometry.positions(), geometry.positions());
}

fn forward_image(
    geometry: &Geometry,
    image: &[f32],
    weights: &[f32],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let (filters, patch, positions) = (geometry.filters, geometry.patch(), geometry.positions());
    for_each_tile(geometry, |rows, first, columns| {
        scratch.patches.clear();
        scratch.patches.resize(patch * columns, 0.0);
        gather(geometry, image, rows, &mut scratch.patches, columns, 0);
        let (w, x) = (View::rows(weights, filters, patch), View::rows(&scratch.patches, patch, columns));
        matmul(&mut out[first..], positions, w, x, false);
    });
}

/// The tiles of one image: output rows, first position, positions.
fn for_each_tile(geometry: &Geometry, mut visit: impl FnMut(std::ops::Range<usize>, usize, usize)) {
    let (height, width) = geometry.output();
    for start in (0..height).step_by(geometry.rows_per_tile()) {
        let end = (start + geometry.rows_per_tile()).min(height);
        visit(start..end, start * width, (end - start) * width);
    }
}

/// Gradient with respect to the images: upstream (N, O, H', W') and weights → (N, C, H, W).
pub(super) fn image_gradient(geometry: &Geometry, upstream: &[f32], weights: &[f32]) -> Vec<f32> {
    let mut out = vec![0.0; geometry.batch * geometry.image_len()];
    let group = geometry.images_per_tile();
    out.par_chunks_mut(group * geometry.image_len())
        .zip(upstream.par_chunks(group * geometry.output_len()))
        .for_each_init(Scratch::default, |scratch, (out, upstream)| {
            if out.len() > geometry.image_len() {
                image_gradient_group(geometry, upstream, weights, out, scratch);
            } else {
                image_gradient_image(geometry, upstream, weights, out, scratch);
            }
        });
    out
}

fn image_gradient_group(
    geometry: &Geometry,
    upstream: &[f32],
    weights: &[f32],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let (filters, patch, positions) = (geometry.filters, geometry.patch(), geometry.positions());
    let pitch = upstream.len() / filters;
    scratch.other.resize(upstream.len(), 0.0);
    exchange(upstream, &mut scratch.other, pitch / positions, filters, positions);
    scratch.patches.clear();
    scratch.patches.resize(patch * pitch, 0.0);
    let (w, dy) =
        (View::rows(weights, filters, patch).transposed(), View::rows(&scratch.other, filters, pitch));
    matmul(&mut scratch.patches, pitch, w, dy, false);
    for (i, image) in out.chunks_exact_mut(geometry.image_len()).enumerate() {
        scatter(geometry, image, 0..geometry.output().0, &scratch.patches, pitch, i * positions);
    }
}

fn image_gradient_image(
    geometry: &Geometry,
    upstream: &[f32],
    weights: &[f32],
    out: &mut [f32],
    scratch: &mut Scratch,
) {
    let (filters, patch, positions) = (geometry.filters, geometry.patch(), geometry.positions());
    for_each_tile(geometry, |rows, first, columns| {
        scratch.patches.clear();
        scratch.patches.resize(patch * columns, 0.0);
        let w = View::rows(weights, filters, patch).transposed();
        let dy = View::strided(&upstream[first..], filters, columns, positions);
        matmul(&mut scratch.patches, columns, w, dy, false);
        scatter(geometry, out, rows, &scratch.patches, columns, 0);
    });
}

/// Gradient with respect to the weights: images and upstream (N, O, H', W') → (O, C, k, k).
pub(super) fn weight_gradient(geometry: &Geometry, images: &[f32], upstream: &[f32]) -> Vec<f32> {
    let part = geometry.batch.div_ceil(PARTS).max(1);
    let parts: Vec<Vec<f32>> = images
        .par_chunks(part * geometry.image_len())
        .zip(upstream.par_chunks(part * geometry.output_len()))
        .map_init(Scratch::default, |scratch, (images, upstream)| {
            weight_gradient_part(geometry, images, upstream, scratch)
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_else(|| vec![0.0; geometry.filters * geometry.patch()]);
    for part in parts {
        sum.iter_mut().zip(&part).for_each(|(s, p)| *s += p);
    }
    sum
}

fn weight_gradient_part(
    geometry: &Geometry,
    images: &[f32],
    upstream: &[f32],
    scratch: &mut Scratch,
) -> Vec<f32> {
    let (filters, patch, positions) = (geometry.filters, geometry.patch(), geometry.positions());
    let mut sum = vec![0.0; filters * patch];
    let group = geometry.images_per_tile();
    let groups =
        images.chunks(group * geometry.image_len()).zip(upstream.chunks(group * geometry.output_len()));
    for (images, upstream) in groups {
        if images.len() > geometry.image_len() {
            let pitch = patches_of(geometry, images, &mut scratch.patches);
            scratch.other.resize(upstream.len(), 0.0);
            exchange(upstream, &mut scratch.other[..upstream.len()], pitch / positions, filters, positions);
            let dy = View::rows(&scratch.other, filters, pitch);
            matmul(&mut sum, patch, dy, View::rows(&scratch.patches, patch, pitch).transposed(), true);
        } else {
            for_each_tile(geometry, |rows, first, columns| {
                scratch.patches.clear();
                scratch.patches.resize(patch * columns, 0.0);
                gather(geometry, images, rows, &mut scratch.patches, columns, 0);
                let dy = View::strided(&upstream[first..], filters, columns, positions);
                matmul(&mut sum, patch, dy, View::rows(&scratch.patches, patch, columns).transposed(), true);
            });
        }
    }
    sum
}
