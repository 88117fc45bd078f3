//! The buckets of multi-index hashing: the rows by each substring of 16 bits.

use std::ops::Range;

/// The number of buckets of a substring.
pub(super) const ENDS: usize = 1 << 16;

/// Sixteen bits of a code.
pub(super) fn substring(code: &[u64], i: usize) -> u16 {
    (code[i / 4] >> (16 * (i % 4))) as u16
}

/// Sorts the rows by a substring. Fills in the end of each bucket, the rows in their order, and
/// their codes, if there is room for them.
pub(super) fn fill(
    words: &[u64],
    width: usize,
    i: usize,
    ends: &mut [u32],
    rows: &mut [u32],
    copies: &mut [u64],
) {
    ends.fill(0);
    for code in words.chunks_exact(width) {
        ends[usize::from(substring(code, i))] += 1;
    }
    let mut end = 0;
    for count in ends.iter_mut() {
        (*count, end) = (end, end + *count);
    }
    // Each bucket's end is its beginning until its rows are in.
    for (row, code) in (0..).zip(words.chunks_exact(width)) {
        let at = &mut ends[usize::from(substring(code, i))];
        rows[*at as usize] = row;
        if let Some(copy) = copies.get_mut(*at as usize) {
            *copy = code[0];
        }
        *at += 1;
    }
}

/// Tells whether buckets and their rows may come from [`fill`].
pub(super) fn check(ends: &[u32], rows: &[u32]) -> bool {
    ends.is_sorted()
        && ends.last().is_some_and(|&last| last as usize == rows.len())
        && rows.iter().all(|&row| (row as usize) < rows.len())
}

/// The positions of a bucket's rows among the substring's.
pub(super) fn bucket(ends: &[u32], key: u16) -> Range<usize> {
    let start = if key == 0 { 0 } else { ends[usize::from(key) - 1] };
    start as usize..ends[usize::from(key)] as usize
}
