//! One thread's scan: distances of a block of codes, and the nearest so far.

use crate::hamming::Kernel;
use crate::{HashCode, MAX_BITS, Neighbor};

/// Codes whose distances are computed before they are looked at: 8 KiB of distances, which stay in the L1 cache.
const BLOCK: usize = 4096;

/// Scans codes in the order of their ids; what comes back holds the nearest, in no order.
pub(crate) fn scan(
    kernel: Kernel,
    query: &HashCode,
    ids: &[u64],
    words: &[u64],
    mut nearest: Nearest,
    keep: impl Fn(u64) -> bool,
) -> Vec<Neighbor> {
    let query = query.words();
    let mut distances = [0; BLOCK];
    for (ids, words) in ids.chunks(BLOCK).zip(words.chunks(BLOCK * query.len())) {
        let distances = &mut distances[..ids.len()];
        kernel.distances(query, words, distances);
        for (ids, distances) in ids.chunks(64).zip(distances.chunks(64)) {
            // Most codes are too far. A fold without branches lets the compiler test many at once.
            let bound = nearest.bound;
            if !distances.iter().fold(false, |any, &distance| any | (distance < bound)) {
                continue;
            }
            for (&id, &distance) in ids.iter().zip(distances) {
                if distance < nearest.bound && keep(id) {
                    nearest.push(id, distance);
                }
            }
        }
    }
    nearest.finish()
}

/// The nearest so far, bounded by counting: distances are small integers, so no heap is needed.
pub(crate) struct Nearest {
    k: usize,
    /// Every code this far or farther is of no interest.
    bound: u16,
    /// How many found codes are at each distance below the bound.
    counts: [usize; MAX_BITS + 1],
    /// How many found codes are below the bound.
    below: usize,
    found: Vec<Neighbor>,
}

impl Nearest {
    pub(crate) fn new(k: usize, radius: u32) -> Self {
        let bound = if k == 0 { 0 } else { radius.min(MAX_BITS as u32) as u16 + 1 };
        Self { k, bound, counts: [0; MAX_BITS + 1], below: 0, found: Vec::new() }
    }

    /// Adds a code below the bound; ids come in ascending order.
    fn push(&mut self, id: u64, distance: u16) {
        self.found.push(Neighbor { distance: u32::from(distance), id });
        self.counts[usize::from(distance)] += 1;
        self.below += 1;
        // With k codes below the bound, a later one at the greatest of their distances comes after them all, as its
        // id is greater. So the bound falls to that distance, and below it fewer than k are known.
        while self.below >= self.k {
            self.bound -= 1;
            self.below -= self.counts[usize::from(self.bound)];
        }
    }

    /// The found codes, without most of those that turned out too far.
    fn finish(mut self) -> Vec<Neighbor> {
        self.found.retain(|neighbor| neighbor.distance <= u32::from(self.bound));
        self.found
    }
}
