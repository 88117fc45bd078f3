//! Cuts of a data set in which no patient and no group is in two parts.

use super::{Dataset, Item, Split};
use sha2::{Digest, Sha256};

impl Item {
    /// The unit that a split never divides: the group, else the patient within the source, else the
    /// picture itself.
    pub fn unit(&self) -> String {
        let source = self.source.as_deref().unwrap_or_default();
        match (&self.group, &self.patient) {
            (Some(group), _) => format!("group:{group}"),
            (None, Some(patient)) => format!("patient:{source}/{patient}"),
            (None, None) => format!("picture:{}", self.name),
        }
    }
}

impl Dataset {
    /// Indices of the items of `split`, cut by unit into what is kept and a share `fraction` held
    /// out. Where no item at all is marked with a split, every item counts as `split`.
    ///
    /// A unit's side follows from its name and the seed alone, so it stays when the data set grows.
    pub fn hold_out(&self, split: Split, fraction: f64, seed: u64) -> (Vec<usize>, Vec<usize>) {
        let unmarked = self.items.iter().all(|item| item.split.is_none());
        (0..self.items.len())
            .filter(|&i| unmarked || self.items[i].split == Some(split))
            .partition(|&i| position(&self.items[i].unit(), seed) >= fraction)
    }
}

/// A number in [0, 1) from a unit's name and a seed.
fn position(unit: &str, seed: u64) -> f64 {
    let digest = Sha256::new().chain_update(seed.to_le_bytes()).chain_update(unit).finalize();
    let number = digest.iter().take(7).fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
    number as f64 / (1u64 << 56) as f64
}
