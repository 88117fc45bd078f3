//! The one inner loop of all convolutions: a matrix product whose left rows lie anywhere in a
//! slice.
//!
//! out\[r\]\[n\] = start + Σ_segment Σ_k a\[r·row_stride + segment + k·step\] · b\[k'\]\[n\], where
//! k' counts on through the segments. With a row of the kernel as a segment, a convolution of a
//! padded channels-last image is one product without a copy of its patches. With a row of the image
//! as a segment and the pitch of a pixel as `step`, its weight gradient is one, too. The right side
//! is read in panels of 16 columns, packed or as they lie.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

#[cfg(not(target_arch = "aarch64"))]
use super::simd::{Instructions, instructions};

/// The number of columns of a panel.
pub(crate) const PANEL: usize = 16;

/// The left operand: the position of element (r, segment, k).
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub data: &'a [f32],
    /// The offset of element (0, segment, 0), by segment.
    pub segments: &'a [usize],
    /// The number of elements of one segment.
    pub len: usize,
    /// The number of floats between two elements of a segment.
    pub step: usize,
    /// The number of floats between two rows.
    pub stride: usize,
}

/// The right operand: panel p, row k begins at p·panel + k·step.
#[derive(Clone, Copy)]
pub(crate) struct Panels<'a> {
    pub data: &'a [f32],
    /// The number of floats between two panels.
    pub panel: usize,
    /// The number of floats between two rows of a panel.
    pub step: usize,
    /// The number of columns that count; the last panel may be wider.
    pub columns: usize,
}

impl<'a> Panels<'a> {
    /// The operand that [`pack`] packed.
    pub(crate) fn packed(data: &'a [f32], depth: usize, columns: usize) -> Self {
        Self { data, panel: depth * PANEL, step: PANEL, columns }
    }
}

/// The number of floats of a packed operand.
pub(crate) fn packed_len(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(PANEL)
}

/// Packs element (k, n) = `at(k, n)` of a depth × columns matrix; missing columns are zero.
pub(crate) fn pack(depth: usize, columns: usize, at: impl Fn(usize, usize) -> f32) -> Vec<f32> {
    let mut packed = vec![0.0; packed_len(depth, columns)];
    for (p, panel) in packed.chunks_exact_mut((depth * PANEL).max(1)).enumerate() {
        for (k, row) in panel.chunks_exact_mut(PANEL).enumerate() {
            for (j, value) in row.iter_mut().enumerate().take(columns - p * PANEL) {
                *value = at(k, p * PANEL + j);
            }
        }
    }
    packed
}

/// The initial values of the sums.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a> {
    Zero,
    /// A value for each column, in a multiple of 16 of them.
    Bias(&'a [f32]),
    /// The contents of `out`.
    Out,
}

/// A block of rows and panels for a micro-kernel. `product` has checked all memory that its
/// pointers reach.
pub(crate) struct Block<'a> {
    a: *const f32,
    stride: usize,
    step: usize,
    segments: &'a [usize],
    len: usize,
    b: *const f32,
    panel: usize,
    b_step: usize,
    bias: *const f32,
    accumulate: bool,
    out: *mut f32,
    pitch: usize,
}

