//! Insertion and deletion: the change of the code while pixels are removed or added by descending
//! saliency.
//!
//! Petsiuk, Das and Saenko, "RISE: Randomized Input Sampling for Explanation of Black-box Models",
//! BMVC 2018, with the similarity to the picture's own code in place of a class score. Removed
//! pixels are replaced by the blurred picture. The blur is that of the network's own modification,
//! so that the network has seen such pictures.

use super::{cosine, planes, squares};
use crate::error::Result;
use crate::inference::encoder::{Encoder, Encoding};
use crate::inference::saliency_map::{SaliencyMap, places};
use crate::model::resample::blur;
use radiograph::Input;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// The number of steps in which all pixels of the picture change, equally many in each.
pub const STEPS: usize = 16;

/// Similarity to the unchanged picture after 0, 1 … [`STEPS`] steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// 1 − d/K for each step, d being the Hamming distance of codes of K bits.
    pub code: Vec<f64>,
    /// The cosine of embeddings for each step.
    pub embedding: Vec<f64>,
}

/// Deletion and insertion of one picture under one map.
#[derive(Clone, Debug, PartialEq)]
pub struct Perturbation {
    /// From the picture to its blur, the most salient pixels first. A lower [`area`] means a better
    /// map.
    pub deletion: Curve,
    /// From the blur to the picture, the most salient pixels first. A higher area means a better
    /// map.
    pub insertion: Curve,
}

/// Insertion and deletion of a picture in the order of a map of any size.
///
/// # Errors
/// Those of [`Encoder::encode`].
pub fn insertion_deletion(
    encoder: &Encoder,
    input: &Input,
    map: &SaliencyMap,
) -> Result<Perturbation> {
    let order = descending(&map.resized(input.size), input);
    let blurred = blurred(input);
    let pictures: Vec<Input> = stages(&input.pixels, &blurred, &order)
        .chain(stages(&blurred, &input.pixels, &order))
        .map(|pixels| Input { pixels, ..input.clone() })
        .collect();
    let encodings = encoder.encode(&pictures)?;
    // Each curve ends where the other begins.
    let (deletion, insertion) = encodings.split_at(STEPS);
    let curve =
        |way: &[Encoding], end: &[Encoding]| Curve::of(way.iter().chain(&end[..1]), &encodings[0]);
    Ok(Perturbation { deletion: curve(deletion, insertion), insertion: curve(insertion, deletion) })
}

impl Curve {
    fn of<'a>(steps: impl Iterator<Item = &'a Encoding>, original: &Encoding) -> Self {
        let (code, embedding) = steps.map(|step| similarity(step, original)).unzip();
        Self { code, embedding }
    }
}

fn similarity(a: &Encoding, b: &Encoding) -> (f64, f64) {
    let differing = f64::from(a.code.distance(&b.code)) / a.code.bits() as f64;
    (1.0 - differing, cosine(&a.embedding, &b.embedding))
}

/// Area under a curve over 0..=1 by the trapezoidal rule: (Σ − first/2 − last/2)/(length − 1); 0
/// for fewer than two values.
pub fn area(curve: &[f64]) -> f64 {
    let trapezoids = curve.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0);
    trapezoids.sum::<f64>() / (curve.len().max(2) - 1) as f64
}

/// The square with the picture blurred and the rest unchanged.
pub(super) fn blurred(input: &Input) -> Vec<f32> {
    let side = input.size as usize;
    let blurred = squares(blur(planes(input.pixels.clone(), [1, 1, side, side])));
    let mut pixels = input.pixels.clone();
    places(&input.frame, input.size).for_each(|place| pixels[place] = blurred[0].values[place]);
    pixels
}

/// The picture's places in the square by descending saliency. The order of equal ones is random, as
/// the order of rows would favour the top.
fn descending(map: &SaliencyMap, input: &Input) -> Vec<usize> {
    let mut order: Vec<usize> = places(&input.frame, input.size).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(0));
    order.sort_by(|a, b| map.values[*b].total_cmp(&map.values[*a]));
    order
}

/// `from` with the first 0, 1 … [`STEPS`] − 1 parts of `order` as in `to`.
fn stages<'a>(
    from: &'a [f32],
    to: &'a [f32],
    order: &'a [usize],
) -> impl Iterator<Item = Vec<f32>> + 'a {
    (0..STEPS).map(move |step| {
        let mut pixels = from.to_vec();
        order[..step * order.len() / STEPS].iter().for_each(|place| pixels[*place] = to[*place]);
        pixels
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::samples;

    #[test]
    fn areas_are_trapezoidal() {
        assert_eq!(area(&[1.0, 0.5, 0.0]), 0.5);
        assert_eq!(area(&[1.0, 0.0, 0.0]), 0.25);
        assert_eq!(area(&[0.3]), 0.0);
    }

    #[test]
    fn the_most_salient_pixels_of_the_picture_change_first() {
        let input = &samples::inputs(1)[0];
        let values = (0..32 * 32).map(|i| i as f32).collect();
        let order = descending(&SaliencyMap { size: 32, values }, input);
        // The last place of the picture comes before the four rows beside it.
        assert_eq!((order.len(), order[0], order[1]), (32 * 24, 32 * 28 - 1, 32 * 28 - 2));
        let ties = descending(&SaliencyMap { size: 32, values: vec![1.0; 32 * 32] }, input);
        assert!(
            ties[0] != 32 * 4
                && ties == descending(&SaliencyMap { size: 32, values: vec![0.0; 1024] }, input)
        );
    }

    #[test]
    fn every_step_changes_as_many_pixels() {
        let (from, to, order) = (vec![0.0; 64], vec![1.0; 64], (0..32).rev().collect::<Vec<_>>());
        let sums: Vec<f32> = stages(&from, &to, &order).map(|pixels| pixels.iter().sum()).collect();
        assert_eq!(sums, (0..STEPS).map(|step| 2.0 * step as f32).collect::<Vec<_>>());
        let second = stages(&from, &to, &order).nth(1).unwrap();
        assert_eq!((second[31], second[30], second[29]), (1.0, 1.0, 0.0));
    }

    #[test]
    fn what_is_beside_the_picture_is_not_blurred() {
        let input = &samples::inputs(1)[0];
        let blurred = blurred(input);
        assert!(blurred[..4 * 32].iter().all(|v| *v == 0.0));
        let spread = |pixels: &[f32]| {
            pixels[10 * 32..11 * 32].windows(2).map(|w| (w[0] - w[1]).abs()).sum::<f32>()
        };
        assert!(spread(&blurred) < 0.8 * spread(&input.pixels));
    }

    #[test]
    fn both_ways_have_the_same_ends() {
        let encoder = Encoder::untrained(
            &samples::architecture(),
            &samples::preprocess(),
            &samples::labels(),
            1,
        )
        .unwrap();
        let input = &samples::inputs(1)[0];
        let map = crate::explain::masks::centre(8, &radiograph::Frame::full(8));
        let Perturbation { deletion, insertion } =
            insertion_deletion(&encoder, input, &map).unwrap();
        for (down, up) in
            [(deletion.code, insertion.code), (deletion.embedding, insertion.embedding)]
        {
            assert_eq!((down.len(), up.len()), (STEPS + 1, STEPS + 1));
            assert!((down[0] - 1.0).abs() < 1e-5 && (up[STEPS] - 1.0).abs() < 1e-5);
            assert_eq!(down[STEPS], up[0]);
        }
    }
}
