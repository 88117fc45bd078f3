//! Plain Rust, on every processor.

use super::{Lanes, Near, Plane, Probe, near_by};

/// See [`near`](super::super::Kernel::near).
pub(super) fn near(block: &[Plane], probes: &mut [Probe<'_>], found: &mut Vec<Near>) {
    near_by::<Plane>(block, probes, found)
}

impl Lanes for Plane {
    #[inline(always)]
    fn splat(word: u64) -> Self {
        [word; 8]
    }

    #[inline(always)]
    fn load(plane: &Plane) -> Self {
        *plane
    }

    #[inline(always)]
    fn store(self) -> Plane {
        self
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] ^ other[i])
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        std::array::from_fn(|i| self[i] & other[i])
    }

    #[inline(always)]
    fn majority(self, b: Self, c: Self) -> Self {
        std::array::from_fn(|i| (self[i] & b[i]) | (c[i] & (self[i] ^ b[i])))
    }

    #[inline(always)]
    fn less(digit: Self, bound: Self, before: Self) -> Self {
        std::array::from_fn(|i| (!digit[i] & bound[i]) | (!(digit[i] ^ bound[i]) & before[i]))
    }

    #[inline(always)]
    fn any(self) -> bool {
        self != [0; 8]
    }
}
