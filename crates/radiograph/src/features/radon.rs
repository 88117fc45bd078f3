//! Radon barcodes: projections of the picture, each value as one bit: above its median or not.
//! "Barcode Annotations for Medical Image Retrieval: A Preliminary Investigation", Tizhoosh, 2015.

use std::f32::consts::PI;

use super::Picture;
use crate::Input;

/// The picture is resampled to this side.
const SIDE: u32 = 32;
/// Projections, evenly over 180°.
pub const ANGLES: usize = 8;
/// Values of a projection, one pixel apart: enough for the diagonal.
pub const DETECTORS: usize = 46;

/// The projections of a picture, [`DETECTORS`] values of each of [`ANGLES`] angles θ: the grey
/// along the lines x·cos θ + y·sin θ = t, from the least t to the greatest, in sides of the picture
/// (0 to √2).
#[must_use]
pub fn projections(input: &Input) -> Vec<f32> {
    let Some(picture) = Picture::new(input, SIDE) else { return vec![0.0; ANGLES * DETECTORS] };
    (0..ANGLES).flat_map(|angle| projection(&picture, direction(angle))).collect()
}

/// The barcode of a picture: for each value of [`projections`] whether it is at least the median of
/// those of its angle that are not 0. A black picture's is all false.
#[must_use]
pub fn barcode(input: &Input) -> Vec<bool> {
    let binarise = |projection: &[f32]| {
        let threshold = median_of_non_zeros(projection);
        projection
            .iter()
            .map(|&value| threshold.is_some_and(|median| value >= median))
            .collect::<Vec<_>>()
    };
    projections(input).chunks_exact(DETECTORS).flat_map(binarise).collect()
}

/// (cos θ, sin θ) of an angle.
fn direction(angle: usize) -> (f32, f32) {
    // From 90° on, those of the first quarter turned: a cosine that is nearly 0 would leave traces
    // beside the grey.
    let (sin, cos) = (PI * (angle % (ANGLES / 2)) as f32 / ANGLES as f32).sin_cos();
    if angle < ANGLES / 2 { (cos, sin) } else { (-sin, cos) }
}

/// The projection at one angle. A pixel between two detectors is shared by them.
fn projection(picture: &Picture, (cos, sin): (f32, f32)) -> [f32; DETECTORS] {
    let middle = (picture.side - 1) as f32 / 2.0;
    let mut detectors = [0.0; DETECTORS];
    for (i, pixel) in picture.pixels.iter().enumerate() {
        let (x, y) = ((i % picture.side) as f32 - middle, (i / picture.side) as f32 - middle);
        let position = x * cos + y * sin + (DETECTORS - 1) as f32 / 2.0;
        let (below, share) = (position as usize, position.fract());
        detectors[below] += pixel * (1.0 - share);
        detectors[below + 1] += pixel * share;
    }
    detectors.map(|sum| sum / picture.side as f32)
}

fn median_of_non_zeros(values: &[f32]) -> Option<f32> {
    let mut sorted: Vec<f32> = values.iter().copied().filter(|&value| value != 0.0).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let upper = sorted.get(sorted.len() / 2)?;
    Some((sorted[(sorted.len() - 1) / 2] + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Frame;

    fn input(pixel: impl Fn(u32, u32) -> f32) -> Input {
        let pixels = (0..SIDE * SIDE).map(|i| pixel(i % SIDE, i / SIDE)).collect();
        Input { size: SIDE, pixels, frame: Frame::full(SIDE) }
    }

    /// Without any symmetry.
    fn picture(x: u32, y: u32) -> f32 {
        ((3 * x + 5 * y + x * y) % 29) as f32 / 28.0 * (x as f32 / 31.0)
    }

    fn assert_close(a: &[f32], b: &[f32]) {
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4), "{a:?} {b:?}");
    }

    #[test]
    fn the_first_projection_sums_columns_and_the_fifth_rows() {
        let projections =
            projections(&input(|x, y| if y < 16 { (x + y) as f32 / 64.0 } else { 0.0 }));
        let column = |x: usize| (0..16).map(|y| (x + y) as f32 / 64.0).sum::<f32>() / 32.0;
        let row = |y: usize| (0..32).map(|x| (x + y) as f32 / 64.0).sum::<f32>() / 32.0;
        let margin = (DETECTORS - 32) / 2;
        assert_close(&projections[margin..margin + 32], &(0..32).map(column).collect::<Vec<_>>());
        let rows = 4 * DETECTORS + margin;
        assert_close(&projections[rows..rows + 16], &(0..16).map(row).collect::<Vec<_>>());
        assert_eq!(projections[rows + 16..5 * DETECTORS], [0.0; 23]);
    }

    #[test]
    fn every_projection_holds_all_the_grey() {
        let grey = (0..32 * 32).map(|i| picture(i % 32, i / 32)).sum::<f32>() / 32.0;
        for projection in projections(&input(picture)).chunks_exact(DETECTORS) {
            assert!((projection.iter().sum::<f32>() - grey).abs() < 1e-3);
        }
    }

    #[test]
    fn a_quarter_turn_of_the_picture_moves_the_projections_by_four() {
        // What lay at (x, y) lies at (31 − y, x).
        let (upright, turned) =
            (projections(&input(picture)), projections(&input(|x, y| picture(y, 31 - x))));
        let half = ANGLES / 2 * DETECTORS;
        assert_close(&turned[half..], &upright[..half]);
        for angle in 0..ANGLES / 2 {
            let at = |start: usize| start + angle * DETECTORS..start + (angle + 1) * DETECTORS;
            // Half a turn further on, the lines are the same, but counted from the other end.
            let reversed: Vec<f32> = upright[at(half)].iter().rev().copied().collect();
            assert_close(&turned[at(0)], &reversed);
        }
    }

    #[test]
    fn bits_are_what_is_at_least_the_median() {
        assert_eq!(median_of_non_zeros(&[0.0, 5.0, 1.0, 0.0, 2.0]), Some(2.0));
        assert_eq!(median_of_non_zeros(&[4.0, 0.0, 1.0]), Some(2.5));
        assert_eq!(median_of_non_zeros(&[0.0, 0.0]), None);
        // Brighter to the right: of the column sums the right half.
        let bits = barcode(&input(|x, _| (x + 1) as f32 / 32.0));
        assert_eq!(bits.len(), ANGLES * DETECTORS);
        assert!(
            (0..DETECTORS).all(|i| bits[i] == (7 + 16..7 + 32).contains(&i)),
            "{:?}",
            &bits[..DETECTORS]
        );
        assert!(barcode(&input(|_, _| 0.0)).iter().all(|&bit| !bit));
    }

    #[test]
    fn brightness_does_not_change_the_barcode() {
        assert_eq!(barcode(&input(picture)), barcode(&input(|x, y| picture(x, y) / 2.0)));
    }
}
