//! Pictures of the tests.

use crate::Radiograph;

/// A square picture whose greys are `grey(x, y)`.
pub(super) fn picture(side: u32, grey: impl Fn(u32, u32) -> f32) -> Radiograph {
    let pixels = (0..side * side).map(|at| grey(at % side, at / side)).collect();
    Radiograph::new(side, side, pixels).unwrap()
}

/// The grey at `x` of an upright limb.
pub(super) fn limb(x: u32, centre: u32) -> f32 {
    0.8 * (-(f32::from(x as u16) - centre as f32).powi(2) / 400.0).exp()
}
