//! Distances of one code to 512 at once, which lie bit-sliced: all their first bits in one plane, all their second bits in
//! the next. Counting is by carry-save adders, as in Harley and Seal's population count (Warren, "Hacker's Delight", ch. 5;
//! Muła, Kurz and Lemire 2018): a full adder takes two operations whatever the number of lanes.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

use super::{Kernel, Path};

/// Codes of a block.
pub const LANES: usize = 512;
/// One bit of each code of a block: code `i` is bit `i % 64` of word `i / 64`.
pub type Plane = [u64; LANES / 64];
/// Bit-sliced numbers from 0 to 256, one for each code of a block; the first plane is worth 1.
type Counts = [Plane; COUNTERS];
const COUNTERS: usize = 9;
/// Planes that are counted before it is asked whether any code can still be near. Codes have a multiple of 16 bits.
const GROUP: usize = 16;

/// What a block holds for a query.
pub struct Near {
    /// The codes nearer than the bound.
    pub codes: Plane,
    counts: Counts,
}

impl Near {
    /// None near.
    #[must_use]
    pub fn new() -> Self {
        Self { codes: [0; 8], counts: [[0; 8]; COUNTERS] }
    }

    /// The distance of one of the near codes.
    #[must_use]
    pub fn distance(&self, code: usize) -> u16 {
        let bit = |plane: &Plane| (plane[code / 64] >> (code % 64) & 1) as u16;
        self.counts.iter().enumerate().map(|(i, plane)| bit(plane) << i).sum()
    }
}

impl Default for Near {
    fn default() -> Self {
        Self::new()
    }
}

/// A query as planes: each of its bits in all places of a word.
#[must_use]
pub fn spread(query: &[u64], bits: usize) -> Vec<u64> {
    (0..bits).map(|i| 0_u64.wrapping_sub(query[i / 64] >> (i % 64) & 1)).collect()
}

