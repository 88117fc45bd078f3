//! The error of a model's estimator that cannot be read.

/// Damage of the numbers that a model's file has of an estimator.
#[derive(Debug, thiserror::Error)]
#[error(
    "the model's estimator is damaged: {reason}; expected base 64 of a mean and components. Train \
     the model anew"
)]
pub struct EstimatorError {
    /// The fault, in words.
    pub reason: String,
}
