//! What is asked of an index.

use std::ops::Not;

use roaring::RoaringTreemap;

use super::nearest::Nearest;
use crate::descriptor::{self, Bytes};
use crate::hamming::spread;
use crate::{Descriptor, HashCode, MAX_BITS};

/// How many neighbours, how far, and which may answer.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The most neighbours wanted of a query.
    pub k: usize,
    /// The greatest distance wanted, in bits.
    pub radius: u32,
    /// Only these ids answer, if given.
    pub only: Option<&'a RoaringTreemap>,
    /// These ids do not answer, if given.
    pub except: Option<&'a RoaringTreemap>,
}

impl Search<'_> {
    /// The `k` nearest, whoever they are.
    #[must_use]
    pub fn nearest(k: usize) -> Self {
        Self { k, radius: MAX_BITS as u32, only: None, except: None }
    }

    /// All at most `radius` bits away.
    #[must_use]
    pub fn within(radius: u32) -> Self {
        Self { k: usize::MAX, radius, only: None, except: None }
    }

    /// Whether a code of this id may answer.
    pub(super) fn admits(&self, id: u64) -> bool {
        self.only.is_none_or(|only| only.contains(id))
            && self.except.is_none_or(|except| except.contains(id).not())
    }
}

/// Where a query looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The code that is near to those of the answers.
    pub code: HashCode,
    /// Of equally near codes those of the nearer descriptors come first; without it, those of the
    /// lower ids.
    pub descriptor: Option<Descriptor>,
}

impl From<HashCode> for Point {
    fn from(code: HashCode) -> Self {
        Self { code, descriptor: None }
    }
}

/// A query's code in the forms that the paths take.
pub(super) struct Asked {
    pub(super) code: HashCode,
    descriptor: Option<Descriptor>,
    /// See [`spread`].
    pub(super) spread: Vec<u64>,
}

impl Asked {
    pub(super) fn new(Point { code, descriptor }: Point) -> Self {
        Self { code, descriptor, spread: spread(code.words(), code.bits()) }
    }

    /// What decides between equally near codes, the less the nearer.
    pub(super) fn tie<'a>(&self, other: impl FnOnce() -> &'a Bytes) -> u32 {
        self.descriptor.map_or(0, |own| descriptor::squared_distance(&own.0, other()))
    }

    /// A collector for rows that come in their order.
    pub(super) fn nearest(&self, search: &Search<'_>) -> Nearest {
        match self.descriptor {
            Some(_) => Nearest::in_any_order(search.k, search.radius),
            None => Nearest::in_order(search.k, search.radius),
        }
    }

    /// Substrings of 16 bits.
    pub(super) fn substrings(&self) -> usize {
        self.code.bits() / 16
    }

    pub(super) fn words(&self) -> &[u64] {
        self.code.words()
    }
}
