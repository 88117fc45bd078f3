//! Limits on what a file may nest and count, however many bytes it has.

/// Sequences in sequences; structured reports have about ten.
pub(crate) const MAX_DEPTH: u32 = 64;
/// Fragments of Pixel Data. Each is 24 bytes here, and may be 8 in the file; a film of an hour has
/// 108,000.
pub(crate) const MAX_FRAGMENTS: usize = 1 << 20;
