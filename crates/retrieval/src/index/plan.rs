//! The choice of the way to search a segment, which affects speed alone.
//!
//! A lookup goes ring by ring. Before each ring, the number of rows in the next rings' buckets is
//! known. Once continuing is expected to cost more than a scan, a scan takes over, with the
//! distance found so far as its radius.

use rayon::prelude::*;

use super::buckets::ENDS;
use super::header::Header;
use super::nearest::{Nearest, found};
use super::probe::Step;
use super::query::{Asked, Search};
use super::scan::scan;
use super::segment::Segment;
use super::{Plan, Ranked, blocks, probe, rows};
use crate::hamming::Kernel;

// Costs in nanoseconds, on one core of a Xeon of 2023; only their ratios matter. Measured by
// `benches/search.rs`.
/// The cost of a row that is looked up: the next of its bucket, or a read from anywhere in memory
/// if buckets hold no codes.
const ROW_IN_BUCKET: f64 = 1.2;
const ROW_ELSEWHERE: f64 = 14.0;
/// The cost of a bucket that is looked up.
const BUCKET: f64 = 100.0;
/// The cost of a plane of a block, and the addition for each bit of the neighbours' distance, as
/// fewer blocks are left early then. For one query of many it is arithmetic, and for one alone it
/// is memory.
const PLANE_OF_MANY: [f64; 2] = [0.35, 0.045];
const PLANE_ALONE: [f64; 2] = [1.0, 0.14];
/// The cost of a row that a filter names: finding it, and reading its code.
const NAMED: f64 = 60.0;
/// The share of a scan's time that lookups may take before the neighbours' distance is known.
const TRIAL: f64 = 0.2;
/// The last ring whose buckets are counted.
const COUNTED: usize = 2;

/// The nearest rows of a segment to each query.
pub(super) fn search(
    segment: &Segment,
    queries: &[Asked],
    search: &Search<'_>,
    plan: Plan,
) -> Vec<Vec<Ranked>> {
    let by_scan = |queries: &[(&Asked, u32)]| scan(Kernel::best(), segment, queries, search);
    let everywhere = || queries.iter().map(|asked| (asked, search.radius)).collect::<Vec<_>>();
    match plan {
        Plan::Scan => by_scan(&everywhere()),
        Plan::Gather => gather(segment, queries, search),
        Plan::LookUp => queries
            .par_iter()
            .map(|asked| look_up(segment, asked, search, &|_| f64::INFINITY).0)
            .collect(),
        Plan::Best => {
            let cost = |radius: usize| cost_of_scan(segment, queries.len(), radius);
            let likely = likely_radius(segment, search);
            if search.only.is_some_and(|only| only.len() as f64 * NAMED < cost(likely)) {
                return self::search(segment, queries, search, Plan::Gather);
            }
            let tried: Vec<_> =
                queries.par_iter().map(|asked| look_up(segment, asked, search, &cost)).collect();
            let left: Vec<usize> = (0..queries.len()).filter(|&i| tried[i].1.is_some()).collect();
            let asked: Vec<_> =
                left.iter().filter_map(|&i| Some((&queries[i], tried[i].1?))).collect();
            let mut found: Vec<_> = tried.into_iter().map(|(found, _)| found).collect();
            for (i, scanned) in left.iter().zip(by_scan(&asked)) {
                found[*i] = scanned;
            }
            found
        }
    }
}

/// Finds the nearest of the codes that are named. They are looked up once for all queries.
fn gather(segment: &Segment, queries: &[Asked], search: &Search<'_>) -> Vec<Vec<Ranked>> {
    let (named, words) = search.only.map(|only| segment.named(only, search)).unwrap_or_default();
    let of_query = |asked: &Asked| {
        let mut nearest = asked.nearest(search);
        let descriptors = segment.image().descriptors();
        rows::near(asked.words(), &words, &mut nearest, |nearest, i, distance| {
            let found = found(named[i], distance, asked.tie(|| &descriptors[named[i]]));
            if nearest.wants_found(found) {
                nearest.push(found);
            }
        });
        segment.neighbors(nearest.finish(), search.k)
    };
    queries.par_iter().map(of_query).collect()
}

/// The cost of a scan for one query whose neighbours are within a radius. One query alone has all
/// cores; many have one each.
fn cost_of_scan(segment: &Segment, queries: usize, radius: usize) -> f64 {
    let planes =
        (blocks::count(segment.image().header().rows) * segment.image().header().bits) as f64;
    let [of_many, alone] =
        [PLANE_OF_MANY, PLANE_ALONE].map(|[plane, bit]| planes * (plane + bit * radius as f64));
    let threads = rayon::current_num_threads().min(8) as f64;
    let alone = alone / if queries < rayon::current_num_threads() { threads } else { 1.0 };
    (alone / queries as f64).max(of_many / if queries < 2 { threads } else { 1.0 })
}

