//! Codes that were inserted since the last segment was made: rows in memory, ordered by id.

use super::nearest::Nearest;
use super::query::{Asked, Search};
use crate::HashCode;
use crate::hamming::Kernel;

/// Codes whose distances are computed before they are looked at: 8 KiB of distances, which stay in the L1 cache.
const BLOCK: usize = 4096;

/// Ids, ascending, and the words of their codes.
#[derive(Clone, Default)]
pub(super) struct Tail {
    pub(super) ids: Vec<u64>,
    pub(super) words: Vec<u64>,
}

impl Tail {
    /// Adds a code whose id is not there.
    pub(super) fn insert(&mut self, id: u64, code: &HashCode) {
        // The greatest so far is the common case: a gallery's ids grow.
        let at = self.ids.partition_point(|&other| other < id);
        self.ids.insert(at, id);
        let width = code.words().len();
        self.words.splice(at * width..at * width, code.words().iter().copied());
    }

    /// Takes a code of `width` words out; whether it was there.
    pub(super) fn remove(&mut self, id: u64, width: usize) -> bool {
        let Ok(at) = self.ids.binary_search(&id) else { return false };
        self.ids.remove(at);
        self.words.drain(at * width..(at + 1) * width);
        true
    }

    /// Offers all codes, in the order of their ids.
    pub(super) fn scan(&self, kernel: Kernel, asked: &Asked, search: &Search<'_>, nearest: &mut Nearest) {
        let query = asked.words();
        let mut distances = [0; BLOCK];
        for (ids, words) in self.ids.chunks(BLOCK).zip(self.words.chunks(BLOCK * query.len())) {
            let distances = &mut distances[..ids.len()];
            kernel.distances(query, words, distances);
            for (ids, distances) in ids.chunks(64).zip(distances.chunks(64)) {
                // Most codes are too far. A fold without branches lets the compiler test many at once.
                let bound = nearest.bound();
                if !distances.iter().fold(false, |any, &distance| any | (distance < bound)) {
                    continue;
                }
                for (&id, &distance) in ids.iter().zip(distances) {
                    if distance < nearest.bound() && search.admits(id) {
                        nearest.push(id, distance);
                    }
                }
            }
        }
    }
}
