//! The index: exact nearest codes by a scan of all of them, in memory.

use rayon::prelude::*;

use crate::code::check_bits;
use crate::hamming::Kernel;
use crate::scan::{Nearest, scan};
use crate::{Error, HashCode, Result};

/// Codes a thread takes at once. Fewer are not worth another thread.
const CHUNK: usize = 1 << 17;

/// A code of the index and how far it is from the query.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Neighbor {
    // The order of the fields is the order of neighbours: by distance, then by id.
    /// In bits.
    pub distance: u32,
    /// As inserted.
    pub id: u64,
}

/// Codes of one length with their ids, searched exactly: an answer never depends on luck.
///
/// Answers are ordered by (distance, id). The codes lie one after the other in order of their ids, so inserting
/// an id greater than all others appends, and any other insertion or removal moves what is behind it. A removed
/// code is gone from memory, not marked.
#[derive(Clone, Debug)]
pub struct Index {
    bits: usize,
    /// Ascending.
    ids: Vec<u64>,
    /// `bits.div_ceil(64)` words for each id.
    words: Vec<u64>,
}

impl Index {
    /// An empty index of codes of so many bits.
    ///
    /// # Errors
    /// If there are no codes of that length.
    pub fn new(bits: usize) -> Result<Self> {
        check_bits(bits)?;
        Ok(Self { bits, ids: Vec::new(), words: Vec::new() })
    }

    /// The codes' length in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no code.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The ids, ascending.
    #[must_use]
    pub fn ids(&self) -> &[u64] {
        &self.ids
    }

    /// Whether there is a code with that id.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Adds a code.
    ///
    /// # Errors
    /// If the code has another length, or the id is taken.
    pub fn insert(&mut self, id: u64, code: &HashCode) -> Result<()> {
        self.check(code)?;
        // The greatest so far is the common case: a gallery's ids grow.
        let at = match self.ids.last() {
            Some(&last) if last >= id => match self.ids.binary_search(&id) {
                Ok(_) => return Err(Error::TakenId { id }),
                Err(at) => at,
            },
            _ => self.ids.len(),
        };
        self.ids.insert(at, id);
        let at = at * self.width();
        self.words.splice(at..at, code.words().iter().copied());
        Ok(())
    }

    /// Takes a code out; whether it was there.
    pub fn remove(&mut self, id: u64) -> bool {
        let Ok(at) = self.ids.binary_search(&id) else { return false };
        let width = self.width();
        self.ids.remove(at);
        self.words.drain(at * width..(at + 1) * width);
        true
    }

    /// The `k` nearest codes, or all if there are fewer.
    ///
    /// # Errors
    /// If the query has another length than the codes.
    pub fn nearest(&self, query: &HashCode, k: usize) -> Result<Vec<Neighbor>> {
        self.nearest_where(query, k, |_| true)
    }

    /// The `k` nearest codes of those whose id is to be kept.
    ///
    /// # Errors
    /// If the query has another length than the codes.
    pub fn nearest_where(
        &self,
        query: &HashCode,
        k: usize,
        keep: impl Fn(u64) -> bool + Sync,
    ) -> Result<Vec<Neighbor>> {
        self.check(query)?;
        Ok(self.search(Kernel::best(), query, k, self.bits as u32, keep))
    }

    /// All codes at most `radius` bits away.
    ///
    /// # Errors
    /// If the query has another length than the codes.
    pub fn within(&self, query: &HashCode, radius: u32) -> Result<Vec<Neighbor>> {
        self.within_where(query, radius, |_| true)
    }

    /// All codes at most `radius` bits away, of those whose id is to be kept.
    ///
    /// # Errors
    /// If the query has another length than the codes.
    pub fn within_where(
        &self,
        query: &HashCode,
        radius: u32,
        keep: impl Fn(u64) -> bool + Sync,
    ) -> Result<Vec<Neighbor>> {
        self.check(query)?;
        Ok(self.search(Kernel::best(), query, usize::MAX, radius, keep))
    }

    /// The `k` nearest codes at most `radius` away, by a given kernel.
    fn search(
        &self,
        kernel: Kernel,
        query: &HashCode,
        k: usize,
        radius: u32,
        keep: impl Fn(u64) -> bool + Sync,
    ) -> Vec<Neighbor> {
        let chunks = self.ids.par_chunks(CHUNK).zip(self.words.par_chunks(CHUNK * self.width()));
        let scan =
            |(ids, words): (&[u64], &[u64])| scan(kernel, query, ids, words, Nearest::new(k, radius), &keep);
        let mut found: Vec<Neighbor> = if self.len() <= CHUNK {
            scan((&self.ids, &self.words))
        } else {
            chunks.flat_map_iter(scan).collect()
        };
        found.sort_unstable();
        found.truncate(k);
        found
    }

