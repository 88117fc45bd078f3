//! The index, which finds the exact nearest codes. It has segments that no longer change, a tail of
//! fresh insertions, and marks of deletion.

mod blocks;
mod buckets;
mod header;
mod image;
mod nearest;
mod plan;
mod probe;
mod query;
mod rows;
mod scan;
mod segment;
mod tail;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::path::Path;

use rayon::prelude::*;

use crate::code::check_bits;
use crate::descriptor::Bytes;
use crate::{Descriptor, Error, HashCode, Result};
use header::Header;
use nearest::merge;
use query::Asked;
pub use query::{Point, Search};
use segment::Segment;
use tail::Tail;

/// A code of the index and its distance to the query.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Neighbor {
    // The order of the fields is the order of neighbours: by distance, then by id.
    /// The Hamming distance, in bits.
    pub distance: u32,
    /// The id, as inserted.
    pub id: u64,
}

/// A code of the index, its distance to the query, and that of its descriptor.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ranked {
    // The order of the fields is the order of neighbours.
    /// The Hamming distance, in bits.
    pub distance: u32,
    /// The square of the descriptors' distance; 0 if descriptors are not used.
    pub tie: u32,
    /// The id, as inserted.
    pub id: u64,
}

impl From<Ranked> for Neighbor {
    fn from(Ranked { distance, id, .. }: Ranked) -> Self {
        Self { distance, id }
    }
}

/// An id, the words of its code, and its descriptor.
type Row<'a> = (u64, &'a [u64], &'a Bytes);

/// A way to search the segments. All give the same neighbours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plan {
    /// The way that is expected to be the fastest.
    Best,
    /// A scan of all codes.
    Scan,
    /// A lookup of the codes that share a substring with the query, or nearly.
    LookUp,
    /// A pass over the codes that [`Search::only`] names; over none without it.
    Gather,
}

/// Codes of one length with their ids, searched exactly: an answer never depends on luck.
///
/// Answers are ordered by (distance, id), or if descriptors are used by (distance, descriptor's
/// distance, id). A clone shares the segments and copies the tail, so that one can be merged or
/// saved while the other is searched.
#[derive(Clone)]
pub struct Index {
    bits: usize,
    segments: Vec<Segment>,
    tail: Tail,
}

impl Index {
    /// An empty index of codes of so many bits.
    ///
    /// # Errors
    /// If there are no codes of that length.
    pub fn new(bits: usize) -> Result<Self> {
        check_bits(bits)?;
        Ok(Self { bits, segments: Vec::new(), tail: Tail::default() })
    }

    /// An index of codes and their descriptors, in one segment. The ids ascend; each code has the
    /// words that `bits` bits take.
    ///
    /// # Errors
    /// If there are no codes of that length, a code has another number of words, or an id is not
    /// greater than the last.
    pub fn of<'a>(
        rows: impl Iterator<Item = (u64, &'a [u64], Descriptor)>,
        bits: usize,
    ) -> Result<Self> {
        let mut index = Self::new(bits)?;
        for (id, code, descriptor) in rows {
            if index.tail.ids.last().is_some_and(|&last| last >= id) {
                return Err(Error::TakenId { id });
            }
            index.tail.ids.push(id);
            index.tail.descriptors.push(descriptor.0);
            index.tail.words.extend_from_slice(HashCode::from_words(code, bits)?.words());
        }
        Ok(index.merged())
    }

