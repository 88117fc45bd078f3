//! Maps that do not depend on the network: the baselines for its saliency.

use super::{planes, squares, stretched};
use crate::inference::saliency_map::{SaliencyMap, places};
use crate::model::mask::bell;
use crate::model::resample::gaussian;
use radiograph::{Frame, Input};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Blur of the edge map, in pixels of the square.
const EDGE_BLUR: f32 = 1.0;

/// A Gaussian around the middle of the picture and 0 beside it, σ being a quarter of each side:
/// what matters is mostly in the middle.
pub fn centre(size: u32, frame: &Frame) -> SaliencyMap {
    let (rows, columns) = (bell(frame.height as usize), bell(frame.width as usize));
    framed(size, frame, rows.iter().flat_map(|y| columns.iter().map(move |x| x * y)))
}

/// Edges: the magnitude of Sobel's gradient (as Duda and Hart give it, "Pattern Classification and
/// Scene Analysis", 1973) within the picture, lightly blurred, stretched to 0..=1.
pub fn edges(input: &Input) -> SaliencyMap {
    let Frame { left, top, width, height, .. } = input.frame;
    let rows = (top..top + height).flat_map(|y| (left..left + width).map(move |x| (x, y)));
    let magnitudes = rows.map(|(x, y)| sobel(input, i64::from(x), i64::from(y)));
    let map = framed(input.size, &input.frame, magnitudes);
    let side = input.size as usize;
    let blurred = squares(gaussian(planes(map.values, [1, 1, side, side]), EDGE_BLUR));
    SaliencyMap { size: input.size, values: stretched(&blurred[0].values) }
}

/// A random map: every place uniform in [0, 1), from `seed`.
pub fn random(size: u32, seed: u64) -> SaliencyMap {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    SaliencyMap { size, values: (0..size * size).map(|_| random.random()).collect() }
}

/// A map with `values` within the picture, row by row, and 0 beside it.
fn framed(size: u32, frame: &Frame, values: impl Iterator<Item = f32>) -> SaliencyMap {
    let mut map = SaliencyMap { size, values: vec![0.0; (size * size) as usize] };
    places(frame, size).zip(values).for_each(|(place, value)| map.values[place] = value);
    map
}

/// √(gx² + gy²) of the 3×3 differences. The picture's border is repeated, so that the black beside
/// it makes no edge.
fn sobel(input: &Input, x: i64, y: i64) -> f32 {
    let Frame { left, top, width, height, .. } = input.frame;
    let within = |at: i64, start: u32, extent: u32| {
        at.clamp(i64::from(start), i64::from(start + extent - 1))
    };
    let at = |dx: i64, dy: i64| {
        let (x, y) = (within(x + dx, left, width), within(y + dy, top, height));
        input.pixels[(y * i64::from(input.size) + x) as usize]
    };
    let difference = |to: [(i64, i64); 3]| -> f32 {
        to.iter()
            .zip([1.0, 2.0, 1.0])
            .map(|((x, y), weight)| weight * (at(*x, *y) - at(-x, -y)))
            .sum()
    };
    difference([(1, -1), (1, 0), (1, 1)]).hypot(difference([(-1, 1), (0, 1), (1, 1)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_is_that_of_the_picture() {
        let frame = Frame { top: 2, height: 4, ..Frame::full(8) };
        let map = centre(8, &frame);
        let row = |y: usize| &map.values[8 * y..8 * y + 8];
        assert!(row(0).iter().chain(row(7)).all(|v| *v == 0.0));
        // Half a pixel from the middle: ¼σ in a row, ½σ in a column.
        let peak = (-0.25_f32 * 0.25 / 2.0).exp() * (-0.5_f32 * 0.5 / 2.0).exp();
        assert!((row(3)[3] - peak).abs() < 1e-6 && (row(4)[4] - peak).abs() < 1e-6);
        assert!(row(3)[0] < row(3)[1] && row(2)[3] < row(3)[3]);
    }

    #[test]
    fn edges_are_where_grey_changes_and_not_where_the_picture_ends() {
        // Grey ½, and white right of column 8; black above and below the picture.
        let frame = Frame { top: 4, height: 8, ..Frame::full(16) };
        let grey = |i: u32| if i % 16 < 8 { 0.5 } else { 1.0 };
        let filled = |i: u32| if (4..12).contains(&(i / 16)) { grey(i) } else { 0.0 };
        let input = Input { size: 16, pixels: (0..256).map(filled).collect(), frame };
        // (1 + 2 + 1)·½ on both sides of the change.
        assert_eq!([6, 7, 8, 9].map(|x| sobel(&input, x, 8)), [0.0, 2.0, 2.0, 0.0]);
        assert_eq!([sobel(&input, 2, 4), sobel(&input, 2, 11)], [0.0, 0.0]);
        let map = edges(&input);
        let row = &map.values[8 * 16..9 * 16];
        assert!(row[7] > 0.9 && row[8] > 0.9 && row[2] < 0.01, "{row:?}");
        assert!(map.values[..16].iter().all(|v| *v < 0.01));
    }

    #[test]
    fn random_maps_follow_from_their_seeds() {
        assert_eq!(random(8, 1), random(8, 1));
        assert_ne!(random(8, 1), random(8, 2));
        let mean = random(64, 3).values.iter().sum::<f32>() / 4096.0;
        assert!((mean - 0.5).abs() < 0.03);
    }
}
