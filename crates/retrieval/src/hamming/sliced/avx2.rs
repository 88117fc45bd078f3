//! AVX2: a plane is two vectors.

use std::arch::x86_64::{
    __m256i, _mm256_and_si256, _mm256_andnot_si256, _mm256_loadu_si256, _mm256_or_si256,
    _mm256_set1_epi64x, _mm256_storeu_si256, _mm256_testz_si256, _mm256_xor_si256,
};

use super::{Lanes, Near, Plane, Probe, near_by};

/// See [`near`](super::super::Kernel::near).
#[target_feature(enable = "avx2")]
pub(super) fn near(block: &[Plane], probes: &mut [Probe<'_>], found: &mut Vec<Near>) {
    near_by::<Pair>(block, probes, found)
}

#[derive(Clone, Copy)]
struct Pair(__m256i, __m256i);

impl Pair {
    #[inline(always)]
    fn map2(self, other: Self, of: impl Fn(__m256i, __m256i) -> __m256i) -> Self {
        Self(of(self.0, other.0), of(self.1, other.1))
    }
}

#[expect(
    unsafe_code,
    reason = "intrinsics, inlined into functions that run only where AVX2 was detected"
)]
impl Lanes for Pair {
    #[inline(always)]
    fn splat(word: u64) -> Self {
        // SAFETY: this is inlined into `near` alone.
        let half = unsafe { _mm256_set1_epi64x(word.cast_signed()) };
        Self(half, half)
    }

    #[inline(always)]
    fn load(plane: &Plane) -> Self {
        let (first, second) = plane.split_at(4);
        // SAFETY: as above; each half has the 32 bytes that are read, and the loads need no
        // alignment.
        unsafe {
            Self(
                _mm256_loadu_si256(first.as_ptr().cast()),
                _mm256_loadu_si256(second.as_ptr().cast()),
            )
        }
    }

    #[inline(always)]
    fn store(self) -> Plane {
        let mut plane = [0; 8];
        let (first, second) = plane.split_at_mut(4);
        // SAFETY: as above; each half has room for the 32 bytes, and the stores need no alignment.
        unsafe {
            _mm256_storeu_si256(first.as_mut_ptr().cast(), self.0);
            _mm256_storeu_si256(second.as_mut_ptr().cast(), self.1);
        }
        plane
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: as above.
        self.map2(other, |a, b| unsafe { _mm256_xor_si256(a, b) })
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: as above.
        self.map2(other, |a, b| unsafe { _mm256_and_si256(a, b) })
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: as above.
        self.and(b).map2(c.and(self.xor(b)), |a, b| unsafe { _mm256_or_si256(a, b) })
    }

    #[inline(always)]
    fn less(digit: Self, bound: Self, before: Self) -> Self {
        // SAFETY: as above. The second operand of "and not" is the one that is not negated.
        let and_not = |a, b| unsafe { _mm256_andnot_si256(a, b) };
        let smaller = digit.map2(bound, and_not);
        let unequal = digit.xor(bound);
        // SAFETY: as above.
        smaller.map2(unequal.map2(before, and_not), |a, b| unsafe { _mm256_or_si256(a, b) })
    }

    #[inline(always)]
    fn any(self) -> bool {
        // SAFETY: as above.
        unsafe { _mm256_testz_si256(self.0, self.0) & _mm256_testz_si256(self.1, self.1) == 0 }
    }
}
