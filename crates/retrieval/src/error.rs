//! The errors of codes, embeddings and the index. Each names the object, what was got, what was
//! expected and what to do.

use std::path::PathBuf;

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of codes, embeddings or the index. None shows a patient's data.
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
    /// A damaged file of the index.
    #[error(
        "the index file `{path}` is damaged: {reason}. It is derived from the database: remove \
         it, and it is made again"
    )]
    DamagedSegment {
        /// The file.
        path: PathBuf,
        /// The fault, in words.
        reason: String,
    },
    /// A file of the index in an older format.
    #[error(
        "the index file `{path}` is of an older format. It is derived from the database: remove \
         it, and it is made again"
    )]
    OlderSegment {
        /// The file.
        path: PathBuf,
    },
}
