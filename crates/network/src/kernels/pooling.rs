//! The largest of every 3×3 window at stride 2 with a margin of 1, and its gradient. Layout
//! N×H×W×C.

use super::simd::{dispatched, zeros};
use rayon::prelude::*;

/// Rows or columns of the input, `size` in all, that output `at` sees.
fn window(at: usize, size: usize) -> std::ops::Range<usize> {
    (2 * at).saturating_sub(1)..(2 * at + 2).min(size)
}

dispatched! {
fn keep_larger(largest: &mut [f32], candidates: &[f32]) {
    largest.iter_mut().zip(candidates).for_each(|(l, c)| *l = l.max(*c));
}
}

/// (N, H, W, C) → (N, ⌈H/2⌉, ⌈W/2⌉, C).
pub(crate) fn forward([n, h, w, c]: [usize; 4], x: &[f32]) -> Vec<f32> {
    let mut y = zeros(n * h.div_ceil(2) * w.div_ceil(2) * c);
    forward_into([n, h, w, c], x, &mut y);
    y
}

/// Pools into a buffer, whose content is lost.
pub(crate) fn forward_into([_, h, w, c]: [usize; 4], x: &[f32], y: &mut [f32]) {
    let (down, across) = (h.div_ceil(2), w.div_ceil(2));
    y.par_chunks_mut((across * c).max(1)).enumerate().for_each(|(line, y)| {
        let (n, oy) = (line / down, line % down);
        y.fill(f32::NEG_INFINITY);
        for iy in window(oy, h) {
            let row = &x[(n * h + iy) * w * c..][..w * c];
            for (ox, y) in y.chunks_exact_mut(c).enumerate() {
                window(ox, w).for_each(|ix| keep_larger(y, &row[ix * c..][..c]));
            }
        }
    });
}

dispatched! {
/// Adds `upstream` to the gradient of an input that is the window's largest, unless an earlier one
/// was. `taken` keeps track.
fn give(x: &[f32], y: &[f32], upstream: &[f32], taken: &mut [f32], dx: &mut [f32]) {
    for c in 0..taken.len() {
        let here = if x[c] == y[c] { taken[c] } else { 0.0 };
        dx[c] += upstream[c] * here;
        taken[c] -= here;
    }
}
}

/// Passes upstream (N, ⌈H/2⌉, ⌈W/2⌉, C) to the first largest input of each window.
pub(crate) fn gradient(
    [_, h, w, c]: [usize; 4],
    upstream: &[f32],
    x: &[f32],
    y: &[f32],
) -> Vec<f32> {
    let (down, across) = (h.div_ceil(2), w.div_ceil(2));
    let mut dx = zeros(x.len());
    dx.par_chunks_mut((h * w * c).max(1)).enumerate().for_each(|(n, dx)| {
        let image = &x[n * h * w * c..][..h * w * c];
        for (oy, ox) in (0..down * across).map(|i| (i / across, i % across)) {
            let at = ((n * down + oy) * across + ox) * c;
            let (y, upstream) = (&y[at..][..c], &upstream[at..][..c]);
            let mut taken = vec![1.0; c];
            for (iy, ix) in window(oy, h).flat_map(|iy| window(ox, w).map(move |ix| (iy, ix))) {
                let at = (iy * w + ix) * c;
                give(&image[at..][..c], y, upstream, &mut taken, &mut dx[at..][..c]);
            }
        }
    });
    dx
}
