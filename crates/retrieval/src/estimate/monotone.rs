//! Isotonic regression by pooling adjacent violators (Ayer, Brunk, Ewing, Reid and Silverman, "An
//! empirical distribution function for sampling with incomplete information", 1955).

/// The values that never rise and are nearest to the given ones by least squares. Where one rises,
/// it and those before it become their mean. The sum stays.
pub(super) fn never_rising(values: &[f64]) -> Vec<f64> {
    // The mean and the length of each run.
    let mut runs: Vec<(f64, usize)> = Vec::new();
    for &value in values {
        let mut run = (value, 1);
        while let Some(&(mean, length)) = runs.last().filter(|last| last.0 < run.0) {
            let together = length + run.1;
            run = ((mean * length as f64 + run.0 * run.1 as f64) / together as f64, together);
            runs.pop();
        }
        runs.push(run);
    }
    runs.into_iter().flat_map(|(mean, length)| std::iter::repeat_n(mean, length)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_rises_is_pooled() {
        assert!(never_rising(&[]).is_empty());
        assert_eq!(never_rising(&[0.9, 0.5, 0.25]), [0.9, 0.5, 0.25]);
        assert_eq!(never_rising(&[0.25, 0.75, 0.25]), [0.5, 0.5, 0.25]);
        assert_eq!(never_rising(&[0.0, 0.5, 1.0]), [0.5, 0.5, 0.5]);
    }

    proptest! {
        #[test]
        fn it_never_rises_keeps_the_sum_and_changes_nothing_twice(values in prop::collection::vec(0.0..1.0, 0..12)) {
            let pooled = never_rising(&values);
            prop_assert_eq!(pooled.len(), values.len());
            prop_assert!(pooled.windows(2).all(|pair| pair[1] <= pair[0]));
            prop_assert!((pooled.iter().sum::<f64>() - values.iter().sum::<f64>()).abs() < 1e-9);
            prop_assert_eq!(never_rising(&pooled), pooled);
        }
    }
}
