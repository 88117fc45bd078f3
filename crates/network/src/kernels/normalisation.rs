//! Batch normalisation with residual and ReLU fused, and its gradients (Ioffe and Szegedy 2015).
//!
//! Layout M×C: a row is one place of one image. Sums are made of parts of a fixed number of rows,
//! so they do not depend on the number of threads.

use super::simd::{dispatched, zeros};
use rayon::prelude::*;

/// Rows, channels.
pub(crate) type Extent = [usize; 2];

/// The number of rows that are summed in f32; sums of more are in f64.
const RUN: usize = 64;
/// The number of rows of one task.
const PART: usize = 16 * RUN;

dispatched! {
/// Adds `rows` to `sums`, channel by channel.
fn add(rows: &[f32], sums: &mut [f32]) {
    for row in rows.chunks_exact(sums.len()) {
        sums.iter_mut().zip(row).for_each(|(s, x)| *s += x);
    }
}
}

dispatched! {
/// Adds the squared deviations of `rows` from `mean` to `sums`.
fn add_squares(rows: &[f32], mean: &[f32], sums: &mut [f32]) {
    for row in rows.chunks_exact(sums.len()) {
        sums.iter_mut().zip(row.iter().zip(mean)).for_each(|(s, (x, m))| *s += (x - m) * (x - m));
    }
}
}

dispatched! {
/// Adds g·(x − mean) to `sums`.
fn add_products(g: &[f32], x: &[f32], mean: &[f32], sums: &mut [f32]) {
    for (g, x) in g.chunks_exact(sums.len()).zip(x.chunks_exact(sums.len())) {
        sums.iter_mut().zip(g.iter().zip(x.iter().zip(mean))).for_each(|(s, (g, (x, m)))| *s += g * (x - m));
    }
}
}

/// The sums over all rows. `add` adds up one run, given as its first float and its end.
fn totals(
    [rows, channels]: Extent,
    add: impl Fn(std::ops::Range<usize>, &mut [f32]) + Sync,
) -> Vec<f64> {
    let part = |first: usize| {
        let mut sums = vec![0.0; channels];
        for run in (first..(first + PART).min(rows)).step_by(RUN) {
            let mut run_sums = vec![0.0f32; channels];
            add(run * channels..(run + RUN).min(rows) * channels, &mut run_sums);
            sums.iter_mut().zip(&run_sums).for_each(|(s, r)| *s += f64::from(*r));
        }
        sums
    };
    let parts: Vec<Vec<f64>> =
        (0..rows.div_ceil(PART)).into_par_iter().map(|i| part(i * PART)).collect();
    let mut sums = vec![0.0; channels];
    parts.iter().for_each(|part| sums.iter_mut().zip(part).for_each(|(s, p)| *s += p));
    sums
}

/// Mean and biased variance of every channel.
pub(super) fn statistics(x: &[f32], extent: Extent) -> (Vec<f32>, Vec<f32>) {
    let share =
        |sums: Vec<f64>| sums.iter().map(|s| (s / extent[0] as f64) as f32).collect::<Vec<f32>>();
    let mean = share(totals(extent, |run, sums| add(&x[run], sums)));
    let variance = share(totals(extent, |run, sums| add_squares(&x[run], &mean, sums)));
    (mean, variance)
}

dispatched! {
fn apply_rows(x: &[f32], scale: &[f32], offset: &[f32], residual: Option<&[f32]>, floor: f32, y: &mut [f32]) {
    let channels = scale.len();
    for (i, (y, x)) in y.chunks_exact_mut(channels).zip(x.chunks_exact(channels)).enumerate() {
        let affine = y.iter_mut().zip(x).zip(scale.iter().zip(offset));
        match residual {
            Some(r) => affine
                .zip(&r[i * channels..])
                .for_each(|(((y, x), (a, b)), r)| *y = (x * a + b + r).max(floor)),
            None => affine.for_each(|((y, x), (a, b))| *y = (x * a + b).max(floor)),
        }
    }
}
}

