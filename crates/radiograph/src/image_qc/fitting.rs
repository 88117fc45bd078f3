//! Fits the scorer to radiographs that are the right way round: of the eight views of each, the
//! first is right.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::scorer::{HIDDEN, Scorer, WEIGHTS, softmax};
use super::views::{FEATURES, Views, WAYS};

const EPOCHS: usize = 25;
const BATCH: usize = 64;
const LEARNING_RATE: f32 = 0.002;
/// Pull of the weights towards 0.
const DECAY: f32 = 1e-4;

impl Scorer {
    /// Maximises the likelihood of the first view of each picture, by Adam (Kingma and Ba 2015)
    /// over 25 epochs; the same pictures in the same order give the same scorer.
    #[must_use]
    pub fn fit(pictures: &[&Views]) -> Self {
        let mut random = SplitMix64::seed_from_u64(1);
        let mut scorer =
            Self { weights: (0..WEIGHTS).map(|at| first_weight(at, &mut random)).collect() };
        let mut adam = Adam { mean: vec![0.0; WEIGHTS], square: vec![0.0; WEIGHTS], steps: 0 };
        let mut order: Vec<usize> = (0..pictures.len()).collect();
        for _ in 0..EPOCHS {
            (1..order.len()).rev().for_each(|at| order.swap(at, below(at + 1, &mut random)));
            for batch in order.chunks(BATCH) {
                let mut gradient: Vec<f32> =
                    scorer.weights.iter().map(|weight| DECAY * weight).collect();
                let share = 1.0 / batch.len() as f32;
                batch.iter().for_each(|&picture| {
                    scorer.add_gradient(pictures[picture], share, &mut gradient)
                });
                adam.step(&mut scorer.weights, &gradient);
            }
        }
        scorer
    }

    /// Adds the gradient of −ln(chance of the first view) × `share`.
    fn add_gradient(&self, views: &Views, share: f32, gradient: &mut [f32]) {
        let scored: [_; WAYS] = std::array::from_fn(|way| self.score(&views.0[way]));
        let mut chances = scored.map(|(score, _)| f64::from(score));
        softmax(&mut chances);
        chances[0] -= 1.0;
        let u = &self.weights[FEATURES * HIDDEN + HIDDEN..];
        let (first, rest) = gradient.split_at_mut(FEATURES * HIDDEN);
        let (of_b, of_u) = rest.split_at_mut(HIDDEN);
        for ((features, (_, hidden)), chance) in views.0.iter().zip(&scored).zip(chances) {
            let of_score = chance as f32 * share;
            let of_hidden: [f32; HIDDEN] =
                std::array::from_fn(
                    |unit| if hidden[unit] > 0.0 { of_score * u[unit] } else { 0.0 },
                );
            of_u.iter_mut().zip(hidden).for_each(|(of_u, hidden)| *of_u += of_score * hidden);
            of_b.iter_mut().zip(of_hidden).for_each(|(of_b, of_hidden)| *of_b += of_hidden);
            for (feature, of_weights) in features.iter().zip(first.chunks_exact_mut(HIDDEN)) {
                of_weights
                    .iter_mut()
                    .zip(of_hidden)
                    .for_each(|(of_weight, of)| *of_weight += feature * of);
            }
        }
    }
}

fn first_weight(at: usize, random: &mut SplitMix64) -> f32 {
    if at < FEATURES * HIDDEN {
        around(1.7 / (FEATURES as f32).sqrt(), random)
    } else if at < FEATURES * HIDDEN + HIDDEN {
        0.0
    } else {
        around(0.5, random)
    }
}

struct Adam {
    mean: Vec<f32>,
    square: Vec<f32>,
    steps: i32,
}

impl Adam {
    fn step(&mut self, weights: &mut [f32], gradient: &[f32]) {
        self.steps += 1;
        let (of_mean, of_square) =
            (1.0 - 0.9_f32.powi(self.steps), 1.0 - 0.999_f32.powi(self.steps));
        for (at, weight) in weights.iter_mut().enumerate() {
            self.mean[at] = 0.9 * self.mean[at] + 0.1 * gradient[at];
            self.square[at] = 0.999 * self.square[at] + 0.001 * gradient[at] * gradient[at];
            *weight -= LEARNING_RATE * (self.mean[at] / of_mean)
                / ((self.square[at] / of_square).sqrt() + 1e-8);
        }
    }
}

/// A number below `end`.
fn below(end: usize, random: &mut SplitMix64) -> usize {
    (random.next_u64() % end as u64) as usize
}

/// A number, uniform in ±`amount`.
fn around(amount: f32, random: &mut SplitMix64) -> f32 {
    ((random.next_u64() >> 40) as f32 / (1 << 23) as f32 - 1.0) * amount
}
