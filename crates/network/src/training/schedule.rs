//! The learning rate of a step.

use crate::training::config::Optimisation;

/// The learning rate when `at` epochs are done. It is linear from 0 over the warm-up, then half a
/// cosine down to 0 (Loshchilov and Hutter, "SGDR", 2017, without restarts).
pub(crate) fn learning_rate(optimisation: &Optimisation, at: f64) -> f64 {
    let o = optimisation;
    if at < o.warm_up {
        return o.learning_rate * at / o.warm_up;
    }
    let part = (at - o.warm_up) / (o.epochs as f64 - o.warm_up).max(1e-9);
    o.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * part.clamp(0.0, 1.0)).cos())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ten_epochs(warm_up: f64) -> Optimisation {
        Optimisation { epochs: 10, learning_rate: 0.01, warm_up, ..Optimisation::default() }
    }

    #[test]
    fn it_rises_over_the_warm_up_and_falls_to_nothing() {
        let o = ten_epochs(2.0);
        assert_eq!(learning_rate(&o, 0.0), 0.0);
        assert_eq!(learning_rate(&o, 1.0), 0.005);
        assert_eq!(learning_rate(&o, 2.0), 0.01);
        assert!((learning_rate(&o, 6.0) - 0.005).abs() < 1e-12, "half of the cosine");
        assert!(learning_rate(&o, 10.0).abs() < 1e-12);
        assert_eq!(learning_rate(&o, 11.0), learning_rate(&o, 10.0), "it stays there");
    }

    #[test]
    fn it_never_rises_after_the_warm_up() {
        let o = ten_epochs(0.5);
        let rates: Vec<f64> =
            (0..=95).map(|i| learning_rate(&o, 0.5 + f64::from(i) / 10.0)).collect();
        assert!(rates.windows(2).all(|pair| pair[1] <= pair[0]));
    }

    #[test]
    fn a_warm_up_of_the_whole_run_is_finite() {
        let o = ten_epochs(10.0);
        assert_eq!(learning_rate(&o, 10.0), 0.01);
        assert_eq!(learning_rate(&ten_epochs(0.0), 0.0), 0.01, "none at all begins at the top");
    }
}