impl Kernel {
    /// Which codes of a block differ from the query ([`spread`]) in fewer than `bound` bits. With `early`, counting stops
    /// where no code can be near any more. Gives the share of the planes that were left out, in groups; where it is not
    /// 0, or no code is near, `near.codes` is empty.
    ///
    /// # Panics
    /// If the query and the block differ in length, or have no multiple of 16 bits.
    #[expect(unsafe_code, reason = "a kernel may run only where the processor has its instructions")]
    pub fn near(self, query: &[u64], block: &[Plane], bound: u16, early: bool, near: &mut Near) -> usize {
        assert!(query.len() == block.len() && block.len().is_multiple_of(GROUP), "planes of a block");
        match self.0 {
            Path::Scalar => portable::near(query, block, bound, early, near),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `available` makes this path, after it has detected AVX2.
            Path::Avx2 => unsafe { avx2::near(query, block, bound, early, near) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `available` makes this path, after it has detected AVX-512F.
            Path::Avx512 => unsafe { avx512::near(query, block, bound, early, near) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: only `available` makes this path, after it has detected NEON.
            Path::Neon => unsafe { neon::near(query, block, bound, early, near) },
        }
    }
}

/// 512 bits of an instruction set. The methods of all but the portable one may run only where it was detected.
trait Lanes: Copy {
    fn splat(word: u64) -> Self;
    fn load(plane: &Plane) -> Self;
    fn store(self) -> Plane;
    fn xor(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    /// The majority of three: the carry of their sum, whose other digit is their exclusive or.
    fn majority(self, b: Self, c: Self) -> Self;
    /// A digit of a comparison from below: less where the digit is less than the bound's, or as before where they are equal.
    fn less(digit: Self, bound: Self, before: Self) -> Self;
    fn any(self) -> bool;

    /// The sum of three bits in two digits.
    #[inline(always)]
    fn add(self, b: Self, c: Self) -> (Self, Self) {
        (self.xor(b).xor(c), self.majority(b, c))
    }
}

/// The body of every kernel.
#[inline(always)]
fn near_by<L: Lanes>(query: &[u64], block: &[Plane], bound: u16, early: bool, near: &mut Near) -> usize {
    let zero = L::splat(0);
    let mut counts = [zero; COUNTERS];
    let (queries, planes) = (query.as_chunks::<GROUP>().0, block.as_chunks::<GROUP>().0);
    for (i, (query, planes)) in queries.iter().zip(planes).enumerate() {
        count(&mut counts, query, planes);
        let left = planes_left(queries.len(), i);
        if (early || left == 0) && !below(&counts, bound).any() {
            near.codes = [0; 8];
            return left;
        }
    }
    near.codes = below(&counts, bound).store();
    near.counts = counts.map(L::store);
    0
}

const fn planes_left(groups: usize, done: usize) -> usize {
    groups - 1 - done
}

/// Adds the differing bits of sixteen planes to the counts.
#[inline(always)]
fn count<L: Lanes>(counts: &mut [L; COUNTERS], query: &[u64; GROUP], planes: &[Plane; GROUP]) {
    let differing = |i: usize| L::load(&planes[i]).xor(L::splat(query[i]));
    let [mut ones, mut twos, mut fours, mut eights] = [counts[0], counts[1], counts[2], counts[3]];
    let mut sixteens = L::splat(0);
    let mut pending_eight = sixteens;
    let mut i = 0;
    // Two at a time into ones, whose carries go two at a time into twos, and so on.
    while i < GROUP {
        let (sum, a) = ones.add(differing(i), differing(i + 1));
        let (sum, b) = sum.add(differing(i + 2), differing(i + 3));
        let (sum_twos, four_a) = twos.add(a, b);
        let (sum, a) = sum.add(differing(i + 4), differing(i + 5));
        let (sum, b) = sum.add(differing(i + 6), differing(i + 7));
        let (sum_twos, four_b) = sum_twos.add(a, b);
        let (sum_fours, eight) = fours.add(four_a, four_b);
        (ones, twos, fours) = (sum, sum_twos, sum_fours);
        if i == 0 {
            pending_eight = eight;
        } else {
            (eights, sixteens) = eights.add(pending_eight, eight);
        }
        i += 8;
    }
    [counts[0], counts[1], counts[2], counts[3]] = [ones, twos, fours, eights];
    let mut carry = sixteens;
    for higher in &mut counts[4..] {
        (*higher, carry) = (higher.xor(carry), higher.and(carry));
    }
}

/// The lanes whose count is less than the bound.
#[inline(always)]
fn below<L: Lanes>(counts: &[L; COUNTERS], bound: u16) -> L {
    let digit = |i: usize| L::splat(0_u64.wrapping_sub(u64::from(bound >> i & 1)));
    let mut less = L::splat(0);
    for (i, &count) in counts.iter().enumerate() {
        less = L::less(count, digit(i), less);
    }
    less
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
                // Each code has a likeness of its own, so that some are near and some are far.
                let differs = likeness * rng.random::<f64>();
                for (i, plane) in block.iter_mut().enumerate() {
                    let flip = u64::from(rng.random_bool(differs));
                    *distance += flip as u16;
                    plane[code / 64] |= ((query[i / 64] >> (i % 64) & 1) ^ flip) << (code % 64);
                }
            }
            for (kernel, early) in Kernel::available().into_iter().flat_map(|kernel| [(kernel, false), (kernel, true)]) {
                let mut near = Near::new();
                let left = kernel.near(&spread(&query, bits), &block, bound, early, &mut near);
                prop_assert!(early || left == 0);
                for (code, &distance) in distances.iter().enumerate() {
                    let found = near.codes[code / 64] >> (code % 64) & 1 == 1;
                    prop_assert_eq!(found, distance < bound, "{} {} {}", kernel.name(), code, distance);
                    prop_assert!(!found || near.distance(code) == distance);
                }
            }
        }
    }
}
