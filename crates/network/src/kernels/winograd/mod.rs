//! 3×3 convolutions at stride 1 by F(4×4, 3×3): 36 products where the plain method takes 144 (Lavin
//! and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016).
//!
//! A tile of 6×6 inputs becomes 36 points, and so does a filter. At every point the tiles ×
//! channels matrix is multiplied by the channels × filters matrix. 36 points become 4×4 outputs.
//! Images are channels-last, so that sixteen channels are transformed at once (`points.rs`). The
//! weight gradient is the transpose of the same three steps (`weights.rs`).

mod points;
mod weights;

pub(crate) use weights::weight_gradient;

use super::product::{PANEL, Panels, Rows, Start, packed_len, product};
use super::simd::zeros;
use points::{transform_filters, transform_inputs, transform_outputs};
use rayon::prelude::*;
use std::cell::RefCell;

/// The number of outputs along a side of a tile.
const SIDE: usize = 4;
/// The number of inputs along a side of a tile.
const REACH: usize = 6;
const POINTS: usize = REACH * REACH;
/// The number of tiles that go through the three steps together: their points stay in the
/// second-level cache.
const BLOCK: usize = 60;

/// The shape: images N×H×W and the channels on both sides.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub filters: usize,
}

impl Shape {
    fn tiles_across(&self) -> usize {
        self.width.div_ceil(SIDE)
    }

    fn tiles_of_image(&self) -> usize {
        self.height.div_ceil(SIDE) * self.tiles_across()
    }

    pub(crate) fn tiles(&self) -> usize {
        self.batch * self.tiles_of_image()
    }

    /// The picture, row and column of a tile's first output.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (n, t) = (tile / self.tiles_of_image(), tile % self.tiles_of_image());
        (n, t / self.tiles_across() * SIDE, t % self.tiles_across() * SIDE)
    }
}

/// The number of floats between two tiles of one point. A power of two would map them to the same
/// lines of the cache.
fn pitch(channels: usize) -> usize {
    channels + PANEL
}

/// The operations after a convolution, fused into its last step.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// The bias added to every output, a value for each filter.
    pub bias: Option<&'a [f32]>,
    /// The residual added to every output, of the output's shape.
    pub residual: Option<&'a [f32]>,
    /// True if a ReLU ends it.
    pub relu: bool,
}

impl Epilogue<'_> {
    /// No operation after the convolution.
    pub(crate) const NONE: Self = Self { bias: None, residual: None, relu: false };
}

/// Transforms packed filters, 9·channels × filters, to panels × 36 × channels × 16.
pub(crate) fn filters(channels: usize, filters: usize, packed: &[f32]) -> Vec<f32> {
    let mut points = zeros(POINTS * packed_len(channels, filters));
    let panels = packed.par_chunks_exact(9 * channels * PANEL);
    points
        .par_chunks_exact_mut(POINTS * channels * PANEL)
        .zip(panels)
        .for_each(|(points, panel)| transform_filters(channels, panel, points));
    points
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The first `len` floats of a buffer, which grows if needed. Their values are arbitrary.
fn at_least(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    &mut buffer[..len]
}

/// The scratch memory of one thread.
#[derive(Default)]
struct Scratch {
    inputs: Vec<f32>,
    outputs: Vec<f32>,
}

/// N×H×W×C → N×H×W×O, by filters that [`filters`] has transformed.
pub(crate) fn forward(
    shape: &Shape,
    images: &[f32],
    points: &[f32],
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    let threads = rayon::current_num_threads();
    let rows = shape.height.div_ceil(SIDE);
    let lines = shape.batch * rows;
    let across = shape.tiles_across();
    if shape.tiles() < 16 * threads || lines < threads {
        return forward_few(shape, images, points, epilogue, out);
    }
    // Blocks are whole rows of tiles, so that each owns its part of the output.
    let blocks = (lines * across).div_ceil(BLOCK).next_multiple_of(threads).min(lines);
    let ends: Vec<usize> = (0..=blocks).map(|b| b * lines / blocks).collect();
    let mut parts = Vec::with_capacity(blocks);
    let (mut rest, mut origin) = (out, 0);
    for pair in ends.windows(2) {
        let end = row_offset(shape, pair[1]);
        let (part, tail) = rest.split_at_mut(end - origin);
        parts.push((pair[0], pair[1], origin, part));
        (rest, origin) = (tail, end);
    }
    parts.into_par_iter().for_each(|(start, end, origin, part)| {
        SCRATCH.with_borrow_mut(|scratch| {
            block(
                shape,
                images,
                points,
                epilogue,
                scratch,
                start * across,
                (end - start) * across,
                origin,
                part,
            );
        });
    });
}

/// The offset in the output of a row of tiles.
fn row_offset(shape: &Shape, line: usize) -> usize {
    let rows = shape.height.div_ceil(SIDE);
    let (n, row) = (line / rows, line % rows);
    (n * shape.height + row * SIDE) * shape.width * shape.filters
}

fn block(
    shape: &Shape,
    images: &[f32],
    points: &[f32],
    epilogue: &Epilogue<'_>,
    scratch: &mut Scratch,
    first: usize,
    tiles: usize,
    origin: usize,
    out: &mut [f32],
) {
    let inputs = at_least(&mut scratch.inputs, POINTS * tiles * pitch(shape.channels));
    let outputs = at_least(&mut scratch.outputs, POINTS * tiles * pitch(shape.filters));
    transform_inputs(shape, images, first, tiles, inputs);
    for (point, out) in outputs.chunks_exact_mut(tiles * pitch(shape.filters)).enumerate() {
        multiply(shape, tiles, inputs, points, point, out);
    }
    transform_outputs(shape, outputs, first, tiles, epilogue, origin, out);
}

fn multiply(
    shape: &Shape,
    tiles: usize,
    inputs: &[f32],
    points: &[f32],
    point: usize,
    out: &mut [f32],
) {
    let (c, o) = (shape.channels, shape.filters);
    let plane = tiles * pitch(c);
    let data = &inputs[point * plane..][..plane];
    let rows = Rows { data, segments: &[0], len: c, step: 1, stride: pitch(c) };
    let data = &points[point * c * PANEL..];
    let panels = Panels { data, panel: POINTS * c * PANEL, step: PANEL, columns: o };
    product(out, pitch(o), tiles, rows, panels, Start::Zero);
}

/// Convolves when there are so few tiles that the threads share the points instead: each reads its
/// own part of the filters.
fn forward_few(
    shape: &Shape,
    images: &[f32],
    points: &[f32],
    epilogue: &Epilogue<'_>,
    out: &mut [f32],
) {
    // The scratch is taken, not borrowed: a waiting thread may meanwhile run a task that needs its
    // own.
    let mut scratch = SCRATCH.take();
    let tiles = shape.tiles();
    let inputs = at_least(&mut scratch.inputs, POINTS * tiles * pitch(shape.channels));
    let outputs = at_least(&mut scratch.outputs, POINTS * tiles * pitch(shape.filters));
    transform_inputs(shape, images, 0, tiles, inputs);
    outputs
        .par_chunks_exact_mut(tiles * pitch(shape.filters))
        .enumerate()
        .for_each(|(point, out)| multiply(shape, tiles, inputs, points, point, out));
    transform_outputs(shape, outputs, 0, tiles, epilogue, 0, out);
    SCRATCH.set(scratch);
}
