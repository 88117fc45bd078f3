//! The rank correlation of a map with the blurred grey of its picture: a high one means that the
//! map shows brightness.

use super::agreement::spearman;
use super::{planes, values};
use crate::inference::saliency_map::{SaliencyMap, places};
use crate::model::resample::gaussian;
use radiograph::Input;

/// σ of the blur as a share of the square's side. It keeps large bright areas, but not grain and
/// edges.
const BLUR: f32 = 1.0 / 32.0;

/// Spearman's rank correlation of a map with the blurred grey of the picture that it was made of,
/// in −1..=1. It covers the picture's places; the map has the size of the input's square.
pub fn brightness_correlation(map: &SaliencyMap, input: &Input) -> f64 {
    let side = input.size as usize;
    let grey = planes(input.pixels.clone(), [1, 1, side, side]);
    let blurred = values(gaussian(grey, BLUR * side as f32));
    let blurred: Vec<f32> = places(&input.frame, input.size).map(|place| blurred[place]).collect();
    spearman(&map.resized(input.size).within(&input.frame), &blurred)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::samples;

    #[test]
    fn brightness_correlates_with_itself_and_its_negative_against_it() {
        let input = samples::inputs(1).remove(0);
        let map = |f: fn(f32) -> f32| {
            let blurred = values(gaussian(planes(input.pixels.clone(), [1, 1, 32, 32]), 1.0));
            SaliencyMap { size: input.size, values: blurred.into_iter().map(f).collect() }
        };
        assert!((brightness_correlation(&map(|v| v * v), &input) - 1.0).abs() < 1e-9);
        // The map is −v because 1 − v would round different values to equal ones.
        assert!((brightness_correlation(&map(|v| -v), &input) + 1.0).abs() < 1e-9);
        assert_eq!(brightness_correlation(&map(|_| 0.5), &input), 0.0);
    }
}
