//! The errors of evaluation.

/// The result of an evaluation.
pub(super) type Result<T> = std::result::Result<T, EvaluationError>;

/// A fault of tasks, of what is to be evaluated, or of results.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// A file of tasks that cannot be parsed.
    #[error("the evaluation tasks do not read: {0}")]
    Tasks(#[from] toml::de::Error),
    /// A task that contradicts itself.
    #[error("the evaluation task `{task}` {reason}")]
    Task {
        /// The task.
        task: String,
        /// The fault and the remedy, in words.
        reason: String,
    },
    /// A ranking whose length differs from the number of items.
    #[error("a ranking of {got} items; expected {expected}, one for each item to evaluate")]
    RankingLength {
        /// The ranking's length.
        got: usize,
        /// The number of items.
        expected: usize,
    },
    /// A mean over training runs, of which none was given.
    #[error("there is no run to take the mean of; give the results of at least one")]
    NoRuns,
    /// Two results that cannot be paired.
    #[error("the results of `{a}` and `{b}` cannot be paired: {reason}")]
    Unpaired {
        /// The one method.
        a: String,
        /// The other method.
        b: String,
        /// The difference, in words.
        reason: String,
    },
    /// Codes or embeddings that cannot be compared.
    #[error(transparent)]
    Codes(#[from] crate::Error),
}
