//! AVX-512: a plane is one vector, and `vpternlog` computes any function of three bits.

use std::arch::x86_64::{
    __m512i, _mm512_and_si512, _mm512_loadu_si512, _mm512_set1_epi64, _mm512_storeu_si512,
    _mm512_ternarylogic_epi64, _mm512_test_epi64_mask, _mm512_xor_si512,
};

use super::{Lanes, Near, Plane, Probe, near_by};

/// See [`near`](super::super::Kernel::near).
#[target_feature(enable = "avx512f")]
pub(super) fn near(block: &[Plane], probes: &mut [Probe<'_>], found: &mut Vec<Near>) {
    near_by::<__m512i>(block, probes, found)
}

// Truth tables of three bits a, b, c: bit 4a + 2b + c of the constant is the result.
const XOR: i32 = 0b1001_0110;
const MAJORITY: i32 = 0b1110_1000;
/// a < b, or a = b and c.
const LESS: i32 = 0b1000_1110;

#[expect(
    unsafe_code,
    reason = "intrinsics, inlined into functions that run only where AVX-512F was detected"
)]
impl Lanes for __m512i {
    #[inline(always)]
    fn splat(word: u64) -> Self {
        // SAFETY: this is inlined into `near` alone.
        unsafe { _mm512_set1_epi64(word.cast_signed()) }
    }

    #[inline(always)]
    fn load(plane: &Plane) -> Self {
        // SAFETY: as above; the plane has the 64 bytes that are read, and the load needs no
        // alignment.
        unsafe { _mm512_loadu_si512(plane.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store(self) -> Plane {
        let mut plane = [0; 8];
        // SAFETY: as above; the plane has room for the 64 bytes, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(plane.as_mut_ptr().cast(), self) };
        plane
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_xor_si512(self, other) }
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_and_si512(self, other) }
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_ternarylogic_epi64::<MAJORITY>(self, b, c) }
    }

    #[inline(always)]
    fn less(digit: Self, bound: Self, before: Self) -> Self {
        // SAFETY: as above.
        unsafe { _mm512_ternarylogic_epi64::<LESS>(digit, bound, before) }
    }

    #[inline(always)]
    fn any(self) -> bool {
        // SAFETY: as above.
        unsafe { _mm512_test_epi64_mask(self, self) != 0 }
    }

    #[inline(always)]
    fn add(self, b: Self, c: Self) -> (Self, Self) {
        // SAFETY: as above.
        (unsafe { _mm512_ternarylogic_epi64::<XOR>(self, b, c) }, self.majority(b, c))
    }
}
