//! Batch normalisation with residual and ReLU fused, and its gradients (Ioffe and Szegedy 2015).
//!
//! Layout N×C×P, P = H·W positions. Every channel is one task, so sums do not depend on threads.

use rayon::prelude::*;

/// Images, channels, positions.
pub(crate) type Extent = [usize; 3];

/// The runs of one channel: one stretch of `positions` floats an image.
fn runs(data: &[f32], [_, channels, positions]: Extent, c: usize) -> impl Iterator<Item = &[f32]> {
    data.chunks_exact((channels * positions).max(1))
        .map(move |image| &image[c * positions..(c + 1) * positions])
}

/// Sum of `f` over a run, in sixteen lanes so that the compiler uses vectors.
fn lanes(run: usize, f: impl Fn(usize) -> f32) -> f64 {
    let mut sums = [0.0f32; 16];
    let whole = run - run % 16;
    for start in (0..whole).step_by(16) {
        for (l, s) in sums.iter_mut().enumerate() {
            *s += f(start + l);
        }
    }
    sums.iter().map(|&s| f64::from(s)).sum::<f64>() + (whole..run).map(|i| f64::from(f(i))).sum::<f64>()
}

/// Mean and biased variance of every channel.
pub(super) fn statistics(x: &[f32], extent: Extent) -> (Vec<f32>, Vec<f32>) {
    let count = (extent[0] * extent[2]) as f64;
    (0..extent[1])
        .into_par_iter()
        .map(|c| {
            let mean = runs(x, extent, c).map(|r| lanes(r.len(), |i| r[i])).sum::<f64>() / count;
            let m = mean as f32;
            let square = |r: &[f32]| lanes(r.len(), |i| (r[i] - m) * (r[i] - m));
            (m, (runs(x, extent, c).map(square).sum::<f64>() / count) as f32)
        })
        .unzip()
}

/// Per channel: y = x·scale + offset, plus `residual` where given, then ReLU where asked.
pub(super) fn apply(
    x: &[f32],
    extent: Extent,
    scale: &[f32],
    offset: &[f32],
    residual: Option<&[f32]>,
    relu: bool,
) -> Vec<f32> {
    let floor = if relu { 0.0 } else { f32::NEG_INFINITY };
    let mut y = vec![0.0; x.len()];
    y.par_chunks_mut(extent[2].max(1)).enumerate().for_each(|(run, y)| {
        let (c, at) = (run % extent[1], run * extent[2]);
        let (a, b, x) = (scale[c], offset[c], &x[at..at + y.len()]);
        match residual {
            Some(r) => y
                .iter_mut()
                .zip(x.iter().zip(&r[at..at + x.len()]))
                .for_each(|(y, (x, r))| *y = (x * a + b + r).max(floor)),
            None => y.iter_mut().zip(x).for_each(|(y, x)| *y = (x * a + b).max(floor)),
        }
    });
    y
}

/// What the forward pass leaves for the gradients.
pub(super) struct Saved<'a> {
    /// Input of the normalisation.
    pub x: &'a [f32],
    /// Its output, which tells where ReLU let the gradient pass; none without ReLU.
    pub y: Option<&'a [f32]>,
    /// Mean of every channel.
    pub mean: &'a [f32],
    /// 1/√(variance + ε) of every channel.
    pub inverse: &'a [f32],
    /// Learned scale γ.
    pub gamma: &'a [f32],
}

/// Gradients of the normalisation over the statistics of its own batch.
pub(super) struct Gradients {
    /// With respect to the input.
    pub x: Vec<f32>,
    /// With respect to the scale γ and the offset β.
    pub gamma: Vec<f32>,
    /// With respect to the offset β.
    pub beta: Vec<f32>,
    /// With respect to what ReLU saw, which is also the residual's gradient.
    pub passed: Vec<f32>,
}

/// dβ = Σg, dγ = Σg·x̂, dx = γ/σ·(g − dβ/M − x̂·dγ/M), where g is the upstream gradient that ReLU passes.
pub(super) fn gradients(upstream: &[f32], extent: Extent, saved: &Saved<'_>) -> Gradients {
    let passed: Vec<f32> = match saved.y {
        Some(y) => upstream
            .par_iter()
            .zip(y)
            .with_min_len(1 << 14)
            .map(|(g, y)| if *y > 0.0 { *g } else { 0.0 })
            .collect(),
        None => upstream.to_vec(),
    };
    let (beta, gamma): (Vec<f32>, Vec<f32>) = (0..extent[1])
        .into_par_iter()
        .map(|c| {
            let (m, s) = (saved.mean[c], saved.inverse[c]);
            let pairs = || runs(&passed, extent, c).zip(runs(saved.x, extent, c));
            let beta: f64 = pairs().map(|(g, _)| lanes(g.len(), |i| g[i])).sum();
            let gamma: f64 = pairs().map(|(g, x)| lanes(g.len(), |i| g[i] * (x[i] - m))).sum();
            (beta as f32, gamma as f32 * s)
        })
        .unzip();
    let count = (extent[0] * extent[2]) as f32;
    let mut x = vec![0.0; upstream.len()];
    x.par_chunks_mut(extent[2].max(1)).enumerate().for_each(|(run, dx)| {
        let (c, at) = (run % extent[1], run * extent[2]);
        let (mean, inverse) = (saved.mean[c], saved.inverse[c]);
        let (factor, shift, slope) = (saved.gamma[c] * inverse, beta[c] / count, gamma[c] / count * inverse);
        let (g, x) = (&passed[at..at + dx.len()], &saved.x[at..at + dx.len()]);
        dx.iter_mut()
            .zip(g.iter().zip(x))
            .for_each(|(d, (g, x))| *d = factor * (g - shift - (x - mean) * slope));
    });
    Gradients { x, gamma, beta, passed }
}
