//! The nearest rows so far, bounded by counting. Distances are small integers, so no heap is
//! needed.

use crate::{MAX_BITS, descriptor};

/// The number of rows that are kept beyond twice `k` before the farthest are dropped.
const ROOM: usize = 64;

/// Collects the `k` nearest within a radius.
pub(super) struct Nearest {
    k: usize,
    /// True if rows come in their order and that decides ties: of two at one distance the first is
    /// the nearer.
    in_order: bool,
    /// The greatest distance that still matters: the radius, until k rows are known.
    farthest: u16,
    /// True if k rows are known.
    full: bool,
    /// The number of found rows at each distance up to `farthest`.
    counts: [usize; MAX_BITS + 1],
    /// The number of found rows nearer than `farthest`.
    below: usize,
    found: Vec<Found>,
    /// The k-th row when rows were last dropped. Rows after it do not matter.
    last: Found,
}

/// One number for a distance, the distance of the descriptors (0 if they are not used) and a row.
/// It orders as neighbours do, as rows lie in the order of their ids.
pub(super) type Found = u64;

/// Bits of a row's number, and of the squared distance of two descriptors.
const ROW: u32 = 32;
const TIE: u32 = 22;
const _: () = assert!(descriptor::LENGTH * 255 * 255 < 1 << TIE);

pub(super) fn found(row: usize, distance: u16, tie: u32) -> Found {
    u64::from(distance) << (TIE + ROW) | u64::from(tie) << ROW | row as u64
}

/// The row, the distance, and the distance of the descriptors.
pub(super) fn parts(found: Found) -> (usize, u32, u32) {
    let tie = (found >> ROW) as u32 & ((1 << TIE) - 1);
    (found as u32 as usize, (found >> (TIE + ROW)) as u32, tie)
}

impl Nearest {
    /// Makes a collector for rows that come in their order.
    pub(super) fn in_order(k: usize, radius: u32) -> Self {
        Self {
            k,
            in_order: true,
            farthest: radius.min(MAX_BITS as u32) as u16,
            full: k == 0,
            counts: [0; MAX_BITS + 1],
            below: 0,
            found: Vec::new(),
            last: Found::MAX,
        }
    }

    /// Makes a collector for rows that come in any order, or whose ties something else decides.
    pub(super) fn in_any_order(k: usize, radius: u32) -> Self {
        Self { in_order: false, ..Self::in_order(k, radius) }
    }

    /// The bound: rows this far or farther do not matter.
    pub(super) fn bound(&self) -> u16 {
        match (self.k, self.full && self.in_order) {
            (0, _) => 0,
            (_, true) => self.farthest,
            (_, false) => self.farthest + 1,
        }
    }

    /// Tells whether a row at this distance may be among the nearest, whatever its descriptor is.
    pub(super) fn wants(&self, row: usize, distance: u16) -> bool {
        distance < self.bound() && self.wants_found(found(row, distance, 0))
    }

    /// Tells whether a row within the bound may be among the nearest.
    pub(super) fn wants_found(&self, found: Found) -> bool {
        found < self.last
    }

    /// The distance of the k-th nearest so far.
    pub(super) fn farthest(&self) -> Option<u16> {
        self.full.then_some(self.farthest)
    }

    /// Adds a row that is wanted.
    pub(super) fn push(&mut self, found: Found) {
        let distance = parts(found).1 as usize;
        self.found.push(found);
        self.counts[distance] += 1;
        if distance < usize::from(self.farthest) {
            self.below += 1;
        }
        let known = self.below + self.counts[usize::from(self.farthest)];
        if self.full || known >= self.k {
            self.full = true;
            self.fall();
        }
        if self.found.len() > self.k.saturating_mul(2).saturating_add(ROOM) {
            self.drop_too_many();
        }
    }

    /// Lowers the farthest distance as long as k rows are nearer.
    fn fall(&mut self) {
        while self.below >= self.k {
            self.farthest -= 1;
            self.below -= self.counts[usize::from(self.farthest)];
        }
    }

    /// Keeps k rows. No count below the farthest distance changes, as only rows there or beyond are
    /// dropped.
    fn drop_too_many(&mut self) {
        self.last = *self.found.select_nth_unstable(self.k - 1).1;
        self.found.truncate(self.k);
    }

    /// The found rows, in no order, without most of those that turned out too far.
    pub(super) fn finish(mut self) -> Vec<Found> {
        self.found.retain(|&found| parts(found).1 <= u32::from(self.farthest));
        self.found
    }
}

/// The `k` nearest of several collectors' rows.
pub(super) fn merge<T: Ord>(mut found: Vec<T>, k: usize) -> Vec<T> {
    if k < found.len() && k > 0 {
        found.select_nth_unstable(k - 1);
    }
    found.truncate(k);
    found.sort_unstable();
    found
}
