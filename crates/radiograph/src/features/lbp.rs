//! Uniform local binary patterns of 8 neighbours at radius 1: "Multiresolution Gray-Scale and
//! Rotation Invariant Texture Classification with Local Binary Patterns", Ojala, Pietikäinen and
//! Mäenpää, 2002.

use std::f32::consts::FRAC_1_SQRT_2;

use super::Picture;
use crate::Input;

/// Cells along a side.
const GRID: usize = 8;
/// One bin for each of the 58 patterns with at most two changes around the circle, and one for all
/// others.
const BINS: usize = 59;
/// The bin of each pattern; uniform ones are numbered as they come.
const BIN_OF: [u8; 256] = bins();

const fn bins() -> [u8; 256] {
    let mut bins = [BINS as u8 - 1; 256];
    let (mut pattern, mut next) = (0, 0);
    while pattern < 256 {
        let changes = (pattern as u8 ^ (pattern as u8).rotate_left(1)).count_ones();
        if changes <= 2 {
            bins[pattern] = next;
            next += 1;
        }
        pattern += 1;
    }
    bins
}

/// Cells row by row, of each the shares of the patterns among its pixels that have all neighbours.
pub(super) fn describe(input: &Input) -> Vec<f32> {
    let mut histograms = vec![0.0; GRID * GRID * BINS];
    if let Some(picture) = Picture::new(input, input.size) {
        count(&picture, &mut histograms);
    }
    histograms.chunks_exact_mut(BINS).for_each(normalise);
    histograms
}

fn count(picture: &Picture, histograms: &mut [f32]) {
    let inner = 1..picture.side.saturating_sub(1);
    for y in inner.clone() {
        for x in inner.clone() {
            let cell = y * GRID / picture.side * GRID + x * GRID / picture.side;
            histograms[cell * BINS + usize::from(BIN_OF[usize::from(pattern(picture, x, y))])] +=
                1.0;
        }
    }
}

/// Which of the 8 places on the circle of radius 1 are at least as bright as the pixel: bit 0 along
/// x, then towards y.
fn pattern(picture: &Picture, x: usize, y: usize) -> u8 {
    let centre = picture.at(x, y);
    // Differences and not grey values are interpolated: those of a flat neighbourhood are exactly
    // 0.
    let brighter = |dx: usize, dy: usize| picture.at(x + dx - 1, y + dy - 1) - centre;
    let (east, south, west, north) =
        (brighter(2, 1), brighter(1, 2), brighter(0, 1), brighter(1, 0));
    let places = [
        east,
        diagonal(brighter(2, 2), east, south),
        south,
        diagonal(brighter(0, 2), south, west),
        west,
        diagonal(brighter(0, 0), west, north),
        north,
        diagonal(brighter(2, 0), north, east),
    ];
    places
        .iter()
        .enumerate()
        .fold(0, |pattern, (bit, &place)| pattern | u8::from(place >= 0.0) << bit)
}

/// Bilinear interpolation at (√½, √½) between the pixel, whose own difference is 0, and its
/// neighbours.
fn diagonal(corner: f32, side: f32, other_side: f32) -> f32 {
    const TOWARDS: f32 = FRAC_1_SQRT_2;
    TOWARDS * TOWARDS * corner + TOWARDS * (1.0 - TOWARDS) * (side + other_side)
}

/// Scales to a sum of 1; a cell without pixels stays 0.
fn normalise(histogram: &mut [f32]) {
    let sum = histogram.iter().sum::<f32>().max(1.0);
    histogram.iter_mut().for_each(|value| *value /= sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Frame;

    fn input(size: u32, pixel: impl Fn(u32, u32) -> f32) -> Input {
        let pixels = (0..size * size).map(|i| pixel(i % size, i / size)).collect();
        Input { size, pixels, frame: Frame::full(size) }
    }

    fn pattern_of(pixels: [f32; 9]) -> u8 {
        pattern(&Picture { side: 3, pixels: pixels.to_vec() }, 1, 1)
    }

    #[test]
    fn there_are_58_uniform_patterns() {
        assert_eq!(BIN_OF.iter().filter(|&&bin| bin == 58).count(), 256 - 58);
        assert!((0..58).all(|bin| BIN_OF.iter().filter(|&&other| other == bin).count() == 1));
        assert_eq!((BIN_OF[0], BIN_OF[1], BIN_OF[0b101], BIN_OF[255]), (0, 1, 58, 57));
    }

    #[test]
    fn a_flat_picture_has_one_pattern() {
        for grey in [0.0, 0.1, 0.7, 1.0] {
            let described = describe(&input(40, |_, _| grey));
            for histogram in described.chunks_exact(BINS) {
                assert!(
                    histogram
                        .iter()
                        .enumerate()
                        .all(|(bin, &share)| share == f32::from(u8::from(bin == 57)))
                );
            }
        }
    }

    #[test]
    fn patterns_run_around_the_circle() {
        assert_eq!(pattern_of([0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]), 0);
        assert_eq!(pattern_of([0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0]), 0b0000_0001);
        // Below is brighter: the place below, and both beside it, where two bright pixels outweigh
        // the dark one.
        assert_eq!(pattern_of([0.0, 0.0, 0.0, 0.4, 0.5, 0.4, 1.0, 1.0, 1.0]), 0b0000_1110);
        // A corner alone does not outweigh its dark neighbours.
        assert_eq!(pattern_of([0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.8]), 0);
        assert_eq!(pattern_of([0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 1.0]), 0b0000_0010);
    }

    #[test]
    fn a_quarter_turn_moves_the_pattern_by_two() {
        let pixels = [0.1, 0.9, 0.4, 0.2, 0.5, 0.6, 0.8, 0.3, 0.7];
        let turned = std::array::from_fn(|i| pixels[(2 - i % 3) * 3 + i / 3]);
        assert_eq!(pattern_of(turned), pattern_of(pixels).rotate_left(2));
    }

    #[test]
    fn shares_of_a_cell_sum_to_one() {
        for size in [24, 64, 100] {
            let described =
                describe(&input(size, |x, y| ((31 * x + 17 * y * y) % 23) as f32 / 22.0));
            for histogram in described.chunks_exact(BINS) {
                assert!((histogram.iter().sum::<f32>() - 1.0).abs() < 1e-5);
            }
        }
    }
}
