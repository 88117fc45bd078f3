//! The processor's peak rate: that of the micro-kernel on operands that stay in its cache.

use super::product::{PANEL, Panels, Rows, Start, packed_len, product};
use std::time::{Duration, Instant};

/// Floating-point operations a second of matrix products, measured for `time`. They run on
/// `threads` threads of the current pool, or all if it has fewer.
pub fn peak_products(threads: usize, time: Duration) -> f64 {
    let rates =
        rayon::broadcast(|context| if context.index() < threads { rate(time) } else { 0.0 });
    rates.iter().sum()
}

/// The rate of one thread on 48 rows by 64 columns of depth 256: 112 kB, read again and again.
fn rate(time: Duration) -> f64 {
    const COUNT: usize = 48;
    const DEPTH: usize = 256;
    const COLUMNS: usize = 4 * PANEL;
    let (left, right) = (vec![1.0; COUNT * DEPTH], vec![1.0; packed_len(DEPTH, COLUMNS)]);
    let mut out = vec![0.0; COUNT * COLUMNS];
    let rows = Rows { data: &left, segments: &[0], len: DEPTH, step: 1, stride: DEPTH };
    let (begin, mut runs) = (Instant::now(), 0);
    while begin.elapsed() < time {
        product(
            &mut out,
            COLUMNS,
            COUNT,
            rows,
            Panels::packed(&right, DEPTH, COLUMNS),
            Start::Zero,
        );
        runs += 1;
    }
    let operations = 2 * COUNT * DEPTH * COLUMNS;
    std::hint::black_box(&out);
    (operations * runs) as f64 / begin.elapsed().as_secs_f64()
}
