//! 3×3 convolutions at stride 1 by F(4×4, 3×3): 36 products where the plain way takes 144
//! (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016).
//!
//! A tile of 6×6 inputs becomes 36 points, a filter, too; at every point the tiles × channels matrix is multiplied by the
//! channels × filters matrix; 36 points become 4×4 outputs. Images are channels-last, so that sixteen channels are
//! transformed at once. The weight gradient is the transpose of the same three steps.

use super::lanes::{Lanes, dispatched, zeros};
use super::product::{PANEL, Panels, Rows, Start, packed_len, product};
use rayon::prelude::*;
use std::cell::RefCell;

/// Outputs along a side of a tile.
const SIDE: usize = 4;
/// Inputs along a side of a tile.
const REACH: usize = 6;
const POINTS: usize = REACH * REACH;
/// Tiles that go through the three steps together: their points stay in the second-level cache.
const BLOCK: usize = 60;

/// Images N×H×W and the channels on both sides.
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

    /// Picture, row and column of the first output of a tile.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (n, t) = (tile / self.tiles_of_image(), tile % self.tiles_of_image());
        (n, t / self.tiles_across() * SIDE, t % self.tiles_across() * SIDE)
    }
}

/// Floats between two tiles of one point: a power of two would make them fight for the same lines of the cache.
fn pitch(channels: usize) -> usize {
    channels + PANEL
}

/// Bᵀd.
#[inline(always)]
fn input_line(d: [Lanes; 6]) -> [Lanes; 6] {
    let (a, b) = (d[4] - d[2] * 4.0, d[3] - d[1] * 4.0);
    let (c, e) = (d[4] - d[2], (d[3] - d[1]) * 2.0);
    [d[0] * 4.0 - d[2] * 5.0 + d[4], a + b, a - b, c + e, c - e, d[1] * 4.0 - d[3] * 5.0 + d[5]]
}

/// Aᵀm.
#[inline(always)]
fn output_line(m: [Lanes; 6]) -> [Lanes; 4] {
    let (s1, d1, s2, d2) = (m[1] + m[2], m[1] - m[2], m[3] + m[4], m[3] - m[4]);
    [m[0] + s1 + s2, d1 + d2 * 2.0, s1 + s2 * 4.0, d1 + d2 * 8.0 + m[5]]
}

/// Gg.
#[inline(always)]
fn filter_line(g: [Lanes; 3]) -> [Lanes; 6] {
    let (s, d) = ((g[0] + g[2]) * (-1.0 / 6.0), g[1] * (1.0 / 6.0));
    let (e, f) = (g[0] * (1.0 / 24.0) + g[2] * (1.0 / 6.0), g[1] * (1.0 / 12.0));
    [g[0] * 0.25, s - d, s + d, e + f, e - f, g[2]]
}

/// The transposes of the three: A·y, and Gᵀ·p.
#[inline(always)]
fn upstream_line(y: [Lanes; 4]) -> [Lanes; 6] {
    let (even, odd) = (y[0] + y[2], y[1] + y[3]);
    let (far_even, far_odd) = (y[0] + y[2] * 4.0, y[1] * 2.0 + y[3] * 8.0);
    [y[0], even + odd, even - odd, far_even + far_odd, far_even - far_odd, y[3]]
}

#[inline(always)]
fn weight_line(p: [Lanes; 6]) -> [Lanes; 3] {
    let (s, d) = ((p[1] + p[2]) * (-1.0 / 6.0), (p[2] - p[1]) * (1.0 / 6.0));
    let (e, f) = (p[3] + p[4], (p[3] - p[4]) * (1.0 / 12.0));
    [p[0] * 0.25 + s + e * (1.0 / 24.0), d + f, s + e * (1.0 / 6.0) + p[5]]
}

/// A line transform along the columns, then along the rows, of what `load(y, x)` gives; `store(y, x, value)` takes the
/// result. A macro, since closures handed to functions are not always inlined, and then run without vectors.
macro_rules! both_ways {
    ($half:ident, $line:ident, $from:literal -> $to:literal, |$y:ident, $x:ident| $load:expr, |$v:ident, $w:ident, $value:ident| $store:expr) => {{
        for $x in 0..$from {
            let mut column = [Lanes::ZERO; $from];
            for $y in 0..$from {
                column[$y] = $load;
            }
            let line = $line(column);
            for y in 0..$to {
                $half[y][$x] = line[y];
            }
        }
        for $v in 0..$to {
            let line = $line($half[$v]);
            for $w in 0..$to {
                let $value = line[$w];
                $store;
            }
        }
    }};
}

dispatched! {
/// Points of the tiles from `first` on: `points` is 36 × tiles × pitch(channels).
fn transform_inputs(shape: &Shape, images: &[f32], first: usize, tiles: usize, points: &mut [f32]) {
    let (c, stride) = (shape.channels, pitch(shape.channels));
    let mut half = [[Lanes::ZERO; 6]; 6];
    for t in 0..tiles {
        let (n, top, left) = shape.place(first + t);
        let mut from = [[None; REACH]; REACH];
        for (dy, from) in from.iter_mut().enumerate() {
            for (dx, from) in from.iter_mut().enumerate() {
                let (y, x) = ((top + dy).wrapping_sub(1), (left + dx).wrapping_sub(1));
                if y < shape.height && x < shape.width {
                    *from = Some(((n * shape.height + y) * shape.width + x) * c);
                }
            }
        }
        for lane in (0..c).step_by(PANEL) {
            both_ways!(
                half, input_line, 6 -> 6,
                |y, x| match from[y][x] {
                    Some(at) => Lanes::load(&images[at + lane..]),
                    None => Lanes::ZERO,
                },
                |y, x, value| value.store(&mut points[((y * REACH + x) * tiles + t) * stride + lane..])
            );
        }
    }
}
}

