//! The nearest so far, bounded by counting: distances are small integers, so no heap is needed.

use super::Neighbor;
use crate::MAX_BITS;

/// Collects the `k` nearest within a radius.
pub(super) struct Nearest {
    k: usize,
    /// Whether codes come in the order of their ids, so that of two at one distance the first is the nearer.
    in_order: bool,
    /// With k codes known, none farther than this is of interest; before, the radius.
    farthest: u16,
    /// Whether k codes are known.
    full: bool,
    /// How many found codes are at each distance up to `farthest`.
    counts: [usize; MAX_BITS + 1],
    /// How many found codes are nearer than `farthest`.
    below: usize,
    found: Vec<Neighbor>,
}

impl Nearest {
    /// For codes that come in the order of their ids.
    pub(super) fn in_order(k: usize, radius: u32) -> Self {
        let farthest = radius.min(MAX_BITS as u32) as u16;
        Self {
            k,
            in_order: true,
            farthest,
            full: k == 0,
            counts: [0; MAX_BITS + 1],
            below: 0,
            found: Vec::new(),
        }
    }

    /// For codes that come in any order.
    pub(super) fn in_any_order(k: usize, radius: u32) -> Self {
        Self { in_order: false, ..Self::in_order(k, radius) }
    }

    /// Every code this far or farther is of no interest.
    pub(super) fn bound(&self) -> u16 {
        match (self.k, self.full && self.in_order) {
            (0, _) => 0,
            (_, true) => self.farthest,
            (_, false) => self.farthest + 1,
        }
    }

    /// The distance of the k-th nearest so far.
    pub(super) fn farthest(&self) -> Option<u16> {
        self.full.then_some(self.farthest)
    }

    /// Adds a code below the bound.
    pub(super) fn push(&mut self, id: u64, distance: u16) {
        self.found.push(Neighbor { distance: u32::from(distance), id });
        self.counts[usize::from(distance)] += 1;
        if distance < self.farthest {
            self.below += 1;
        }
        let known = self.below + self.counts[usize::from(self.farthest)];
        if self.full || known >= self.k {
            self.full = true;
            self.fall();
        }
    }

    /// Lets the farthest distance fall as long as k codes are nearer.
    fn fall(&mut self) {
        while self.below >= self.k {
            self.farthest -= 1;
            self.below -= self.counts[usize::from(self.farthest)];
        }
    }

    /// The found codes, without most of those that turned out too far, in no order.
    pub(super) fn finish(mut self) -> Vec<Neighbor> {
        self.found.retain(|neighbor| neighbor.distance <= u32::from(self.farthest));
        self.found
    }
}

/// The `k` nearest of what several collectors found.
pub(super) fn merge(mut found: Vec<Neighbor>, k: usize) -> Vec<Neighbor> {
    if k < found.len() && k > 0 {
        found.select_nth_unstable(k - 1);
        found.truncate(k);
    }
    found.sort_unstable();
    found.truncate(k);
    found
}
