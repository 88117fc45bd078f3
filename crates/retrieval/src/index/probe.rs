//! Multi-index hashing (Norouzi, Punjani and Fleet, "Fast Exact Search in Hamming Space with Multi-Index Hashing", 2014): codes
//! that differ in few bits have a substring that differs in fewer.

use std::sync::LazyLock;

use super::buckets::{self, ENDS, substring};
use super::nearest::Nearest;
use super::query::{Asked, Search};
use super::segment::Segment;

/// Bits of a substring.
const BITS: usize = 16;

/// All 16-bit numbers by their count of ones.
static BY_ONES: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut all: Vec<u16> = (0..=u16::MAX).collect();
    all.sort_by_key(|number| number.count_ones());
    all
});
/// Where the numbers of each count of ones end among them.
static ENDS_BY_ONES: LazyLock<[usize; BITS + 1]> = LazyLock::new(|| {
    std::array::from_fn(|ones| BY_ONES.partition_point(|number| number.count_ones() as usize <= ones))
});

/// The 16-bit numbers with so many ones.
pub(super) fn with_ones(ones: usize) -> &'static [u16] {
    let start = if ones == 0 { 0 } else { ENDS_BY_ONES[ones - 1] };
    &BY_ONES[start..ENDS_BY_ONES[ones]]
}

/// The distance up to which all codes are known once the substrings up to this one were looked up at this distance, and the
/// others at one less: if it is greater than that for each, the codes' is greater than their sum.
pub(super) fn covered(bits: usize, ring: usize, substring: usize) -> usize {
    bits / BITS * ring + substring
}

/// Looks up the rows one of whose substrings, this one, differs in `ring` bits, and that were not found before.
pub(super) fn look_up(
    segment: &Segment,
    asked: &Asked,
    (ring, i): (usize, usize),
    search: &Search<'_>,
    nearest: &mut Nearest,
) {
    let image = segment.image();
    let (width, rows, substrings) =
        (image.header().width(), image.header().rows, image.header().substrings());
    let (ends, entries) =
        (&image.ends()[i * ENDS..(i + 1) * ENDS], &image.entries()[i * rows..(i + 1) * rows]);
    let (words, query) = (image.words(), asked.words());
    let own = substring(query, i);
    for difference in with_ones(ring) {
        for &row in buckets::bucket(ends, entries, own ^ difference) {
            let row = row as usize;
            let code = &words[row * width..(row + 1) * width];
            let distance = code.iter().zip(query).map(|(a, b)| (a ^ b).count_ones() as u16).sum();
            if distance < nearest.bound() && is_new(code, query, substrings, (ring, i)) {
                segment.offer(row, distance, search, nearest);
            }
        }
    }
}

/// Whether no lookup before that of substring `i` at this ring finds the code.
fn is_new(code: &[u64], query: &[u64], substrings: usize, (ring, i): (usize, usize)) -> bool {
    let differing = |j: usize| (substring(code, j) ^ substring(query, j)).count_ones() as usize;
    (0..i).all(|j| differing(j) > ring) && (i + 1..substrings).all(|j| differing(j) >= ring)
}

/// How many rows a lookup goes through.
pub(super) fn size(segment: &Segment, asked: &Asked, (ring, i): (usize, usize)) -> usize {
    let ends = &segment.image().ends()[i * ENDS..(i + 1) * ENDS];
    let own = substring(asked.words(), i);
    with_ones(ring).iter().map(|difference| buckets::size(ends, own ^ difference)).sum()
}
