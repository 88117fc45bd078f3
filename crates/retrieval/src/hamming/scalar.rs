//! The naive twin: plain Rust, on every processor.

/// The distances of `query` to each of `codes`. `distances` is as long as `codes`.
pub(super) fn distances<const W: usize>(
    query: &[u64; W],
    codes: &[[u64; W]],
    distances: &mut [u16],
) {
    for (code, distance) in codes.iter().zip(distances) {
        *distance = (0..W).map(|word| (code[word] ^ query[word]).count_ones() as u16).sum();
    }
}
