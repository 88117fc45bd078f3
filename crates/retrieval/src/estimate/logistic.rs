//! Logistic regression by Newton's method.

use faer::prelude::Solve;
use faer::{Col, Mat};
use serde::{Deserialize, Serialize};

/// Weight of ½‖w‖². Without it, separable samples have no solution.
const RIDGE: f64 = 1e-2;
/// The most steps of Newton's method; a handful suffices.
const STEPS: usize = 50;

/// Logistic regression: p = 1/(1 + e^−wᵀx).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Logistic<const D: usize> {
    weights: [f64; D],
}

impl<const D: usize> Logistic<D> {
    /// Finds the weights of the greatest likelihood, less the ridge.
    pub(super) fn fit(samples: &[([f64; D], bool)]) -> Self {
        let mut model = Self { weights: [0.0; D] };
        for _ in 0..STEPS {
            let (gradient, hessian) = model.derivatives(samples);
            let step = hessian.partial_piv_lu().solve(gradient);
            model.weights.iter_mut().zip(step.iter()).for_each(|(w, s)| *w -= s);
            if step.iter().all(|s| s.abs() < 1e-9) {
                break;
            }
        }
        model
    }

    pub(super) fn probability(&self, x: &[f64; D]) -> f64 {
        let z: f64 = self.weights.iter().zip(x).map(|(w, x)| w * x).sum();
        1.0 / (1.0 + (-z).exp())
    }

    /// Gradient and Hessian of the negative log-likelihood with its ridge.
    fn derivatives(&self, samples: &[([f64; D], bool)]) -> (Col<f64>, Mat<f64>) {
        let mut gradient = Col::from_fn(D, |i| RIDGE * self.weights[i]);
        let mut hessian = Mat::from_fn(D, D, |i, j| if i == j { RIDGE } else { 0.0 });
        for (x, relevant) in samples {
            let p = self.probability(x);
            let error = p - f64::from(u8::from(*relevant));
            for i in 0..D {
                gradient[i] += error * x[i];
                (0..D).for_each(|j| hessian[(i, j)] += p * (1.0 - p) * x[i] * x[j]);
            }
        }
        (gradient, hessian)
    }
}

impl<const D: usize> Serialize for Logistic<D> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.weights.as_slice().serialize(serializer)
    }
}

impl<'de, const D: usize> Deserialize<'de> for Logistic<D> {
    fn deserialize<T: serde::Deserializer<'de>>(deserializer: T) -> Result<Self, T::Error> {
        let weights = Vec::<f64>::deserialize(deserializer)?;
        let got = weights.len();
        let finite = weights.iter().all(|w| w.is_finite());
        let weights: Option<[f64; D]> = weights.try_into().ok().filter(|_| finite);
        let wrong = || serde::de::Error::custom(format!("{got} weights, expected {D} finite ones"));
        Ok(Self { weights: weights.ok_or_else(wrong)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_are_found_again() {
        let truth = Logistic { weights: [1.0, -2.0] };
        let place = |i: usize| [1.0, i as f64 / 500.0];
        // Each point occurs as often as its probability says.
        let samples: Vec<([f64; 2], bool)> = (0..1000)
            .flat_map(|i| (0..20).map(move |j| (i, j)))
            .map(|(i, j)| (place(i), (f64::from(j) + 0.5) / 20.0 < truth.probability(&place(i))))
            .collect();
        let found = Logistic::fit(&samples);
        assert!(
            found.weights.iter().zip(truth.weights).all(|(a, b)| (a - b).abs() < 0.1),
            "{found:?}"
        );
    }

    #[test]
    fn separable_samples_have_finite_weights_and_files_are_checked() {
        let found = Logistic::fit(&[([1.0, 0.0], false), ([1.0, 1.0], true)]);
        assert!(found.weights.iter().all(|w| w.is_finite()));
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Logistic<2>>(&json).unwrap(), found);
        assert!(serde_json::from_str::<Logistic<3>>(&json).is_err());
    }
}
