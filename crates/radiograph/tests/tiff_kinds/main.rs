//! TIFF of every kind that scanners, viewers and research write, made entry by entry; each must
//! show the picture that the same values show as plain greys.
#![expect(clippy::unwrap_used, reason = "tests")]

mod compressions;
mod damage;
mod jpegs;
mod pages;
mod samples;
#[path = "../common/tiff.rs"]
mod tiff;

use radiograph::{Limits, Radiograph, decode};
use tiff::{Order, Tiff, packed};

const W: usize = 21;
const H: usize = 13;
const ALL: [Order; 4] = [
    Order { big: false, little: true },
    Order { big: false, little: false },
    Order { big: true, little: true },
    Order { big: true, little: false },
];
const LITTLE: Order = ALL[0];

/// A number from 0 to `largest` for each pixel, from black to white and neither way symmetric.
fn ramp(largest: u64) -> Vec<u64> {
    let last = (W * H - 1) as u64;
    (0..=last).map(|at| (at * 8 % (last + 1)) * largest / last).collect()
}

fn expected(largest: u64) -> Vec<f32> {
    ramp(largest).iter().map(|&v| v as f32 / largest as f32).collect()
}

fn read(bytes: &[u8]) -> Radiograph {
    decode(bytes, &Limits::default()).unwrap()
}

fn said(bytes: &[u8]) -> String {
    decode(bytes, &Limits::default()).unwrap_err().to_string()
}

fn near(bytes: &[u8], expected: &[f32], name: &str) {
    let picture = read(bytes);
    assert_eq!((picture.width() as usize, picture.height() as usize), (W, H), "{name}");
    for (at, (got, expected)) in picture.pixels().iter().zip(expected).enumerate() {
        assert!((got - expected).abs() < 2e-5, "{name}: {got}, expected {expected} at {at}");
    }
}

/// Rows of greys of so many bits as one strip.
fn strip(order: Order, depth: u32, values: &[u64]) -> Tiff {
    Tiff::new(order, W, H).with(258, &[depth.into()]).strip(packed(order, depth, W, values))
}