    fn width(&self) -> usize {
        self.bits.div_ceil(64)
    }

    fn check(&self, code: &HashCode) -> Result<()> {
        if code.bits() != self.bits {
            return Err(Error::CodeMismatch { got: code.bits(), expected: self.bits });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// Codes near each other, so that many distances tie.
    fn random_codes(n: usize, bits: usize, seed: u64) -> Vec<HashCode> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut code = || {
            let u: Vec<f32> = (0..bits).map(|_| if rng.random_bool(0.1) { 1.0 } else { -1.0 }).collect();
            HashCode::from_signs(&u).unwrap()
        };
        (0..n).map(|_| code()).collect()
    }

    fn sorted(
        codes: &BTreeMap<u64, HashCode>,
        query: &HashCode,
        keep: impl Fn(u64) -> bool,
    ) -> Vec<Neighbor> {
        let kept = codes.iter().filter(|(id, _)| keep(**id));
        let mut all: Vec<_> =
            kept.map(|(&id, code)| Neighbor { distance: code.distance(query), id }).collect();
        all.sort();
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_search_is_a_sort(
            words in 1_usize..=16,
            ids in prop::collection::vec(0_u64..2000, 0..300),
            removed in prop::collection::vec(0_u64..2000, 0..100),
            k in 0_usize..400,
            radius in 0_u32..300,
            seed in any::<u64>(),
        ) {
            let bits = words * 16;
            let mut index = Index::new(bits).unwrap();
            let mut naive = BTreeMap::new();
            for (&id, code) in ids.iter().zip(random_codes(ids.len(), bits, seed)) {
                prop_assert_eq!(index.insert(id, &code).is_err(), naive.contains_key(&id));
                naive.entry(id).or_insert(code);
            }
            for id in &removed {
                prop_assert_eq!(index.remove(*id), naive.remove(id).is_some());
            }
            prop_assert_eq!(index.len(), naive.len());
            let query = random_codes(1, bits, !seed)[0];
            let all = sorted(&naive, &query, |_| true);
            let odd = sorted(&naive, &query, |id| id % 2 == 1);
            prop_assert_eq!(&index.nearest(&query, k).unwrap(), &all[..k.min(all.len())]);
            prop_assert_eq!(&index.nearest_where(&query, k, |id| id % 2 == 1).unwrap(), &odd[..k.min(odd.len())]);
            let near = |all: &[Neighbor]| all.iter().copied().filter(|n| n.distance <= radius).collect::<Vec<_>>();
            prop_assert_eq!(index.within(&query, radius).unwrap(), near(&all));
            prop_assert_eq!(index.within_where(&query, radius, |id| id % 2 == 1).unwrap(), near(&odd));
        }
    }

    #[test]
    fn many_chunks_and_every_kernel_give_the_same() {
        let n = 3 * CHUNK + 77;
        let mut index = Index::new(64).unwrap();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for id in 0..n as u64 {
            // Few distinct codes: ties across the chunks.
            let word = rng.random::<u64>() & 0x0101_0101_0101_0101;
            index.insert(id, &HashCode::from_words(&[word], 64).unwrap()).unwrap();
        }
        let query = HashCode::from_words(&[0x0100_0101_0001_0001], 64).unwrap();
        let mut all: Vec<_> = (0..n)
            .map(|i| Neighbor { distance: (index.words[i] ^ query.words()[0]).count_ones(), id: i as u64 })
            .collect();
        all.sort();
        for kernel in Kernel::available() {
            for k in [1, 10, 5000, n, usize::MAX] {
                assert_eq!(
                    index.search(kernel, &query, k, 64, |_| true),
                    all[..k.min(n)],
                    "{}",
                    kernel.name()
                );
            }
        }
        assert_eq!(
            index.within(&query, 0).unwrap(),
            all.iter().copied().filter(|n| n.distance == 0).collect::<Vec<_>>()
        );
    }

    #[test]
    fn other_lengths_are_refused() {
        let mut index = Index::new(64).unwrap();
        let code = HashCode::from_signs(&[1.0; 32]).unwrap();
        let message = "a hash code of 32 bits; expected 64 bits, as all codes here";
        assert_eq!(index.insert(1, &code).unwrap_err().to_string(), message);
        assert_eq!(index.nearest(&code, 1).unwrap_err().to_string(), message);
        assert_eq!(index.within(&code, 1).unwrap_err().to_string(), message);
    }
}
