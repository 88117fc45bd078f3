//! The samples of a hashing: checked feature vectors, as a matrix about their mean.

use faer::Mat;

use super::{HashingError, Result};

/// The fewest samples that have a direction.
const MIN_SAMPLES: usize = 2;

/// Feature vectors and their mean.
pub(super) struct Samples {
    pub(super) mean: Vec<f64>,
    /// The features less the mean, one sample a column: dimensions × samples.
    pub(super) centred: Mat<f64>,
}

impl Samples {
    /// Checks and centres feature vectors, one a row.
    pub(super) fn new(features: &[Vec<f32>]) -> Result<Self> {
        let [first, others @ ..] = features else {
            return Err(HashingError::Count { got: 0 });
        };
        if features.len() < MIN_SAMPLES {
            return Err(HashingError::Count { got: features.len() });
        }
        features.iter().try_for_each(|feature| check(feature, first.len()))?;
        if others.iter().all(|other| other == first) {
            return Err(HashingError::Constant { count: features.len() });
        }
        let mean = mean(features, first.len());
        let centred = Mat::from_fn(mean.len(), features.len(), |i, sample| {
            f64::from(features[sample][i]) - mean[i]
        });
        Ok(Self { mean, centred })
    }
}

/// One feature vector less the mean.
pub(super) fn centre(feature: &[f32], mean: &[f64]) -> Result<Vec<f64>> {
    check(feature, mean.len())?;
    Ok(feature.iter().zip(mean).map(|(&value, mean)| f64::from(value) - mean).collect())
}

/// The differences a − b of two matrices of feature vectors. The rows are samples; the result has
/// one a column: dimensions × samples.
pub(super) fn differences(a: &[Vec<f32>], b: &[Vec<f32>]) -> Result<Mat<f64>> {
    let expected = b.first().map_or(0, Vec::len);
    a.iter().chain(b).try_for_each(|feature| check(feature, expected))?;
    Ok(Mat::from_fn(expected, b.len(), |i, sample| {
        f64::from(a[sample][i]) - f64::from(b[sample][i])
    }))
}

fn check(feature: &[f32], expected: usize) -> Result<()> {
    if feature.len() != expected {
        return Err(HashingError::Mismatch { got: feature.len(), expected });
    }
    match feature.iter().position(|value| !value.is_finite()) {
        Some(position) => Err(HashingError::Value { position, got: feature[position] }),
        None => Ok(()),
    }
}

fn mean(features: &[Vec<f32>], dimensions: usize) -> Vec<f64> {
    let mut sums = vec![0.0; dimensions];
    for feature in features {
        sums.iter_mut().zip(feature).for_each(|(sum, &value)| *sum += f64::from(value));
    }
    sums.iter().map(|sum| sum / features.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_columns_about_their_mean() {
        let samples = Samples::new(&[vec![1.0, 5.0, 0.0], vec![3.0, -1.0, 0.0]]).unwrap();
        assert_eq!(samples.mean, [2.0, 2.0, 0.0]);
        assert_eq!(samples.centred, faer::mat![[-1.0, 1.0], [3.0, -3.0], [0.0, 0.0]]);
        assert_eq!(centre(&[4.0, 4.0, -1.0], &samples.mean).unwrap(), [2.0, 2.0, -1.0]);
    }

    #[test]
    fn what_has_no_direction_is_refused() {
        let message = |features: &[Vec<f32>]| Samples::new(features).err().unwrap().to_string();
        assert!(message(&[]).contains("0 feature vectors; expected at least 2"));
        assert!(message(&[vec![1.0]]).contains("1 feature vectors"));
        assert!(message(&[vec![], vec![]]).contains("all 2 feature vectors are equal"));
        assert!(message(&vec![vec![0.1, 0.7]; 3]).contains("all 3"));
    }

    #[test]
    fn damaged_rows_are_refused() {
        let message = |features: &[Vec<f32>]| Samples::new(features).err().unwrap().to_string();
        assert!(message(&[vec![1.0, 2.0], vec![1.0]]).contains("1 values; expected 2"));
        assert!(message(&[vec![1.0, 2.0], vec![1.0, f32::NAN]]).contains("NaN at position 1"));
        assert!(
            centre(&[f32::INFINITY], &[0.0]).unwrap_err().to_string().contains("inf at position 0")
        );
        assert!(centre(&[1.0, 2.0], &[0.0]).is_err());
    }
}
