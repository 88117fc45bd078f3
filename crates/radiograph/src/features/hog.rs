//! Histograms of oriented gradients: "Histograms of Oriented Gradients for Human Detection", Dalal
//! and Triggs, 2005.

use std::f32::consts::PI;

use super::Picture;
use crate::Input;

/// Larger pictures are shrunk to this side, so that the descriptor is short enough for a covariance
/// of its values.
const MAX_SIDE: u32 = 64;
/// Side of a cell in pixels.
const CELL: usize = 8;
/// Side of a block in cells; blocks overlap by all but one.
const BLOCK: usize = 2;
/// Orientations over 180°: a gradient and its opposite are one.
const BINS: usize = 9;
/// The greatest share of a block's length that one value may have (L2-Hys), lest one bright edge be
/// all that is seen.
const CLIP: f32 = 0.2;
/// Keeps blocks without gradients zero; far below a visible edge.
const EPSILON: f32 = 1e-3;

type Histogram = [f32; BINS];

/// Blocks row by row, of each its cells row by row, of each its bins from the centre 10° to 170°.
pub(super) fn describe(input: &Input) -> Vec<f32> {
    let picture = Picture::new(input, input.size.min(MAX_SIDE));
    let cells = picture.as_ref().map_or(0, |picture| picture.side / CELL).max(BLOCK);
    let histograms = picture
        .map_or_else(|| vec![[0.0; BINS]; cells * cells], |picture| histograms(&picture, cells));
    let corners = (0..=cells - BLOCK).flat_map(|y| (0..=cells - BLOCK).map(move |x| (x, y)));
    corners.flat_map(|(x, y)| block(&histograms, cells, x, y)).collect()
}

/// The histograms of `cells` × `cells` cells, row by row. Pixels past the last whole cell are left
/// out.
fn histograms(picture: &Picture, cells: usize) -> Vec<Histogram> {
    let mut histograms = vec![[0.0; BINS]; cells * cells];
    let covered = picture.side / CELL * CELL;
    for y in 0..covered {
        for x in 0..covered {
            vote(&mut histograms[y / CELL * cells + x / CELL], gradient(picture, x, y));
        }
    }
    histograms
}

/// Differences of the neighbours along x and y; at the border, of the pixel itself and its one
/// neighbour.
fn gradient(picture: &Picture, x: usize, y: usize) -> (f32, f32) {
    let last = picture.side - 1;
    let along_x = picture.at((x + 1).min(last), y) - picture.at(x.saturating_sub(1), y);
    let along_y = picture.at(x, (y + 1).min(last)) - picture.at(x, y.saturating_sub(1));
    (along_x, along_y)
}

/// Shares a gradient's magnitude between the two bins whose centres are nearest to its orientation.
fn vote(histogram: &mut Histogram, (along_x, along_y): (f32, f32)) {
    let magnitude = along_x.hypot(along_y);
    let orientation = along_y.atan2(along_x).rem_euclid(PI);
    // The first centre is half a bin from 0°; what lies before it is between the last bin and the
    // first.
    let position = orientation / PI * BINS as f32 + (BINS as f32 - 0.5);
    let (below, share) = (position as usize, position.fract());
    histogram[below % BINS] += magnitude * (1.0 - share);
    histogram[(below + 1) % BINS] += magnitude * share;
}

/// The cells of one block, scaled to length 1, clipped, and scaled again.
fn block(histograms: &[Histogram], cells: usize, x: usize, y: usize) -> Vec<f32> {
    let rows = (y..y + BLOCK).map(|row| &histograms[row * cells + x..row * cells + x + BLOCK]);
    let mut values: Vec<f32> = rows.flatten().flatten().copied().collect();
    normalise(&mut values);
    values.iter_mut().for_each(|value| *value = value.min(CLIP));
    normalise(&mut values);
    values
}

fn normalise(values: &mut [f32]) {
    let length = (values.iter().map(|value| value * value).sum::<f32>() + EPSILON * EPSILON).sqrt();
    values.iter_mut().for_each(|value| *value /= length);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plane that rises by `slope` a pixel in the direction `degrees` from x to y.
    fn plane(side: usize, slope: f32, degrees: f32) -> Picture {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let height = |i: usize| slope * (cos * (i % side) as f32 + sin * (i / side) as f32);
        Picture { side, pixels: (0..side * side).map(height).collect() }
    }

    /// The histogram of the middle one of 3 × 3 cells, which no border changes.
    fn middle(degrees: f32) -> Histogram {
        histograms(&plane(24, 0.01, degrees), 3)[4]
    }

    #[test]
    fn a_gradient_falls_into_the_bin_of_its_orientation() {
        // 64 pixels, each with a difference of 0.02 between its neighbours.
        let magnitude = 64.0 * 0.02;
        for bin in 0..BINS {
            for opposite in [0.0, 180.0] {
                let histogram = middle(10.0 + 20.0 * bin as f32 + opposite);
                for (i, value) in histogram.iter().enumerate() {
                    let expected = if i == bin { magnitude } else { 0.0 };
                    assert!((value - expected).abs() < 1e-3, "bin {i} of {histogram:?}");
                }
            }
        }
    }

    #[test]
    fn orientations_between_centres_are_shared() {
        for (degrees, shares) in [(0.0, [(0, 0.5), (8, 0.5)]), (95.0, [(4, 0.75), (5, 0.25)])] {
            let histogram = middle(degrees);
            for (bin, share) in shares {
                assert!((histogram[bin] - share * 1.28).abs() < 1e-3, "{degrees}°: {histogram:?}");
            }
        }
    }

    #[test]
    fn blocks_have_length_one_whatever_the_contrast() {
        let describe = |contrast: f32| {
            let pixels: Vec<f32> =
                (0..32 * 32).map(|i| contrast * (i * 7919 % 101) as f32 / 100.0).collect();
            let histograms = histograms(&Picture { side: 32, pixels }, 4);
            block(&histograms, 4, 1, 2)
        };
        let (faint, strong) = (describe(0.1), describe(1.0));
        assert!((strong.iter().map(|value| value * value).sum::<f32>() - 1.0).abs() < 1e-4);
        assert!(faint.iter().zip(&strong).all(|(a, b)| (a - b).abs() < 1e-3));
    }

    #[test]
    fn one_orientation_is_clipped() {
        let mut histograms = vec![[0.0; BINS]; 4];
        (histograms[0][0], histograms[3][8]) = (30.0, 1.0);
        // Scaled: 0.9994 and 0.0333; clipped: 0.2 and 0.0333; scaled again.
        let block = block(&histograms, 2, 0, 0);
        assert!(
            (block[0] - 0.98639).abs() < 1e-4 && (block[35] - 0.16440).abs() < 1e-4,
            "{block:?}"
        );
        assert!(block[1..35].iter().all(|&value| value == 0.0));
    }
}