    /// Opens the index in a segment's file. Returns it with the generation that [`Index::save`] was
    /// given. Every byte is checked.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn open(path: &Path) -> Result<(Self, u64)> {
        let segment = Segment::open(path)?;
        let Header { bits, generation, .. } = segment.image().header();
        Ok((Self { bits, segments: vec![segment], tail: Tail::default() }, generation))
    }

    /// Writes all codes as one segment: whole, or nothing.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path, generation: u64) -> Result<()> {
        let segment = self.segment(generation);
        let written = files::replace(path, |file| segment.image().write(file));
        written.map_err(|source| Error::File { action: "write", path: path.to_owned(), source })
    }

    /// A copy with all codes in one segment, without the deleted ones.
    #[must_use]
    pub fn merged(&self) -> Self {
        Self { bits: self.bits, segments: vec![self.segment(0)], tail: Tail::default() }
    }

    fn segment(&self, generation: u64) -> Segment {
        let mut rows: Vec<Row> = self.segments.iter().flat_map(Segment::live).collect();
        rows.extend(self.tail.rows(self.width()));
        rows.sort_unstable_by_key(|(id, ..)| *id);
        let ids: Vec<u64> = rows.iter().map(|(id, ..)| *id).collect();
        let words: Vec<u64> = rows.iter().flat_map(|(_, code, _)| code.iter().copied()).collect();
        let descriptors: Vec<_> = rows.into_iter().map(|(.., descriptor)| *descriptor).collect();
        Segment::make(
            Header { bits: self.bits, rows: ids.len(), generation },
            &ids,
            &words,
            &descriptors,
        )
    }

    /// Tells whether no file of it has been shortened since it was opened. Touching the missing
    /// bytes would end the process.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.segments.iter().all(|segment| segment.image().is_whole())
    }

    /// The codes' length in bits.
    #[must_use]
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The number of codes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tail.ids.len() + self.segments.iter().map(Segment::len).sum::<usize>()
    }

    /// Tells whether there is no code.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of codes that are in no segment yet.
    #[must_use]
    pub fn fresh(&self) -> usize {
        self.tail.ids.len()
    }

    /// The ids, ascending.
    #[must_use]
    pub fn ids(&self) -> Vec<u64> {
        let mut ids: Vec<u64> =
            self.segments.iter().flat_map(|segment| segment.live().map(|(id, ..)| id)).collect();
        ids.extend(&self.tail.ids);
        ids.sort_unstable();
        ids
    }

    /// Tells whether there is a code with that id.
    #[must_use]
    pub fn contains(&self, id: u64) -> bool {
        self.tail.ids.binary_search(&id).is_ok()
            || self.segments.iter().any(|segment| segment.row(id).is_some())
    }

    /// The code of that id.
    #[must_use]
    pub fn code(&self, id: u64) -> Option<HashCode> {
        let of_segments = || self.segments.iter().find_map(|segment| segment.code(id));
        let words = self.tail.code(id, self.width()).or_else(of_segments)?;
        HashCode::from_words(words, self.bits).ok()
    }

    /// Adds a code and the descriptor of its embedding.
    ///
    /// # Errors
    /// If the code has another length, or the id is taken.
    pub fn insert(&mut self, id: u64, code: &HashCode, descriptor: Descriptor) -> Result<()> {
        self.check(code)?;
        if self.contains(id) {
            return Err(Error::TakenId { id });
        }
        self.tail.insert(id, code, descriptor);
        Ok(())
    }

    /// Removes a code. Returns whether it was there. It answers no more. Its bits leave memory and
    /// disk when [`Index::save`] or [`Index::merged`] replaces the segment.
    pub fn remove(&mut self, id: u64) -> bool {
        let width = self.width();
        self.tail.remove(id, width) || self.segments.iter_mut().any(|segment| segment.remove(id))
    }

    /// The `k` nearest codes, or all if there are fewer.
    ///
    /// # Errors
    /// If the query has another length than the codes.
    pub fn nearest(&self, query: &HashCode, k: usize) -> Result<Vec<Neighbor>> {
        self.search_one(query, &Search::nearest(k))
    }

    /// All codes at most `radius` bits away.
    ///
    /// # Errors
    /// If the query has another length than the codes.
    pub fn within(&self, query: &HashCode, radius: u32) -> Result<Vec<Neighbor>> {
        self.search_one(query, &Search::within(radius))
    }

    /// Runs a search for one query.
    ///
    /// # Errors
    /// If the query has another length than the codes.
    pub fn search_one(&self, query: &HashCode, search: &Search<'_>) -> Result<Vec<Neighbor>> {
        Ok(self.search(std::slice::from_ref(query), search, Plan::Best)?.pop().unwrap_or_default())
    }

    /// Runs a search for each of many queries. It is faster than one after the other.
    ///
    /// # Errors
    /// If a query has another length than the codes.
    pub fn search(
        &self,
        queries: &[HashCode],
        search: &Search<'_>,
        plan: Plan,
    ) -> Result<Vec<Vec<Neighbor>>> {
        let points: Vec<Point> = queries.iter().copied().map(Point::from).collect();
        let ranked = self.ranked(&points, search, plan)?;
        Ok(ranked
            .into_iter()
            .map(|ranked| ranked.into_iter().map(Neighbor::from).collect())
            .collect())
    }

    /// Runs a search for all points together. A code's distance is that to the nearest point, and
    /// its descriptor's distance that to the same point's. The order is (distance, descriptor's
    /// distance, id), so that ties at the end go to the nearer descriptors.
    ///
    /// # Errors
    /// If a point has another length than the codes.
    pub fn near_any(
        &self,
        points: &[Point],
        search: &Search<'_>,
        plan: Plan,
    ) -> Result<Vec<Ranked>> {
        // No other code can be among the first `k`.
        let mut ranked = self.ranked(points, search, plan)?.concat();
        ranked.sort_unstable();
        let mut seen = HashSet::new();
        ranked.retain(|ranked| seen.insert(ranked.id));
        ranked.truncate(search.k);
        Ok(ranked)
    }

    fn ranked(
        &self,
        points: &[Point],
        search: &Search<'_>,
        plan: Plan,
    ) -> Result<Vec<Vec<Ranked>>> {
        points.iter().try_for_each(|point| self.check(&point.code))?;
        let asked: Vec<Asked> = points.iter().map(|point| Asked::new(*point)).collect();
        let parts: Vec<_> = self
            .segments
            .iter()
            .map(|segment| plan::search(segment, &asked, search, plan))
            .collect();
        let of_query = |(i, asked): (usize, &Asked)| {
            let segments = parts.iter().flat_map(|part| &part[i]).copied();
            merge(segments.chain(self.tail.search(asked, search)).collect(), search.k)
        };
        Ok(asked.par_iter().enumerate().map(of_query).collect())
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

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segments: Vec<usize> = self.segments.iter().map(Segment::len).collect();
        f.debug_struct("Index")
            .field("bits", &self.bits)
            .field("segments", &segments)
            .field("fresh", &self.fresh())
            .finish()
    }
}
