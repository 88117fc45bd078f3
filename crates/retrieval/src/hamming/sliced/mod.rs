//! Distances of one code to 512 at once. The codes lie bit-sliced: all their first bits in one
//! plane, all their second bits in the next. Counting is by carry-save adders, as in Harley and
//! Seal's population count (Warren, "Hacker's Delight", ch. 5; Muła, Kurz and Lemire 2018): a full
//! adder takes two operations whatever the number of lanes.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use super::{Kernel, Path};

/// The number of codes in a block.
pub const LANES: usize = 512;
/// One bit of each code of a block: code `i` is bit `i % 64` of word `i / 64`.
pub type Plane = [u64; LANES / 64];
/// Bit-sliced numbers from 0 to 256, one for each code of a block. The first plane is the lowest
/// bit.
type Counts = [Plane; COUNTERS];
const COUNTERS: usize = 9;
/// The number of planes that are counted between two tests whether any code can still be near.
/// Codes have a multiple of 16 bits.
const GROUP: usize = 16;

/// A query of a block.
#[derive(Clone, Copy)]
pub struct Probe<'a> {
    /// The query as planes: see [`spread`].
    pub query: &'a [u64],
    /// The bound: codes that differ in fewer bits are near.
    pub bound: u16,
    /// True to stop counting when no code can be near any more.
    pub early: bool,
    /// The number of groups of 16 planes that were left out; set by the search.
    pub left_out: u16,
}

/// The near codes of a block for one query.
pub struct Near {
    /// The query's place among the probes.
    pub probe: usize,
    /// The near codes as bits, at least one.
    pub codes: Plane,
    counts: Counts,
}

impl Near {
    /// The distance of one of the near codes.
    #[must_use]
    pub fn distance(&self, code: usize) -> u16 {
        let bit = |plane: &Plane| (plane[code / 64] >> (code % 64) & 1) as u16;
        self.counts.iter().enumerate().map(|(i, plane)| bit(plane) << i).sum()
    }
}

/// A query as planes: each bit is repeated in all places of a word.
#[must_use]
pub fn spread(query: &[u64], bits: usize) -> Vec<u64> {
    (0..bits).map(|i| 0_u64.wrapping_sub(query[i / 64] >> (i % 64) & 1)).collect()
}

