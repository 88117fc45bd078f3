//! NEON: a plane is four vectors.

use std::arch::aarch64::{
    uint64x2_t, vandq_u64, vbicq_u64, vbslq_u64, vdupq_n_u64, veorq_u64, vld1q_u64, vmaxvq_u32,
    vorrq_u64, vreinterpretq_u32_u64, vst1q_u64,
};

use super::{Lanes, Near, Plane, Probe, near_by};

/// See [`near`](super::super::Kernel::near).
#[target_feature(enable = "neon")]
pub(super) fn near(block: &[Plane], probes: &mut [Probe<'_>], found: &mut Vec<Near>) {
    near_by::<Four>(block, probes, found)
}

#[derive(Clone, Copy)]
struct Four([uint64x2_t; 4]);

impl Four {
    #[inline(always)]
    fn map2(self, other: Self, of: impl Fn(uint64x2_t, uint64x2_t) -> uint64x2_t) -> Self {
        Self(std::array::from_fn(|i| of(self.0[i], other.0[i])))
    }
}

#[expect(
    unsafe_code,
    reason = "intrinsics, inlined into functions that run only where NEON was detected"
)]
impl Lanes for Four {
    #[inline(always)]
    fn splat(word: u64) -> Self {
        // SAFETY: this is inlined into `near` alone.
        Self([unsafe { vdupq_n_u64(word) }; 4])
    }

    #[inline(always)]
    fn load(plane: &Plane) -> Self {
        let pairs = plane.as_chunks::<2>().0;
        // SAFETY: as above; each pair has the two words that are read.
        Self(std::array::from_fn(|i| unsafe { vld1q_u64(pairs[i].as_ptr()) }))
    }

    #[inline(always)]
    fn store(self) -> Plane {
        let mut plane = [0; 8];
        for (pair, vector) in plane.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            // SAFETY: as above; each pair has room for the two words.
            unsafe { vst1q_u64(pair.as_mut_ptr(), vector) };
        }
        plane
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: as above.
        self.map2(other, |a, b| unsafe { veorq_u64(a, b) })
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        // SAFETY: as above.
        self.map2(other, |a, b| unsafe { vandq_u64(a, b) })
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        let differs = self.xor(b);
        // SAFETY: as above. Where the first two differ the third decides, else either of them.
        Self(std::array::from_fn(|i| unsafe { vbslq_u64(differs.0[i], c.0[i], self.0[i]) }))
    }

    #[inline(always)]
    fn less(digit: Self, bound: Self, before: Self) -> Self {
        // SAFETY: as above. The second operand of "bit clear" is the one that is negated.
        let and_not = |a, b| unsafe { vbicq_u64(b, a) };
        let smaller = digit.map2(bound, and_not);
        let unequal = digit.xor(bound);
        // SAFETY: as above.
        smaller.map2(unequal.map2(before, and_not), |a, b| unsafe { vorrq_u64(a, b) })
    }

    #[inline(always)]
    fn any(self) -> bool {
        let [a, b, c, d] = self.0;
        // SAFETY: as above.
        unsafe {
            vmaxvq_u32(vreinterpretq_u32_u64(vorrq_u64(vorrq_u64(a, b), vorrq_u64(c, d)))) != 0
        }
    }
}
