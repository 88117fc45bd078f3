//! Codes that were inserted since the last segment was made: rows in memory, ordered by id.

use super::Neighbor;
use super::nearest::{Nearest, merge, row_and_distance};
use super::query::{Asked, Search};
use super::rows;
use crate::HashCode;

/// Ids, ascending, and the words of their codes.
#[derive(Clone, Default)]
pub(super) struct Tail {
    pub(super) ids: Vec<u64>,
    pub(super) words: Vec<u64>,
}

impl Tail {
    /// Adds a code whose id is not there.
    pub(super) fn insert(&mut self, id: u64, code: &HashCode) {
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

    /// The code of an id, in `width` words.
    pub(super) fn code(&self, id: u64, width: usize) -> Option<&[u64]> {
        self.ids.binary_search(&id).ok().map(|at| &self.words[at * width..(at + 1) * width])
    }

    /// The ids and codes, by id.
    pub(super) fn rows(&self, width: usize) -> impl Iterator<Item = (u64, &[u64])> {
        self.ids.iter().copied().zip(self.words.chunks_exact(width))
    }

    /// The nearest to one query.
    pub(super) fn search(&self, asked: &Asked, search: &Search<'_>) -> Vec<Neighbor> {
        let mut nearest = Nearest::in_order(search.k, search.radius);
        rows::near(asked.words(), &self.words, &mut nearest, |nearest, row, distance| {
            if nearest.wants(row, distance) && search.admits(self.ids[row]) {
                nearest.push(row, distance);
            }
        });
        let neighbor = |found| {
            let (row, distance) = row_and_distance(found);
            Neighbor { distance, id: self.ids[row] }
        };
        merge(nearest.finish(), search.k).into_iter().map(neighbor).collect()
    }
}