impl Kernel {
    /// Finds the near codes of a block for each probe. Adds an entry to `found` for each probe with
    /// any.
    ///
    /// # Panics
    /// If queries and block differ in length, or have no multiple of 16 bits.
    #[expect(
        unsafe_code,
        reason = "a kernel may run only where the processor has its instructions"
    )]
    pub fn near(self, block: &[Plane], probes: &mut [Probe<'_>], found: &mut Vec<Near>) {
        assert!(block.len().is_multiple_of(GROUP), "planes of a block");
        assert!(probes.iter().all(|probe| probe.query.len() == block.len()), "planes of a query");
        match self.0 {
            Path::Scalar => portable::near(block, probes, found),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `available` makes this path, after it has detected AVX2.
            Path::Avx2 => unsafe { avx2::near(block, probes, found) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `available` makes these paths, after it has detected AVX-512F.
            Path::Avx512 | Path::Avx512Popcnt => unsafe { avx512::near(block, probes, found) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: only `available` makes this path, after it has detected NEON.
            Path::Neon => unsafe { neon::near(block, probes, found) },
        }
    }
}

/// 512 bits of an instruction set. Methods other than the portable ones may run only where the
/// instruction set was detected.
trait Lanes: Copy {
    fn splat(word: u64) -> Self;
    fn load(plane: &Plane) -> Self;
    fn store(self) -> Plane;
    fn xor(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    /// The majority of three bits: the carry of their sum. The sum's other digit is their exclusive
    /// or.
    fn majority(self, b: Self, c: Self) -> Self;
    /// One digit of a comparison, from the lowest on: true where the digit is less than the
    /// bound's, `before` where they are equal.
    fn less(digit: Self, bound: Self, before: Self) -> Self;
    fn any(self) -> bool;

    /// The sum of three bits in two digits.
    #[inline(always)]
    fn add(self, b: Self, c: Self) -> (Self, Self) {
        (self.xor(b).xor(c), self.majority(b, c))
    }
}

/// The body of every kernel. The usual code lengths have their own loops, which the compiler
/// unrolls.
#[inline(always)]
fn near_by<L: Lanes>(block: &[Plane], probes: &mut [Probe<'_>], found: &mut Vec<Near>) {
    match block.len() / GROUP {
        1 => near_in::<L, 1>(block, probes, found),
        2 => near_in::<L, 2>(block, probes, found),
        4 => near_in::<L, 4>(block, probes, found),
        8 => near_in::<L, 8>(block, probes, found),
        _ => near_in::<L, 16>(block, probes, found),
    }
}

/// Finds the near codes in blocks of at most `G` groups of planes.
#[inline(always)]
fn near_in<L: Lanes, const G: usize>(
    block: &[Plane],
    probes: &mut [Probe<'_>],
    found: &mut Vec<Near>,
) {
    for (i, probe) in probes.iter_mut().enumerate() {
        let mut digits = [0; COUNTERS];
        for (i, digit) in digits.iter_mut().enumerate() {
            *digit = 0_u64.wrapping_sub(u64::from(probe.bound >> i & 1));
        }
        let mut counts = [L::splat(0); COUNTERS];
        probe.left_out = count_all::<L, G>(&mut counts, block, probe, &digits);
        if probe.left_out > 0 {
            continue;
        }
        let codes = below::<L, G>(&counts, &digits);
        if codes.any() {
            let mut near = Near { probe: i, codes: codes.store(), counts: [[0; 8]; COUNTERS] };
            for (plane, count) in near.counts.iter_mut().zip(counts) {
                *plane = count.store();
            }
            found.push(near);
        }
    }
}

/// Adds the differing bits of all planes to the counts. It stops early where some planes already
/// show that no code is near. Returns the number of groups left out.
#[inline(always)]
fn count_all<L: Lanes, const G: usize>(
    counts: &mut [L; COUNTERS],
    block: &[Plane],
    probe: &Probe<'_>,
    digits: &[u64; COUNTERS],
) -> u16 {
    let (queries, planes) = (probe.query.as_chunks::<GROUP>().0, block.as_chunks::<GROUP>().0);
    for (i, (query, planes)) in queries.iter().zip(planes).take(G).enumerate() {
        count::<L, G>(counts, query, planes);
        let left = queries.len() - 1 - i;
        if probe.early && left > 0 && !below::<L, G>(counts, digits).any() {
            return left as u16;
        }
    }
    0
}

/// The number of digits of a count of up to 16·G.
const fn digits_of(groups: usize) -> usize {
    (GROUP * groups).ilog2() as usize + 1
}

/// Adds the differing bits of sixteen planes to the counts.
// There are no closures, as only functions marked to be inlined have their caller's instructions.
#[inline(always)]
fn count<L: Lanes, const G: usize>(
    counts: &mut [L; COUNTERS],
    query: &[u64; GROUP],
    planes: &[Plane; GROUP],
) {
    let first = count_eight(counts, query, planes, 0);
    let second = count_eight(counts, query, planes, 8);
    let (eights, mut carry) = counts[3].add(first, second);
    counts[3] = eights;
    for higher in &mut counts[4..digits_of(G)] {
        (*higher, carry) = (higher.xor(carry), higher.and(carry));
    }
}

/// Adds the differing bits of eight planes. Returns the carry of the fours. Two at a time go into
/// the ones, whose carries go two at a time into the twos, and so on.
#[inline(always)]
fn count_eight<L: Lanes>(
    counts: &mut [L; COUNTERS],
    query: &[u64; GROUP],
    planes: &[Plane; GROUP],
    from: usize,
) -> L {
    let mut differing = [L::splat(0); 8];
    for (i, differing) in differing.iter_mut().enumerate() {
        *differing = L::load(&planes[from + i]).xor(L::splat(query[from + i]));
    }
    let (ones, a) = counts[0].add(differing[0], differing[1]);
    let (ones, b) = ones.add(differing[2], differing[3]);
    let (twos, c) = counts[1].add(a, b);
    let (ones, a) = ones.add(differing[4], differing[5]);
    let (ones, b) = ones.add(differing[6], differing[7]);
    let (twos, d) = twos.add(a, b);
    let (fours, eight) = counts[2].add(c, d);
    (counts[0], counts[1], counts[2]) = (ones, twos, fours);
    eight
}

/// The lanes whose count is less than the bound of these digits.
#[inline(always)]
fn below<L: Lanes, const G: usize>(counts: &[L; COUNTERS], digits: &[u64; COUNTERS]) -> L {
    // A bound with more digits than the counts is greater than all of them.
    let mut higher = 0;
    for digit in &digits[digits_of(G)..] {
        higher |= digit;
    }
    let mut less = L::splat(0);
    for (&count, &digit) in counts.iter().zip(digits).take(digits_of(G)) {
        less = L::less(count, L::splat(digit), less);
    }
    L::less(L::splat(0), L::splat(higher), less)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_kernel_finds_what_is_near(groups in 1_usize..=16, bound in 0_u16..=257, likeness in 0.0..1.0_f64, seed in any::<u64>()) {
            let bits = groups * GROUP;
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let query: Vec<u64> = (0..4).map(|_| rng.random()).collect();
            let mut block = vec![[0; 8]; bits];
            let mut distances = [0_u16; LANES];
            for (code, distance) in distances.iter_mut().enumerate() {
                // Each code has its own likeness, so that some are near and some are far.
                let differs = likeness * rng.random::<f64>();
                for (i, plane) in block.iter_mut().enumerate() {
                    let flip = u64::from(rng.random_bool(differs));
                    *distance += flip as u16;
                    plane[code / 64] |= ((query[i / 64] >> (i % 64) & 1) ^ flip) << (code % 64);
                }
            }
            let query = spread(&query, bits);
            let probe = |early| Probe { query: &query, bound, early, left_out: 0 };
            for kernel in Kernel::available() {
                let mut found = Vec::new();
                kernel.near(&block, &mut [probe(false), probe(true)], &mut found);
                for i in 0..2 {
                    let near = found.iter().find(|near| near.probe == i);
                    for (code, &distance) in distances.iter().enumerate() {
                        let is_near = near.is_some_and(|near| near.codes[code / 64] >> (code % 64) & 1 == 1);
                        prop_assert_eq!(is_near, distance < bound, "{} {} {}", kernel.name(), code, distance);
                        prop_assert!(near.is_none_or(|near| !is_near || near.distance(code) == distance));
                    }
                }
            }
        }
    }
}
