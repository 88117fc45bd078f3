//! A run: one method at one code length with one seed.

use super::config::{CompareConfig, Kind, Method};

/// A method, a code length and a seed.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    pub(crate) method: &'a Method,
    pub(crate) bits: usize,
    pub(crate) seed: u64,
}

impl Run<'_> {
    /// The run's name, which is also its folder's.
    pub(crate) fn name(&self) -> String {
        format!("{}-{}-{}", self.method.slug(), self.bits, self.seed)
    }
}

/// All runs: first those of the tables, seed by seed, then those of the other code lengths.
pub fn runs(config: &CompareConfig) -> Vec<Run<'_>> {
    let made =
        || config.methods.iter().filter(|method| !matches!(method.kind(), Ok(Kind::Embeddings(_))));
    let first = config
        .seeds
        .iter()
        .flat_map(|&seed| made().map(move |method| (method, config.bits[0], seed)));
    let others = config.bits[1..].iter().flat_map(|&bits| {
        made()
            .filter(|method| !method.first_bits_only)
            .map(move |method| (method, bits, config.seeds[0]))
    });
    first.chain(others).map(|(method, bits, seed)| Run { method, bits, seed }).collect()
}
