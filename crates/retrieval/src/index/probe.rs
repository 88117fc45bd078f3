//! Multi-index hashing (Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with
//! Multi-Index Hashing", 2014): codes that differ in few bits have a substring that differs in
//! fewer.

use std::sync::LazyLock;

use super::buckets::{self, ENDS, substring};
use super::nearest::Nearest;
use super::query::{Asked, Search};
use super::rows;
use super::segment::Segment;

/// Bits of a substring.
const BITS: usize = 16;

/// All 16-bit numbers by their number of ones.
static BY_ONES: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut all: Vec<u16> = (0..=u16::MAX).collect();
    all.sort_by_key(|number| number.count_ones());
    all
});
/// The end of the numbers with each number of ones.
static ENDS_BY_ONES: LazyLock<[usize; BITS + 1]> = LazyLock::new(|| {
    std::array::from_fn(|ones| {
        BY_ONES.partition_point(|number| number.count_ones() as usize <= ones)
    })
});

/// The 16-bit numbers with so many ones.
pub(super) fn with_ones(ones: usize) -> &'static [u16] {
    let start = if ones == 0 { 0 } else { ENDS_BY_ONES[ones - 1] };
    &BY_ONES[start..ENDS_BY_ONES[ones]]
}

/// The distance up to which all codes are known after lookups at distance `ring` in the substrings
/// up to this one, and at one less in the others. A code with greater distances in all substrings
/// has a greater distance than their sum.
pub(super) fn covered(bits: usize, ring: usize, substring: usize) -> usize {
    bits / BITS * ring + substring
}

/// One lookup: the rows whose substring `i` differs from the query's in `ring` bits.
#[derive(Clone, Copy)]
pub(super) struct Step {
    pub(super) ring: usize,
    pub(super) i: usize,
}

/// Offers the rows of a lookup that no earlier lookup found.
pub(super) fn look_up(
    segment: &Segment,
    asked: &Asked,
    step: Step,
    search: &Search<'_>,
    nearest: &mut Nearest,
) {
    let image = segment.image();
    let (ends, rows) = (&image.ends()[step.i * ENDS..(step.i + 1) * ENDS], image.header().rows);
    let entries = &image.entries()[step.i * rows..(step.i + 1) * rows];
    let copies = image.copies().chunks(rows.max(1)).nth(step.i);
    let own = substring(asked.words(), step.i);
    for difference in with_ones(step.ring) {
        let bucket = buckets::bucket(ends, own ^ difference);
        let entries = &entries[bucket.clone()];
        let Some(copies) = copies else {
            among_rows(segment, asked, step, entries, search, nearest);
            continue;
        };
        let copies = &copies[bucket];
        rows::near(asked.words(), copies, nearest, |nearest, i, distance| {
            if nearest.wants(entries[i] as usize, distance) && is_new(&copies[i..=i], asked, step) {
                segment.offer(entries[i] as usize, distance, (asked, search), nearest);
            }
        });
    }
}

/// Offers rows whose codes lie elsewhere.
fn among_rows(
    segment: &Segment,
    asked: &Asked,
    step: Step,
    rows: &[u32],
    search: &Search<'_>,
    nearest: &mut Nearest,
) {
    let (words, query) = (segment.image().words(), asked.words());
    for &row in rows {
        let row = row as usize;
        let code = &words[row * query.len()..(row + 1) * query.len()];
        let distance = code.iter().zip(query).map(|(a, b)| (a ^ b).count_ones() as u16).sum();
        if nearest.wants(row, distance) && is_new(code, asked, step) {
            segment.offer(row, distance, (asked, search), nearest);
        }
    }
}

/// Tells whether no earlier lookup finds the code.
fn is_new(code: &[u64], asked: &Asked, Step { ring, i }: Step) -> bool {
    let differing =
        |j: usize| (substring(code, j) ^ substring(asked.words(), j)).count_ones() as usize;
    (0..i).all(|j| differing(j) > ring) && (i + 1..asked.substrings()).all(|j| differing(j) >= ring)
}

/// The number of rows that a lookup goes through.
pub(super) fn size(segment: &Segment, asked: &Asked, Step { ring, i }: Step) -> usize {
    let ends = &segment.image().ends()[i * ENDS..(i + 1) * ENDS];
    let own = substring(asked.words(), i);
    with_ones(ring).iter().map(|difference| buckets::bucket(ends, own ^ difference).len()).sum()
}
