//! The lengths of a search's lists: codes that are ordered by embedding, and embeddings to read.

/// The default length of a shortlist: the number of nearest codes whose embeddings may answer.
pub const SHORTLIST: usize = 1000;
/// The number of embeddings that are read and compared beyond the answers wanted.
pub const SPARE: usize = 100;
