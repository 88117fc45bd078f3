//! Evidence of similarity: the places of a picture that make it similar to another. Each place
//! counts by how much less similar the picture is without it.
//!
//! The method is SBSM: Dong, Collins and Hoogs, "Explainability for Content-Based Image Retrieval",
//! CVPR Workshops 2019, which X-MIR (Hu, Vasu and Hoogs, WACV 2022) measured on chest radiographs.
//! A window slides over the picture, and its contents are blurred, as in [`super::perturb`]. The
//! paper makes them black, which on a radiograph is a finding.

use super::cosine;
use super::perturb::blurred;
use crate::error::Result;
use crate::inference::encoder::Encoder;
use crate::inference::saliency_map::{SaliencyMap, places};
use radiograph::Input;
use retrieval::Embedding;

/// The number of the window's steps along a side, and its width in steps.
const STEPS: usize = 8;
const WIDE: usize = 2;
/// A difference of cosines that is a rounding error.
const NOTHING: f64 = 1e-4;

/// The map of a picture's square. Each place has the mean of max(0, s − s') over the windows that
/// cover it, as a share of the largest. s is the cosine of the picture's embedding with `other`,
/// and s' that of the picture with the window blurred. With the picture's own embedding as `other`,
/// it shows what the picture's code depends on.
///
/// # Errors
/// Those of [`Encoder::encode`].
pub fn evidence(encoder: &Encoder, input: &Input, other: &Embedding) -> Result<SaliencyMap> {
    let side = input.size as usize;
    let (blurred, windows) = (blurred(input), windows(input));
    let without = windows.iter().map(|window| {
        let mut pixels = input.pixels.clone();
        window.places(side).for_each(|place| pixels[place] = blurred[place]);
        Input { pixels, ..input.clone() }
    });
    let pictures: Vec<Input> = std::iter::once(input.clone()).chain(without).collect();
    let encodings = encoder.encode(&pictures)?;
    let similar: Vec<f64> = encodings.iter().map(|it| cosine(&it.embedding, other)).collect();
    let mut sums = vec![(0.0_f64, 0_u16); side * side];
    for (window, without) in windows.iter().zip(&similar[1..]) {
        for place in window.places(side) {
            sums[place].0 += (similar[0] - without).max(0.0);
            sums[place].1 += 1;
        }
    }
    let mut values = vec![0.0; side * side];
    for place in places(&input.frame, input.size) {
        let (sum, count) = sums[place];
        values[place] = sum / f64::from(count.max(1));
    }
    let most = values.iter().copied().fold(0.0, f64::max);
    let share = if most > NOTHING { most } else { 1.0 };
    let values = values.into_iter().map(|value| (value / share) as f32).collect();
    Ok(SaliencyMap { size: input.size, values })
}

/// A part of a square: its left and upper ends, and the first column and row past it, in pixels.
struct Window {
    across: [usize; 2],
    down: [usize; 2],
}

impl Window {
    fn places(&self, side: usize) -> impl Iterator<Item = usize> {
        let ([left, right], [top, bottom]) = (self.across, self.down);
        (top..bottom).flat_map(move |y| (left..right).map(move |x| y * side + x))
    }
}

/// The windows that hold a part of the picture. They are cut off at the edges, so that equally many
/// cover every place.
fn windows(input: &Input) -> Vec<Window> {
    let side = input.size as usize;
    let step = side.div_ceil(STEPS).max(1);
    let mut within = vec![false; side * side];
    places(&input.frame, input.size).for_each(|place| within[place] = true);
    let ends = move |at: usize| {
        [(at * step).saturating_sub((WIDE - 1) * step), ((at + 1) * step).min(side)]
    };
    let along = 0..(side.div_ceil(step) + WIDE - 1);
    let all = along
        .clone()
        .flat_map(|y| along.clone().map(move |x| Window { across: ends(x), down: ends(y) }));
    all.filter(|window| window.places(side).any(|place| within[place])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::samples;

    #[test]
    fn every_place_of_the_picture_is_in_as_many_windows() {
        let input = &samples::inputs(1)[0];
        let side = input.size as usize;
        let mut counts = vec![0; side * side];
        for window in windows(input) {
            window.places(side).for_each(|place| counts[place] += 1);
        }
        for place in places(&input.frame, input.size) {
            assert_eq!(counts[place], WIDE * WIDE, "{place}");
        }
    }

    #[test]
    fn what_is_alike_everywhere_is_no_evidence_and_nothing_is_below_zero() {
        let (architecture, preprocess) = (samples::architecture(), samples::preprocess());
        let encoder =
            Encoder::untrained(&architecture, &preprocess, &samples::labels(), 3).unwrap();
        let inputs = samples::inputs(2);
        let encodings = encoder.encode(&inputs).unwrap();
        let own = evidence(&encoder, &inputs[0], &encodings[0].embedding).unwrap();
        let other = evidence(&encoder, &inputs[0], &encodings[1].embedding).unwrap();
        assert_eq!(own.size, inputs[0].size);
        assert!(
            own.values.iter().chain(&other.values).all(|value| value.is_finite() && *value >= 0.0)
        );
        assert!(own.values.iter().any(|value| *value > 0.0) && own != other);
        let flat = Input { pixels: vec![0.5; inputs[0].pixels.len()], ..inputs[0].clone() };
        let embedding = encoder.encode(std::slice::from_ref(&flat)).unwrap().remove(0).embedding;
        let none = evidence(&encoder, &flat, &embedding).unwrap();
        assert!(
            none.values.iter().all(|value| f64::from(*value) <= NOTHING),
            "the blur of what is flat is the same"
        );
    }
}