/// A set of micro-kernels: `run[panels − 1][rows − 1]`.
struct Kernels {
    name: &'static str,
    run: &'static [&'static [unsafe fn(&Block<'_>)]],
}

fn kernels() -> &'static Kernels {
    #[cfg(target_arch = "aarch64")]
    return &neon::KERNELS;
    #[cfg(not(target_arch = "aarch64"))]
    match instructions() {
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx512 => &avx512::KERNELS,
        #[cfg(target_arch = "x86_64")]
        Instructions::Avx2 => &avx2::KERNELS,
        _ => &scalar::KERNELS,
    }
}

/// Writes the product of `count` rows, `pitch` floats apart, to `out`.
///
/// # Panics
/// If an operand reaches past its slice.
pub(crate) fn product(
    out: &mut [f32],
    pitch: usize,
    count: usize,
    rows: Rows<'_>,
    panels: Panels<'_>,
    start: Start<'_>,
) {
    product_with(kernels(), out, pitch, count, rows, panels, start);
}

fn product_with(
    kernels: &Kernels,
    out: &mut [f32],
    pitch: usize,
    count: usize,
    rows: Rows<'_>,
    panels: Panels<'_>,
    start: Start<'_>,
) {
    if count == 0 || panels.columns == 0 {
        return;
    }
    check(out, pitch, count, rows, panels, start);
    let whole = panels.columns / PANEL;
    for first in (0..whole).step_by(kernels.run.len()) {
        let width = kernels.run.len().min(whole - first);
        down(
            kernels.run[width - 1],
            &mut out[first * PANEL..],
            pitch,
            count,
            rows,
            panels,
            first,
            start,
        );
    }
    if whole * PANEL < panels.columns {
        ragged(kernels, &mut out[whole * PANEL..], pitch, count, rows, panels, start);
    }
}

fn check(
    out: &[f32],
    pitch: usize,
    count: usize,
    rows: Rows<'_>,
    panels: Panels<'_>,
    start: Start<'_>,
) {
    let depth = rows.segments.len() * rows.len;
    if depth > 0 {
        let last = rows.segments.iter().max().copied().unwrap_or(0);
        let reach = (count - 1) * rows.stride + last + (rows.len - 1) * rows.step;
        assert!(reach < rows.data.len(), "left operand past its slice");
        let columns = panels.columns.div_ceil(PANEL);
        let reach = (columns - 1) * panels.panel + (depth - 1) * panels.step + PANEL;
        assert!(reach <= panels.data.len(), "right operand past its slice");
    }
    assert!(panels.columns <= pitch || count == 1, "rows of the output overlap");
    assert!((count - 1) * pitch + panels.columns <= out.len(), "output past its slice");
    if let Start::Bias(bias) = start {
        assert!(
            bias.len() >= panels.columns.next_multiple_of(PANEL),
            "bias shorter than the columns"
        );
    }
}

/// Multiplies all rows by a group of panels, as many at a time as the micro-kernels take.
#[allow(unsafe_code)]
fn down(
    run: &[unsafe fn(&Block<'_>)],
    out: &mut [f32],
    pitch: usize,
    count: usize,
    rows: Rows<'_>,
    panels: Panels<'_>,
    first: usize,
    start: Start<'_>,
) {
    for row in (0..count).step_by(run.len()) {
        let height = run.len().min(count - row);
        // SAFETY: `check` has compared the furthest element of each operand with its slice; the
        // kernels that were chosen run on this processor.
        unsafe {
            run[height - 1](&Block {
                a: rows.data.as_ptr().add(row * rows.stride),
                stride: rows.stride,
                step: rows.step,
                segments: rows.segments,
                len: rows.len,
                b: panels.data.as_ptr().add(first * panels.panel),
                panel: panels.panel,
                b_step: panels.step,
                bias: match start {
                    Start::Bias(bias) => bias.as_ptr().add(first * PANEL),
                    _ => std::ptr::null(),
                },
                accumulate: matches!(start, Start::Out),
                out: out.as_mut_ptr().add(row * pitch),
                pitch,
            });
        }
    }
}

/// Multiplies the last panel through a buffer if it is wider than the output.
fn ragged(
    kernels: &Kernels,
    out: &mut [f32],
    pitch: usize,
    count: usize,
    rows: Rows<'_>,
    panels: Panels<'_>,
    start: Start<'_>,
) {
    let (first, width) = (panels.columns / PANEL, panels.columns % PANEL);
    let run = kernels.run[0];
    let mut buffer = [0.0; 16 * PANEL];
    for row in (0..count).step_by(run.len()) {
        let height = run.len().min(count - row);
        let lines = || (0..height).map(|r| ((row + r) * pitch, r * PANEL));
        if matches!(start, Start::Out) {
            lines().for_each(|(o, b)| buffer[b..b + width].copy_from_slice(&out[o..o + width]));
        }
        let part = Rows { data: &rows.data[row * rows.stride..], ..rows };
        down(run, &mut buffer, PANEL, height, part, panels, first, start);
        lines().for_each(|(o, b)| out[o..o + width].copy_from_slice(&buffer[b..b + width]));
    }
}

/// The instruction set of the kernels that this processor runs.
pub fn instruction_set() -> &'static str {
    kernels().name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::noise;

    #[test]
    fn every_set_of_kernels_equals_the_sum_of_products() {
        let mut sets = vec![&scalar::KERNELS];
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend((instructions() >= Instructions::Avx2).then_some(&avx2::KERNELS));
            sets.extend((instructions() >= Instructions::Avx512).then_some(&avx512::KERNELS));
        }
        #[cfg(target_arch = "aarch64")]
        sets.push(&neon::KERNELS);
        for kernels in sets {
            for (count, columns, len) in
                [(1, 1, 1), (12, 32, 7), (13, 48, 5), (29, 70, 3), (5, 16, 9), (7, 33, 4)]
            {
                let segments = [3, 40, 11];
                let a = noise(29 * 2 + 40 + 9 * 3 + 100, 1);
                let rows = Rows { data: &a, segments: &segments, len, step: 3, stride: 2 };
                let b = noise(27 * columns, 2);
                let packed = pack(3 * len, columns, |k, n| b[k * columns + n]);
                let bias = noise(columns.next_multiple_of(16), 3);
                let pitch = columns + 5;
                let before = noise(count * pitch, 4);
                for start in [Start::Zero, Start::Bias(&bias), Start::Out] {
                    let mut out = before.clone();
                    product_with(
                        kernels,
                        &mut out,
                        pitch,
                        count,
                        rows,
                        Panels::packed(&packed, 3 * len, columns),
                        start,
                    );
                    for (i, got) in out.iter().enumerate() {
                        let (r, n) = (i / pitch, i % pitch);
                        if n >= columns {
                            assert_eq!(*got, before[i], "outside the product");
                            continue;
                        }
                        let begin = match start {
                            Start::Zero => 0.0,
                            Start::Bias(bias) => bias[n],
                            Start::Out => before[i],
                        };
                        let sum: f32 = (0..3 * len)
                            .map(|k| {
                                a[r * 2 + segments[k / len] + (k % len) * 3] * b[k * columns + n]
                            })
                            .sum();
                        assert!(
                            (got - begin - sum).abs() < 1e-4,
                            "{} {count}×{columns}×{len}",
                            kernels.name
                        );
                    }
                }
            }
        }
    }
}
