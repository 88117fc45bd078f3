//! Locality-sensitive hashing: sgn(Wᵀx) with W ~ N(0, 1). Two codes differ in a share θ/π of their
//! bits, θ being the features' angle. "Similarity Estimation Techniques from Rounding Algorithms",
//! Charikar, 2002.

use std::f64::consts::TAU;

use faer::Mat;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// The normals of random hyperplanes, one a column: dimensions × bits.
pub(super) fn fit(dimensions: usize, bits: usize, random: &mut ChaCha8Rng) -> Mat<f64> {
    Mat::from_fn(dimensions, bits, |_, _| normal(random))
}

/// A draw from N(0, 1): "A Note on the Generation of Random Normal Deviates", Box and Muller, 1958.
fn normal(random: &mut ChaCha8Rng) -> f64 {
    // The generator may give 0 but not 1, and the logarithm takes 1 but not 0.
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (TAU * random.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn draws_are_standard_normal() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let draws: Vec<f64> = (0..100_000).map(|_| normal(&mut random)).collect();
        let moment =
            |power| draws.iter().map(|draw| draw.powi(power)).sum::<f64>() / draws.len() as f64;
        for (power, expected) in [(1, 0.0), (2, 1.0), (3, 0.0), (4, 3.0)] {
            assert!((moment(power) - expected).abs() < 0.06, "moment {power}: {}", moment(power));
        }
    }

    #[test]
    fn bits_differ_as_the_angle() {
        let directions = fit(2, 10_000, &mut ChaCha8Rng::seed_from_u64(2));
        for angle in [0.3_f64, 1.0, 2.5] {
            let differ = directions.col_iter().filter(|w| {
                let (a, b) = (w[0], w[0] * angle.cos() + w[1] * angle.sin());
                super::super::sign(a) != super::super::sign(b)
            });
            let share = differ.count() as f64 / 10_000.0;
            assert!((share - angle / std::f64::consts::PI).abs() < 0.02, "{share} at {angle}");
        }
    }
}
