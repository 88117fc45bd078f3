//! The errors. Each names the object, what was got, what was expected and what to do.

use std::path::PathBuf;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of codes, the index, evaluation or hashings. None shows a patient's data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A code of a length that does not exist.
    #[error("a hash code of {got} bits; expected a multiple of 16 from 16 to 256 bits")]
    CodeLength {
        /// Bits.
        got: usize,
    },
    /// A code from the wrong number of words.
    #[error("a hash code of {bits} bits from {got} words; expected {expected} words of 64 bits")]
    CodeWords {
        /// Words.
        got: usize,
        /// Words.
        expected: usize,
        /// The code's length.
        bits: usize,
    },
    /// A bit past the end of a code.
    #[error("a hash code of {bits} bits has bits set past its end; expected zeros there")]
    CodeTail {
        /// The code's length.
        bits: usize,
    },
    /// A hash layer's output that is not a number, and so has no sign.
    #[error("a hash code of NaN at position {position}; expected numbers: is the model damaged?")]
    CodeOfNan {
        /// The position in the hash layer's output.
        position: usize,
    },
    /// A code of another length than its companions.
    #[error("a hash code of {got} bits; expected {expected} bits, as all codes here")]
    CodeMismatch {
        /// Bits.
        got: usize,
        /// Bits.
        expected: usize,
    },
    /// An embedding with an odd number of bytes.
    #[error("an embedding of {got} bytes; expected an even number, two bytes a value")]
    EmbeddingBytes {
        /// Bytes.
        got: usize,
    },
    /// An embedding value that f16 does not hold.
    #[error(
        "an embedding with {got} at position {position}; expected a finite number of at most 65504"
    )]
    EmbeddingValue {
        /// The position in the embedding.
        position: usize,
        /// The value.
        got: f32,
    },
    /// An embedding of another length than its companions.
    #[error("an embedding of {got} values; expected {expected} values, as all embeddings here")]
    EmbeddingMismatch {
        /// Values.
        got: usize,
        /// Values.
        expected: usize,
    },
    /// An id that is taken.
    #[error("the index already has a code with the id {id}; remove it first, or use another id")]
    TakenId {
        /// The id.
        id: u64,
    },
    /// A file or folder that cannot be used.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// The action that failed, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
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
    /// Feature vectors or labels that no hashing can be fitted to.
    #[error(transparent)]
    Hashing(#[from] crate::hashing::HashingError),
    /// A damaged file of the index.
    #[error(
        "the index file `{path}` is damaged: {reason}. It is derived from the database: remove it, and it is made again"
    )]
    DamagedSegment {
        /// The file.
        path: PathBuf,
        /// The fault, in words.
        reason: String,
    },
    /// A file of the index in an older format.
    #[error(
        "the index file `{path}` is of an older format. It is derived from the database: remove it, and it is made again"
    )]
    OlderSegment {
        /// The file.
        path: PathBuf,
    },
    /// A model's estimator that cannot be read.
    #[error(
        "the model's estimator is damaged: {reason}; expected base 64 of a mean and components. Train the model anew"
    )]
    Estimator {
        /// The fault, in words.
        reason: String,
    },
}
