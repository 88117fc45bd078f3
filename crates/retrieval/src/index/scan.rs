//! A scan over every code of a segment, for many queries in a pass.

use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

use rayon::prelude::*;

use super::nearest::{Found, Nearest};
use super::query::{Asked, Search};
use super::segment::Segment;
use super::{Ranked, blocks};
use crate::hamming::{Kernel, LANES, Near, Probe};

/// The number of blocks that stay in a core's cache while all queries pass over them.
const TILE: usize = 64;
/// The number of queries that stay in a core's cache while they pass over a tile.
const GROUP: usize = 32;
/// The number of a scan's parts for each thread. More parts even out the load, but each begins
/// without neighbours.
const PARTS: usize = 4;

/// The nearest rows of a segment to each of the queries, none farther than that query's radius.
pub(super) fn scan(
    kernel: Kernel,
    segment: &Segment,
    queries: &[(&Asked, u32)],
    search: &Search<'_>,
) -> Vec<Vec<Ranked>> {
    let blocks = blocks::count(segment.image().header().rows);
    let share = blocks.div_ceil(PARTS * rayon::current_num_threads()).next_multiple_of(TILE);
    let farthest: Vec<AtomicU16> = queries.iter().map(|_| AtomicU16::new(u16::MAX - 1)).collect();
    let part = |start: usize| {
        let passes = queries.iter().zip(&farthest);
        let mut passes: Vec<Pass> = passes
            .map(|(&(asked, radius), farthest)| {
                Pass::new(asked, &Search { radius, ..*search }, farthest)
            })
            .collect();
        for tile in (start..(start + share).min(blocks)).step_by(TILE) {
            let tile = tile..(tile + TILE).min(blocks);
            for group in passes.chunks_mut(GROUP) {
                over_tile(kernel, segment, tile.clone(), group, search);
            }
        }
        passes.into_iter().map(|pass| pass.nearest.finish()).collect::<Vec<_>>()
    };
    let starts: Vec<usize> = (0..blocks).step_by(share.max(1)).collect();
    let parts: Vec<Vec<Vec<Found>>> = starts.into_par_iter().map(part).collect();
    let of_query = |i: usize| {
        segment.neighbors(parts.iter().flat_map(|part| &part[i]).copied().collect(), search.k)
    };
    (0..queries.len()).map(of_query).collect()
}

/// The state of a query during its pass over a part of the blocks.
struct Pass<'a> {
    asked: &'a Asked,
    nearest: Nearest,
    /// The least distance within which any part knows k codes.
    farthest: &'a AtomicU16,
    early: Early,
}

impl<'a> Pass<'a> {
    fn new(asked: &'a Asked, search: &Search<'_>, farthest: &'a AtomicU16) -> Self {
        Self { asked, nearest: asked.nearest(search), farthest, early: Early::default() }
    }

    fn probe(&self, elsewhere: u16) -> Probe<'a> {
        let bound = self.bound(elsewhere);
        Probe { query: &self.asked.spread, bound, early: self.early.now(), left_out: 0 }
    }

    /// The bound, given the distance at which other parts know k codes. Codes at that distance
    /// still count, as their ids may be lower.
    fn bound(&self, elsewhere: u16) -> u16 {
        self.nearest.bound().min(elsewhere + 1)
    }
}

fn over_tile(
    kernel: Kernel,
    segment: &Segment,
    tile: Range<usize>,
    group: &mut [Pass<'_>],
    search: &Search<'_>,
) {
    let bits = segment.image().header().bits;
    let planes = &segment.image().planes()[tile.start * bits..tile.end * bits];
    let elsewhere: Vec<u16> =
        group.iter().map(|pass| pass.farthest.load(Ordering::Relaxed)).collect();
    let mut probes: Vec<Probe> =
        group.iter().zip(&elsewhere).map(|(pass, &known)| pass.probe(known)).collect();
    let mut found = Vec::new();
    for (block, planes) in tile.zip(planes.chunks_exact(bits)) {
        kernel.near(planes, &mut probes, &mut found);
        for near in found.drain(..) {
            let pass = &mut group[near.probe];
            take(segment, block, &near, (pass.asked, search), &mut pass.nearest);
            probes[near.probe].bound = pass.bound(elsewhere[near.probe]);
        }
        for (pass, probe) in group.iter_mut().zip(&mut probes) {
            pass.early.learn(probe.early, usize::from(probe.left_out) * 256 / bits);
            probe.early = pass.early.now();
        }
    }
    for pass in group {
        if let Some(known) = pass.nearest.farthest() {
            pass.farthest.fetch_min(known, Ordering::Relaxed);
        }
    }
}

/// Offers the near codes of a block. Lanes beyond the last row are empty.
fn take(
    segment: &Segment,
    block: usize,
    near: &Near,
    asked: (&Asked, &Search<'_>),
    nearest: &mut Nearest,
) {
    let rows = segment.image().header().rows;
    for (i, mut word) in near.codes.into_iter().enumerate() {
        while word != 0 {
            let code = 64 * i + word.trailing_zeros() as usize;
            word &= word - 1;
            let row = block * LANES + code;
            if row < rows {
                segment.offer(row, near.distance(code), asked, nearest);
            }
        }
    }
}

/// The decision whether to test early if a block can still hold a near code. The test costs a
/// sixth, and gains where codes lie in clusters. It is tried on a few blocks now and then, and kept
/// while a quarter of the planes are left out.
#[derive(Default)]
struct Early {
    blocks: usize,
    left_out: usize,
    pays: bool,
}

impl Early {
    /// The number of blocks from one trial to the next, and in a trial.
    const PERIOD: usize = 512;
    const TRIAL: usize = 32;

    fn now(&self) -> bool {
        self.pays || self.blocks < Self::TRIAL
    }

    /// Notes a block's result; `left_out` is in sixteenths of its planes.
    fn learn(&mut self, early: bool, left_out: usize) {
        self.blocks += 1;
        self.left_out += if early { left_out } else { 0 };
        if self.blocks == Self::TRIAL {
            self.pays = self.left_out >= 4 * Self::TRIAL;
        }
        if self.blocks == Self::PERIOD {
            *self = Self { pays: self.pays, ..Self::default() };
        }
    }
}