/// Per channel: y = x·scale + offset, plus `residual` where given, then ReLU where asked.
pub(super) fn apply(
    x: &[f32],
    channels: usize,
    scale: &[f32],
    offset: &[f32],
    residual: Option<&[f32]>,
    relu: bool,
) -> Vec<f32> {
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    let mut y = zeros(x.len());
    y.par_chunks_mut(PART * channels).enumerate().for_each(|(part, y)| {
        let at = part * PART * channels;
        apply_rows(&x[at..], scale, offset, residual.map(|r| &r[at..]), floor, y);
    });
    y
}

/// The values of the forward pass that the gradients need.
pub(super) struct Saved<'a> {
    /// The input of the normalisation.
    pub x: &'a [f32],
    /// The output, which tells where ReLU passed the gradient; `None` without ReLU.
    pub y: Option<&'a [f32]>,
    /// Mean of every channel.
    pub mean: &'a [f32],
    /// 1/√(variance + ε) of every channel.
    pub inverse: &'a [f32],
    /// Learned scale γ.
    pub gamma: &'a [f32],
    /// True if a residual was added.
    pub residual: bool,
}

/// Gradients of the normalisation over the statistics of its own batch.
pub(super) struct Gradients {
    /// The gradient with respect to the input.
    pub x: Vec<f32>,
    /// The gradient with respect to the scale γ.
    pub gamma: Vec<f32>,
    /// The gradient with respect to the offset β.
    pub beta: Vec<f32>,
    /// The gradient with respect to the residual, if there was one.
    pub passed: Option<Vec<f32>>,
}

dispatched! {
/// The upstream gradient where the output is positive.
fn pass(upstream: &[f32], y: &[f32], out: &mut [f32]) {
    for ((out, g), y) in out.iter_mut().zip(upstream).zip(y) {
        *out = if *y > 0.0 { *g } else { 0.0 };
    }
}
}

dispatched! {
/// g becomes factor·g + slope·x + shift, channel by channel.
fn combine(x: &[f32], factor: &[f32], slope: &[f32], shift: &[f32], g: &mut [f32]) {
    let channels = factor.len();
    for (g, x) in g.chunks_exact_mut(channels).zip(x.chunks_exact(channels)) {
        for c in 0..channels {
            g[c] = factor[c] * g[c] + slope[c] * x[c] + shift[c];
        }
    }
}
}

/// dβ = Σg, dγ = Σg·x̂, dx = γ/σ·(g − dβ/M − x̂·dγ/M), where g is the upstream gradient that ReLU
/// passes.
pub(super) fn gradients(upstream: &[f32], extent: Extent, saved: &Saved<'_>) -> Gradients {
    let [rows, channels] = extent;
    let chunk = PART * channels;
    let mut passed = zeros(upstream.len());
    passed.par_chunks_mut(chunk).enumerate().for_each(|(i, out)| match saved.y {
        Some(y) => pass(&upstream[i * chunk..], &y[i * chunk..], out),
        None => out.copy_from_slice(&upstream[i * chunk..][..out.len()]),
    });
    let beta: Vec<f64> = totals(extent, |run, sums| add(&passed[run], sums));
    let products = totals(extent, |run, sums| {
        add_products(&passed[run.clone()], &saved.x[run], saved.mean, sums)
    });
    let gamma: Vec<f64> =
        products.iter().zip(saved.inverse).map(|(p, i)| p * f64::from(*i)).collect();
    let factor: Vec<f32> = saved.gamma.iter().zip(saved.inverse).map(|(g, i)| g * i).collect();
    let per_row = |c: usize| f64::from(factor[c]) / rows as f64;
    let slope: Vec<f32> = (0..channels)
        .map(|c| (-per_row(c) * gamma[c] * f64::from(saved.inverse[c])) as f32)
        .collect();
    let shift: Vec<f32> =
        (0..channels).map(|c| (-per_row(c) * beta[c]) as f32 - slope[c] * saved.mean[c]).collect();
    let passed_on = saved.residual.then(|| passed.clone());
    passed.par_chunks_mut(chunk).enumerate().for_each(|(i, g)| {
        combine(&saved.x[i * chunk..], &factor, &slope, &shift, g);
    });
    let narrow = |sums: Vec<f64>| sums.into_iter().map(|s| s as f32).collect();
    Gradients { x: passed, gamma: narrow(gamma), beta: narrow(beta), passed: passed_on }
}
