//! A picture of the code space: exact t-SNE (van der Maaten and Hinton, "Visualizing Data using
//! t-SNE", JMLR 2008).
//!
//! It is written here because the crates at hand take no seed and do not fix the order of
//! summation. Here the same codes give the same picture.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The effective number of neighbours.
const PERPLEXITY: f64 = 30.0;
const STEPS: usize = 500;
/// The number of steps in which the likenesses are exaggerated, so that clusters form.
const EARLY: usize = 120;
const EXAGGERATION: f64 = 12.0;
/// The highest learning rate. With fewer than 400 points it is lower, or they fly apart.
const RATE: f64 = 50.0;

type Place = [f64; 2];

/// A place in the plane for every vector, near ones near each other. It suits a few thousand at
/// most: it takes the square of their number.
pub(crate) fn plane(vectors: &[Vec<f32>], seed: u64) -> Vec<(f64, f64)> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut small = || (random.random::<f64>() - 0.5) * 1e-2;
    let mut places: Vec<Place> = vectors.iter().map(|_| [small(), small()]).collect();
    let likeness = likenesses(vectors);
    let mut velocity = vec![[0.0; 2]; places.len()];
    let mut gains = vec![[1.0; 2]; places.len()];
    let rate = (places.len() as f64 / 8.0).min(RATE);
    for step in 0..STEPS {
        let exaggeration = if step < EARLY { EXAGGERATION } else { 1.0 };
        let momentum = if step < EARLY { 0.5 } else { 0.8 };
        let gradient = gradient(&places, &likeness, exaggeration);
        for (i, gradient) in gradient.iter().enumerate() {
            for axis in 0..2 {
                let against = (gradient[axis] > 0.0) != (velocity[i][axis] > 0.0);
                let gain: f64 = if against { gains[i][axis] + 0.2 } else { gains[i][axis] * 0.8 };
                gains[i][axis] = gain.max(0.01);
                velocity[i][axis] =
                    momentum * velocity[i][axis] - rate * gains[i][axis] * gradient[axis];
                places[i][axis] += velocity[i][axis];
            }
        }
    }
    places.into_iter().map(|[x, y]| (x, y)).collect()
}

/// p_ij = (p_j|i + p_i|j)/2n, row by row.
fn likenesses(vectors: &[Vec<f32>]) -> Vec<Vec<f64>> {
    let n = vectors.len();
    let square =
        |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    let row = |i: usize| {
        let distances: Vec<f64> = vectors.iter().map(|other| square(&vectors[i], other)).collect();
        conditional(&distances, i)
    };
    let rows: Vec<Vec<f64>> = (0..n).into_par_iter().map(row).collect();
    let both = |i: usize| {
        (0..n).map(|j| ((rows[i][j] + rows[j][i]) / (2 * n) as f64).max(1e-12)).collect()
    };
    (0..n).into_par_iter().map(both).collect()
}

/// p_j|i with the width at which the row has the wanted perplexity, found by bisection.
fn conditional(distances: &[f64], itself: usize) -> Vec<f64> {
    let wanted = PERPLEXITY.min((distances.len() as f64 - 1.0).max(2.0) / 3.0).ln();
    // Only differences of the distances count, and these do not underflow.
    let nearest = (0..distances.len())
        .filter(|&j| j != itself)
        .map(|j| distances[j])
        .fold(f64::INFINITY, f64::min);
    let row = |precision: f64| -> Vec<f64> {
        let weigh = |(j, d): (usize, &f64)| {
            if j == itself { 0.0 } else { (-(d - nearest) * precision).exp() }
        };
        let weights: Vec<f64> = distances.iter().enumerate().map(weigh).collect();
        let sum: f64 = weights.iter().sum::<f64>().max(1e-300);
        weights.into_iter().map(|w| w / sum).collect()
    };
    let entropy = |row: &[f64]| -row.iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>();
    let (mut low, mut high) = (1e-9_f64, 1e9_f64);
    for _ in 0..60 {
        let middle = (low * high).sqrt();
        if entropy(&row(middle)) > wanted { low = middle } else { high = middle }
    }
    row((low * high).sqrt())
}

/// 4 Σ_j (p_ij − q_ij)(y_i − y_j)/(1 + ‖y_i − y_j‖²), q the same with a Student distribution in the
/// plane.
fn gradient(places: &[Place], likeness: &[Vec<f64>], exaggeration: f64) -> Vec<Place> {
    let closeness =
        |a: &Place, b: &Place| 1.0 / (1.0 + (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2));
    let row_sum = |a: &Place| places.iter().map(|b| closeness(a, b)).sum::<f64>() - 1.0;
    // Rows come first and then their sums, in order: the same on any number of threads.
    let sums: Vec<f64> = places.par_iter().map(row_sum).collect();
    let total = sums.iter().sum::<f64>().max(1e-300);
    let of = |(a, likeness): (&Place, &Vec<f64>)| {
        let mut pull = [0.0; 2];
        for (b, p) in places.iter().zip(likeness) {
            let close = closeness(a, b);
            let weight = 4.0 * (exaggeration * p - close / total) * close;
            (0..2).for_each(|axis| pull[axis] += weight * (a[axis] - b[axis]));
        }
        pull
    };
    places.par_iter().zip(likeness).map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_stay_apart_and_a_seed_names_a_picture() {
        let vectors: Vec<Vec<f32>> = (0..60)
            .map(|i| {
                (0..16).map(|k| f32::from(u8::from((i + k) % 11 == 0)) + (i % 2) as f32).collect()
            })
            .collect();
        let places = plane(&vectors, 3);
        assert_eq!(places, plane(&vectors, 3));
        let apart =
            |i: usize, j: usize| (places[i].0 - places[j].0).hypot(places[i].1 - places[j].1);
        let mean = |wanted: usize| {
            let pairs: Vec<f64> = (0..60)
                .flat_map(|i| (0..i).map(move |j| (i, j)))
                .filter(|(i, j)| (i + j) % 2 == wanted)
                .map(|(i, j)| apart(i, j))
                .collect();
            pairs.iter().sum::<f64>() / pairs.len() as f64
        };
        let reach = places.iter().map(|(x, y)| x.abs().max(y.abs())).fold(0.0, f64::max);
        assert!(reach < 50.0, "few points fly apart: {reach}");
        assert!(mean(1) > 2.0 * mean(0), "{} {}", mean(1), mean(0));
    }

    #[test]
    fn few_and_equal_vectors_have_places() {
        for count in 0..4 {
            let places = plane(&vec![vec![1.0; 8]; count], 1);
            assert!(
                places.len() == count && places.iter().all(|(x, y)| x.is_finite() && y.is_finite())
            );
        }
    }
}