/// Finds the nearest by lookups. Returns the radius for a scan instead, once that is expected to be
/// faster.
fn look_up(
    segment: &Segment,
    asked: &Asked,
    search: &Search<'_>,
    scan: &dyn Fn(usize) -> f64,
) -> (Vec<Ranked>, Option<u32>) {
    let Header { bits, .. } = segment.image().header();
    let mut nearest = Nearest::in_any_order(search.k, search.radius);
    let mut sizes = Sizes { segment, asked, counted: Vec::new() };
    let likely = likely_radius(segment, search);
    let mut spent = 0.0;
    // The neighbours' distance, as far as it is known.
    let reach = |nearest: &Nearest| {
        nearest.farthest().map_or(search.radius as usize, usize::from).min(bits)
    };
    for ring in 0.. {
        // Neighbours are expected to be as near as those of random codes, or nearer, unless the
        // ring before showed otherwise.
        let expected = reach(&nearest).min(likely.max(probe::covered(bits, ring, 0)));
        let next = sizes.cost(ring, probe::covered(bits, ring, bits / 16 - 1));
        let scan = scan(expected);
        if spent + next > scan * TRIAL && sizes.cost(ring, expected) > scan {
            return (Vec::new(), Some(reach(&nearest) as u32));
        }
        spent += next;
        for i in 0..bits / 16 {
            probe::look_up(segment, asked, Step { ring, i }, search, &mut nearest);
            if reach(&nearest) <= probe::covered(bits, ring, i) {
                return (segment.neighbors(nearest.finish(), search.k), None);
            }
        }
    }
    unreachable!("sixteen rings cover all codes")
}

/// The distance within which `k` of so many random codes lie.
fn likely_radius(segment: &Segment, search: &Search<'_>) -> usize {
    let header = segment.image().header();
    let answers = search.only.map_or(header.rows as u64, |only| only.len().min(header.rows as u64));
    // The binomial distribution of a half, term by term. A double holds 2⁻²⁵⁶.
    let mut term = 0.5_f64.powi(header.bits as i32) * answers as f64;
    let mut sum = term;
    let mut radius = 0;
    while sum < search.k as f64 && radius < header.bits {
        term *= (header.bits - radius) as f64 / (radius + 1) as f64;
        sum += term;
        radius += 1;
    }
    radius
}

/// The number of rows that the lookups of a query go through.
struct Sizes<'a> {
    segment: &'a Segment,
    asked: &'a Asked,
    /// The number for each ring counted so far, over all substrings.
    counted: Vec<usize>,
}

impl Sizes<'_> {
    /// The cost of looking up from the beginning of a ring until a radius is covered.
    fn cost(&mut self, from: usize, radius: usize) -> f64 {
        let header = self.segment.image().header();
        let row = if header.copies() > 0 { ROW_IN_BUCKET } else { ROW_ELSEWHERE };
        let substrings = header.substrings();
        let last = radius / substrings;
        (from..=last)
            .map(|ring| {
                let part = if ring == last {
                    (radius % substrings + 1) as f64 / substrings as f64
                } else {
                    1.0
                };
                let buckets = probe::with_ones(ring.min(16)).len() * substrings;
                part * (self.rows(ring) * row + buckets as f64 * BUCKET)
            })
            .sum()
    }

    /// The number of rows in a ring, counted or estimated. Beyond the counted rings, buckets are
    /// taken to become emptier at the same rate, until they are as full as an average bucket.
    fn rows(&mut self, ring: usize) -> f64 {
        let Header { bits, rows, .. } = self.segment.image().header();
        while self.counted.len() <= ring.min(COUNTED) {
            let at = self.counted.len();
            let sizes =
                (0..bits / 16).map(|i| probe::size(self.segment, self.asked, Step { ring: at, i }));
            self.counted.push(sizes.sum());
        }
        let buckets = |ring: usize| (probe::with_ones(ring).len() * (bits / 16)) as f64;
        let fill = |ring: usize| self.counted[ring] as f64 / buckets(ring);
        if ring <= COUNTED {
            return self.counted[ring] as f64;
        }
        let last = fill(COUNTED);
        let fading = (last / fill(COUNTED - 1).max(1e-9)).min(1.0).powi((ring - COUNTED) as i32);
        buckets(ring) * (last * fading).max(last.min(rows as f64 / ENDS as f64))
    }
}
