//! The tail: codes inserted since the last segment was made. They are rows in memory, ordered by
//! id.

use super::nearest::{found, merge, parts};
use super::query::{Asked, Search};
use super::{Ranked, Row, rows};
use crate::descriptor::Bytes;
use crate::{Descriptor, HashCode};

/// The ids, ascending, the words of their codes, and their descriptors.
#[derive(Clone, Default)]
pub(super) struct Tail {
    pub(super) ids: Vec<u64>,
    pub(super) words: Vec<u64>,
    pub(super) descriptors: Vec<Bytes>,
}

impl Tail {
    /// Adds a code whose id is not there.
    pub(super) fn insert(&mut self, id: u64, code: &HashCode, descriptor: Descriptor) {
        let at = self.ids.partition_point(|&other| other < id);
        self.ids.insert(at, id);
        self.descriptors.insert(at, descriptor.0);
        let width = code.words().len();
        self.words.splice(at * width..at * width, code.words().iter().copied());
    }

    /// Removes a code of `width` words. Returns whether it was there.
    pub(super) fn remove(&mut self, id: u64, width: usize) -> bool {
        let Ok(at) = self.ids.binary_search(&id) else { return false };
        self.ids.remove(at);
        self.descriptors.remove(at);
        self.words.drain(at * width..(at + 1) * width);
        true
    }

    /// The code of an id, in `width` words.
    pub(super) fn code(&self, id: u64, width: usize) -> Option<&[u64]> {
        self.ids.binary_search(&id).ok().map(|at| &self.words[at * width..(at + 1) * width])
    }

    /// The rows, by id.
    pub(super) fn rows(&self, width: usize) -> impl Iterator<Item = Row<'_>> {
        let rows = self.ids.iter().zip(self.words.chunks_exact(width)).zip(&self.descriptors);
        rows.map(|((&id, code), descriptor)| (id, code, descriptor))
    }

    /// The nearest to one query.
    pub(super) fn search(&self, asked: &Asked, search: &Search<'_>) -> Vec<Ranked> {
        let mut nearest = asked.nearest(search);
        rows::near(asked.words(), &self.words, &mut nearest, |nearest, row, distance| {
            let found = found(row, distance, asked.tie(|| &self.descriptors[row]));
            if nearest.wants_found(found) && search.admits(self.ids[row]) {
                nearest.push(found);
            }
        });
        let neighbor = |found| {
            let (row, distance, tie) = parts(found);
            Ranked { distance, tie, id: self.ids[row] }
        };
        merge(nearest.finish(), search.k).into_iter().map(neighbor).collect()
    }
}
