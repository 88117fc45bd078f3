//! The transforms between points and the tiles of images, upstream gradients and filters.

use super::{Epilogue, REACH, Shape, pitch};
use crate::kernels::product::PANEL;
use crate::kernels::simd::{Lanes, dispatched};

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

/// Applies a line transform along the columns, then along the rows, to `load(y, x)`; `store(y, x,
/// value)` takes the result. It is a macro, since closures handed to functions are not always
/// inlined, and then run without vectors.
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
/// The points of the tiles from `first` on: `points` is 36 × tiles × pitch(channels).
pub(super) fn transform_inputs(shape: &Shape, images: &[f32], first: usize, tiles: usize, points: &mut [f32]) {
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
pub(super) fn transform_upstream(shape: &Shape, upstream: &[f32], first: usize, tiles: usize, points: &mut [f32]) {
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

dispatched! {
/// The outputs of the tiles from `first` on, written to `out`, which begins with the rows of output
/// `origin`.
pub(super) fn transform_outputs(
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
pub(super) fn transform_filters(channels: usize, panel: &[f32], points: &mut [f32]) {
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
/// The transpose of `transform_filters`: 36 points of `len` weights to a part, from `first` on, of
/// each of the nine taps.
pub(super) fn transform_weights(points: &[f32], len: usize, first: usize, taps: &mut [&mut [f32]]) {
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
