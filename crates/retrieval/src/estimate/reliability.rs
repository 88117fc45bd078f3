//! Reliability of estimates: predictions beside observations.

use serde::Serialize;

/// The number of bins of a diagram.
const BINS: usize = 10;

/// A reliability diagram (DeGroot and Fienberg 1983) and its summary figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Up to ten bins of equal width. Those without a prediction are left out.
    pub bins: Vec<Bin>,
    /// Expected calibration error: mean |predicted − observed| over bins, weighed by count (Naeini
    /// et al. 2015).
    pub calibration_error: f64,
    /// Brier score: mean (predicted − observed)².
    pub brier: f64,
    /// The number of predictions.
    pub count: usize,
}

/// A bin of similar predictions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bin {
    /// The mean prediction.
    pub predicted: f64,
    /// The mean observation.
    pub observed: f64,
    /// The number of predictions.
    pub count: usize,
}

impl Reliability {
    /// Measures (prediction, observation) pairs, both in 0..=1. An observation is 0 or 1 for a
    /// neighbour, P@k for an answer.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Self {
        let mut sums = [(0.0, 0.0, 0); BINS];
        for &(predicted, observed) in pairs {
            let bin = ((predicted * BINS as f64) as usize).min(BINS - 1);
            let (p, o, count) = sums[bin];
            sums[bin] = (p + predicted, o + observed, count + 1);
        }
        let mean = |&(p, o, count): &(f64, f64, usize)| Bin {
            predicted: p / count as f64,
            observed: o / count as f64,
            count,
        };
        let bins: Vec<Bin> = sums.iter().filter(|sum| sum.2 > 0).map(mean).collect();
        let off = |bin: &Bin| (bin.predicted - bin.observed).abs() * bin.count as f64;
        let square = |(p, o): &(f64, f64)| (p - o).powi(2);
        let total = pairs.len().max(1) as f64;
        Self {
            calibration_error: bins.iter().map(off).sum::<f64>() / total,
            brier: pairs.iter().map(square).sum::<f64>() / total,
            count: pairs.len(),
            bins,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn predictions_fall_into_bins() {
        let found = Reliability::of(&[(0.05, 0.0), (0.05, 1.0), (1.0, 1.0)]);
        assert_eq!(found.bins.len(), 2);
        assert_eq!((found.bins[0].observed, found.bins[0].count), (0.5, 2));
        assert!((found.calibration_error - 0.3).abs() < 1e-12);
        assert!((found.brier - (0.0025 + 0.9025) / 3.0).abs() < 1e-12);
        assert_eq!(Reliability::of(&[]).count, 0);
    }
}
