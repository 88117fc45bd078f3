//! The errors of fitting or applying a hashing.

/// The result of fitting or applying a hashing.
pub(super) type Result<T> = std::result::Result<T, HashingError>;

/// A fault of feature vectors or their labels.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HashingError {
    /// A length that no code has, or a hash function's output that gives none.
    #[error(transparent)]
    Code(#[from] crate::Error),
    /// Too few samples to fit a hashing to.
    #[error("{got} feature vectors; expected at least 2 to fit a hashing to")]
    Count {
        /// Samples.
        got: usize,
    },
    /// Samples that are all equal.
    #[error(
        "all {count} feature vectors are equal; expected some that differ: are the pictures \
         blank, or one and the same?"
    )]
    Constant {
        /// Samples.
        count: usize,
    },
    /// A feature vector of another length than its companions.
    #[error(
        "a feature vector of {got} values; expected {expected} values, as all feature vectors here"
    )]
    Mismatch {
        /// Values.
        got: usize,
        /// Values.
        expected: usize,
    },
    /// A feature that is not a finite number.
    #[error(
        "a feature vector with {got} at position {position}; expected finite numbers: is the \
         model damaged?"
    )]
    Value {
        /// The position in the feature vector.
        position: usize,
        /// The value.
        got: f32,
    },
    /// Fewer principal components than bits.
    #[error(
        "feature vectors along {got} independent directions; expected at least {expected}, one \
         for each bit of a code by principal components. Ask for shorter codes, give more samples \
         or longer features, or use lsh or sdh"
    )]
    Directions {
        /// The number of directions along which the samples vary: at most the features' length, and
        /// one fewer than the samples.
        got: usize,
        /// The code's length in bits.
        expected: usize,
    },
    /// Labels whose rows differ in number from the samples.
    #[error("labels of {got} samples; expected {expected}, one row for each feature vector")]
    LabelCount {
        /// Rows of labels.
        got: usize,
        /// Samples.
        expected: usize,
    },
    /// A sample's labels with another number of classes, or none.
    #[error(
        "labels of {got} classes; expected {expected}, at least one and for each sample the same"
    )]
    LabelMismatch {
        /// Classes.
        got: usize,
        /// Classes.
        expected: usize,
    },
    /// Copies that differ in number from the samples.
    #[error("{got} copies; expected {expected}, one for each feature vector")]
    CopyCount {
        /// Copies.
        got: usize,
        /// Samples.
        expected: usize,
    },
    /// A label that is not a finite number.
    #[error("a label of {got}; expected a finite number, 0 for a class that the sample has not")]
    LabelValue {
        /// The label.
        got: f32,
    },
    /// A matrix that could not be decomposed.
    #[error(
        "the {what} of the feature vectors did not converge; expected features of similar \
         magnitudes: scale them"
    )]
    Decomposition {
        /// The result that was computed, as a noun: "regression".
        what: &'static str,
    },
}
