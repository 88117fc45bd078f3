//! Queries of an index.

use std::ops::Not;

use roaring::RoaringTreemap;

use super::nearest::Nearest;
use crate::descriptor::{self, Bytes};
use crate::hamming::spread;
use crate::{Descriptor, HashCode, MAX_BITS};

/// The limits of a search: how many neighbours, how far, and which may answer.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// The most neighbours of a query.
    pub k: usize,
    /// The greatest distance, in bits.
    pub radius: u32,
    /// The ids that may answer, if limited.
    pub only: Option<&'a RoaringTreemap>,
    /// The ids that may not answer, if any.
    pub except: Option<&'a RoaringTreemap>,
}

impl Search<'_> {
    /// A search for the `k` nearest.
    #[must_use]
    pub fn nearest(k: usize) -> Self {
        Self { k, radius: MAX_BITS as u32, only: None, except: None }
    }

    /// A search for all at most `radius` bits away.
    #[must_use]
    pub fn within(radius: u32) -> Self {
        Self { k: usize::MAX, radius, only: None, except: None }
    }

    /// Tells whether a code of this id may answer.
    pub(super) fn admits(&self, id: u64) -> bool {
        self.only.is_none_or(|only| only.contains(id))
            && self.except.is_none_or(|except| except.contains(id).not())
    }
}

/// A point to search around.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// The code.
    pub code: HashCode,
    /// The descriptor. Of equally near codes, those with nearer descriptors come first. Without it,
    /// those with lower ids do.
    pub descriptor: Option<Descriptor>,
}

impl From<HashCode> for Point {
    fn from(code: HashCode) -> Self {
        Self { code, descriptor: None }
    }
}

/// A query's code in the forms that the plans need.
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

    /// The tie-breaker of equally near codes: a lesser one comes first.
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

    /// The number of substrings of 16 bits.
    pub(super) fn substrings(&self) -> usize {
        self.code.bits() / 16
    }

    pub(super) fn words(&self) -> &[u64] {
        self.code.words()
    }
}
