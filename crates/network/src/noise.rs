//! Random numbers of the tests.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// So many numbers, uniform in [−0.5, 0.5). A seed gives the same ones again.
pub(crate) fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    (0..count).map(|_| random.random::<f32>() - 0.5).collect()
}
