//! The eight views of a picture, turned by quarters and inverted or not, as features.

use std::f32::consts::TAU;

use crate::preprocess::percentiles;
use crate::radiograph::Radiograph;
use crate::region::Region;
use crate::resample::resample;

/// Side of the square that features are taken of: the picture's aspect, which tells how it was
/// turned, is not kept.
const SIDE: usize = 32;
/// Pixels that make one grey feature, along each side.
const BLOCK: usize = 2;
/// Cells of gradients along each side, and directions in each.
const CELLS: usize = 4;
const DIRECTIONS: usize = 8;
/// Added to a cell's length, so that an even cell has no direction rather than that of its noise.
const EVEN: f32 = 0.02;
/// Share of the pixels that may turn black or white when grey levels are stretched.
const CLIP: f32 = 0.005;

/// Features of one view: mean grey of 16 × 16 blocks, and 4 × 4 histograms of signed gradient
/// directions.
pub(super) const FEATURES: usize = (SIDE / BLOCK) * (SIDE / BLOCK) + CELLS * CELLS * DIRECTIONS;
/// Ways round: four turns, as it is and with black and white exchanged.
pub(super) const WAYS: usize = 8;

/// A picture's features if it were put another way round: turned clockwise by 0 to 3 quarters, then
/// the same inverted.
#[derive(Clone, Debug)]
pub struct Views(pub(super) Vec<Vec<f32>>);

impl Views {
    /// The views of a radiograph.
    #[must_use]
    pub fn of(radiograph: &Radiograph) -> Self {
        let grey = stretched(resample(radiograph, &Region::WHOLE, SIDE as u32, SIDE as u32));
        let inverted = grey.iter().map(|grey| 1.0 - grey).collect();
        let turns = |grey: Vec<f32>| {
            std::iter::successors(Some(grey), |grey| Some(turned(grey)))
                .take(WAYS / 2)
                .map(|g| features(&g))
        };
        Self(turns(grey).chain(turns(inverted)).collect())
    }

    /// The views of the picture turned clockwise by some quarters, and inverted or not: the same in
    /// another order.
    #[must_use]
    pub fn of_changed(&self, quarters: usize, inverted: bool) -> Self {
        let half = WAYS / 2;
        let source =
            |way: usize| (way / half + usize::from(inverted)) % 2 * half + (way + quarters) % half;
        Self((0..WAYS).map(|way| self.0[source(way)].clone()).collect())
    }
}

fn stretched(mut grey: Vec<f32>) -> Vec<f32> {
    let (black, white) = percentiles(&grey, CLIP);
    let scale = 1.0 / (white - black).max(1e-6);
    grey.iter_mut().for_each(|grey| *grey = ((*grey - black) * scale).clamp(0.0, 1.0));
    grey
}

/// A quarter turn clockwise.
fn turned(grey: &[f32]) -> Vec<f32> {
    (0..SIDE * SIDE).map(|at| grey[(SIDE - 1 - at % SIDE) * SIDE + at / SIDE]).collect()
}

fn features(grey: &[f32]) -> Vec<f32> {
    let mut features = vec![0.0; FEATURES];
    let (blocks, cells) = features.split_at_mut((SIDE / BLOCK) * (SIDE / BLOCK));
    for (at, grey) in grey.iter().enumerate() {
        let block = at / SIDE / BLOCK * (SIDE / BLOCK) + at % SIDE / BLOCK;
        blocks[block] += (grey - 0.5) / (BLOCK * BLOCK) as f32;
    }
    gradients(grey, cells);
    features
}

/// Histograms of the directions in which grey rises, weighted by how steeply; each cell of length
/// 1, or less if it is even.
fn gradients(grey: &[f32], cells: &mut [f32]) {
    let (at, last, pixels) = (|x: usize, y: usize| grey[y * SIDE + x], SIDE - 1, SIDE / CELLS);
    let slope =
        |before: f32, after: f32, inner: bool| (after - before) / if inner { 2.0 } else { 1.0 };
    for (y, x) in (0..SIDE).flat_map(|y| (0..SIDE).map(move |x| (y, x))) {
        let (left, right, above, below) =
            (x.saturating_sub(1), (x + 1).min(last), y.saturating_sub(1), (y + 1).min(last));
        let dx = slope(at(left, y), at(right, y), right - left == 2);
        let dy = slope(at(x, above), at(x, below), below - above == 2);
        let direction = (dy.atan2(dx) / TAU).rem_euclid(1.0) * DIRECTIONS as f32;
        let (bin, beside) = (direction as usize % DIRECTIONS, direction.fract());
        let cell = (y / pixels * CELLS + x / pixels) * DIRECTIONS;
        let weight = dx.hypot(dy) / (pixels * pixels) as f32;
        cells[cell + bin] += weight * (1.0 - beside);
        cells[cell + (bin + 1) % DIRECTIONS] += weight * beside;
    }
    for cell in cells.chunks_exact_mut(DIRECTIONS) {
        let length = cell.iter().map(|value| value * value).sum::<f32>().sqrt() + EVEN;
        cell.iter_mut().for_each(|value| *value /= length);
    }
}

#[cfg(test)]
mod tests {
    use super::super::phantoms::picture;
    use super::*;

    fn alike(a: &[f32], b: &[f32]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4)
    }

    #[test]
    fn a_turned_or_inverted_picture_has_the_same_views_in_another_order() {
        let side = SIDE as u32;
        let grey = |x: u32, y: u32| ((x * x + 5 * y) % 97) as f32 / 96.0;
        let views = Views::of(&picture(side, grey));
        // What was left comes to be above.
        let clockwise = Views::of(&picture(side, |x, y| grey(y, side - 1 - x)));
        let inverted = Views::of(&picture(side, |x, y| 1.0 - grey(x, y)));
        for (found, expected) in
            [(clockwise, views.of_changed(1, false)), (inverted, views.of_changed(0, true))]
        {
            assert!(found.0.iter().zip(&expected.0).all(|(a, b)| alike(a, b)));
        }
    }

    #[test]
    fn a_ramp_rises_in_one_direction() {
        let ramp =
            features(&(0..SIDE * SIDE).map(|at| (at % SIDE) as f32 / 31.0).collect::<Vec<_>>());
        assert!(alike(&[ramp[0], ramp[15]], &[0.5 / 31.0 - 0.5, 0.5 - 0.5 / 31.0]));
        let cell = &ramp[256..256 + DIRECTIONS];
        assert!(cell[0] > 0.6 && cell[1..].iter().all(|&value| value < 1e-6), "{cell:?}");
        assert!(features(&[0.5; SIDE * SIDE]).iter().all(|&value| value == 0.0));
    }
}