dispatched! {
/// The transpose of `transform_outputs`: points of the upstream gradient, 36 × panels × tiles × 16.
fn transform_upstream(shape: &Shape, upstream: &[f32], first: usize, tiles: usize, points: &mut [f32]) {
    let o = shape.filters;
    let mut half = [[Lanes::ZERO; 4]; 6];
    for t in 0..tiles {
        let (n, top, left) = shape.place(first + t);
        for lane in (0..o).step_by(PANEL) {
            both_ways!(
                half, upstream_line, 4 -> 6,
                |y, x| if top + y < shape.height && left + x < shape.width {
                    Lanes::load(&upstream[((n * shape.height + top + y) * shape.width + left + x) * o + lane..])
                } else {
                    Lanes::ZERO
                },
                |y, x, value| value.store(&mut points[((y * REACH + x) * o + lane) * tiles + t * PANEL..])
            );
        }
    }
}
}

/// What follows a convolution, fused into its last step.
#[derive(Clone, Copy)]
pub(crate) struct Epilogue<'a> {
    /// Added to every output, a value a filter.
    pub bias: Option<&'a [f32]>,
    /// Added to every output, of the output's shape.
    pub residual: Option<&'a [f32]>,
    /// Whether a ReLU ends it.
    pub relu: bool,
}

impl Epilogue<'_> {
    /// Nothing follows.
    pub(crate) const NONE: Self = Self { bias: None, residual: None, relu: false };
}

dispatched! {
/// Outputs of the tiles from `first` on, written to `out`, which begins with the rows of output `origin`.
fn transform_outputs(
    shape: &Shape,
    points: &[f32],
    first: usize,
    tiles: usize,
    epilogue: &Epilogue<'_>,
    origin: usize,
    out: &mut [f32],
) {
    let (o, stride) = (shape.filters, pitch(shape.filters));
    let floor = if epilogue.relu { 0.0 } else { f32::NEG_INFINITY };
    let mut half = [[Lanes::ZERO; 6]; 4];
    for t in 0..tiles {
        let (n, top, left) = shape.place(first + t);
        for lane in (0..o).step_by(PANEL) {
            let bias = epilogue.bias.map_or(Lanes::ZERO, |bias| Lanes::load(&bias[lane..]));
            both_ways!(
                half, output_line, 6 -> 4,
                |y, x| Lanes::load(&points[((y * REACH + x) * tiles + t) * stride + lane..]),
                |y, x, value| if top + y < shape.height && left + x < shape.width {
                    let at = ((n * shape.height + top + y) * shape.width + left + x) * o + lane;
                    let mut value = value + bias;
                    if let Some(residual) = epilogue.residual {
                        value = value + Lanes::load(&residual[at..]);
                    }
                    value.max(floor).store(&mut out[at - origin..]);
                }
            );
        }
    }
}
}

dispatched! {
/// A panel of filters, 3 × 3 × channels × 16, to its 36 × channels × 16 points.
fn transform_filters(channels: usize, panel: &[f32], points: &mut [f32]) {
    let mut half = [[Lanes::ZERO; 3]; 6];
    for c in 0..channels {
        both_ways!(
            half, filter_line, 3 -> 6,
            |y, x| Lanes::load(&panel[((y * 3 + x) * channels + c) * PANEL..]),
            |y, x, value| value.store(&mut points[((y * REACH + x) * channels + c) * PANEL..])
        );
    }
}
}

dispatched! {
/// The transpose: 36 points of `len` weights, of which those from `first` on go to a part of each of the nine taps.
fn transform_weights(points: &[f32], len: usize, first: usize, taps: &mut [&mut [f32]]) {
    let mut half = [[Lanes::ZERO; 6]; 3];
    for at in (0..taps[0].len()).step_by(PANEL) {
        both_ways!(
            half, weight_line, 6 -> 3,
            |y, x| Lanes::load(&points[(y * REACH + x) * len + first + at..]),
            |y, x, value| value.store(&mut taps[y * 3 + x][at..])
        );
    }
}
}

/// Filters packed as 9·channels × filters to panels × 36 × channels × 16.
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

/// The first `len` floats of a buffer that grows where needed; what they hold is what was left there.
fn at_least(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    &mut buffer[..len]
}

/// Scratch of one thread.
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
    // Whole rows of tiles, so that every block owns its stretch of the output.
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

/// Offset in the output of a row of tiles.
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

fn multiply(shape: &Shape, tiles: usize, inputs: &[f32], points: &[f32], point: usize, out: &mut [f32]) {
    let (c, o) = (shape.channels, shape.filters);
    let plane = tiles * pitch(c);
    let data = &inputs[point * plane..][..plane];
    let rows = Rows { data, segments: &[0], len: c, step: 1, stride: pitch(c) };
    let data = &points[point * c * PANEL..];
    let panels = Panels { data, panel: POINTS * c * PANEL, step: PANEL, columns: o };
    product(out, pitch(o), tiles, rows, panels, Start::Zero);
}

/// So few tiles that the threads share the points instead: each reads its own part of the filters.
fn forward_few(shape: &Shape, images: &[f32], points: &[f32], epilogue: &Epilogue<'_>, out: &mut [f32]) {
    // Taken, not borrowed: a thread that waits for the others may meanwhile run a task that needs its own.
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

/// Weights whose points are gathered in one task.
const PART: usize = 1 << 14;
/// Tiles whose points are kept at once for the weight gradient.
const STRETCH: usize = 4 * BLOCK;

/// Gradient with respect to the weights, 3 × 3 × channels × filters, from images N×H×W×C and upstream N×H×W×O.
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

/// Points of a stretch of tiles, block by block: tiles, inputs, upstream.
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
