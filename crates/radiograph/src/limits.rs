//! Limits on an untrusted file, checked before anything is allocated.

use crate::error::{Error, Result};
use crate::memory::{self, Reservation};
use std::time::Duration;

/// Pixels of the longest side: the most that DICOM can state (PS3.3 C.7.6.3.1.3).
const MAX_SIDE: u64 = 65_535;
/// Times that the longer side may have the length of the shorter one. Radiographs of a whole leg or
/// spine come to five.
const MAX_ASPECT: u64 = 100;

/// Limits on an untrusted file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file.
    pub max_bytes: u64,
    /// Pixels of the picture.
    pub max_pixels: u64,
    /// Bytes that decoding and the steps after it may take beside the file.
    pub max_memory: u64,
    /// Time that the file or its picture may wait for memory that others hold.
    pub memory_timeout: Duration,
}

impl Default for Limits {
    /// Returns 512 MiB, 100 million pixels, half of the process's budget of memory, and ten
    /// minutes. With half of the budget a picture fits beside those that a server keeps.
    fn default() -> Self {
        Self {
            max_bytes: 512 << 20,
            max_pixels: 100_000_000,
            max_memory: memory::total() / 2,
            memory_timeout: Duration::from_secs(600),
        }
    }
}

impl Limits {
    /// Checks the number of pixels that the claimant states.
    ///
    /// # Errors
    /// [`Error::TooManyPixels`].
    pub(crate) fn check_pixels(
        &self,
        claimant: &'static str,
        width: u64,
        height: u64,
    ) -> Result<()> {
        if width.saturating_mul(height) > self.max_pixels {
            return Err(Error::TooManyPixels { claimant, width, height, limit: self.max_pixels });
        }
        Ok(())
    }

    /// Checks the sides of a picture that the claimant states.
    ///
    /// # Errors
    /// [`Error::TooManyPixels`], or [`Error::Sides`] for sides that no radiograph has.
    pub(crate) fn check_sides(
        &self,
        claimant: &'static str,
        width: u64,
        height: u64,
    ) -> Result<()> {
        self.check_pixels(claimant, width, height)?;
        let (shorter, longer) = (width.min(height), width.max(height));
        if longer > MAX_SIDE || longer > shorter.saturating_mul(MAX_ASPECT) {
            return Err(Error::Sides {
                claimant,
                width,
                height,
                side: MAX_SIDE,
                aspect: MAX_ASPECT,
            });
        }
        Ok(())
    }

    /// Takes memory from the pixels' part of the process's budget.
    ///
    /// # Errors
    /// As [`Limits::check_memory`] and [`memory::MemoryBudget::take`].
    pub(crate) fn reserve(&self, bytes: u64) -> Result<Reservation> {
        self.check_memory(bytes)?;
        memory::for_pictures().take(bytes, self.memory_timeout)
    }

    /// Checks the bytes of memory that one picture needs.
    ///
    /// # Errors
    /// [`Error::TooMuchMemory`].
    pub(crate) fn check_memory(&self, needed: u64) -> Result<()> {
        if needed > self.max_memory {
            return Err(Error::TooMuchMemory { needed, limit: self.max_memory });
        }
        Ok(())
    }

    /// Checks the bytes of a file.
    ///
    /// # Errors
    /// [`Error::TooManyBytes`].
    pub(crate) fn check_bytes(&self, got: u64) -> Result<()> {
        if got > self.max_bytes {
            return Err(Error::TooManyBytes { got, limit: self.max_bytes });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sides_and_thin_strips_are_refused_and_real_shapes_are_not() {
        let check = |width, height| Limits::default().check_sides("the file", width, height);
        for (width, height) in [(1, 1), (100, 1), (65_535, 700), (3_000, 15_000), (10_000, 10_000)]
        {
            check(width, height).unwrap();
        }
        let thin = check(1, 64_000_000).unwrap_err().to_string();
        assert!(thin.contains("1×64000000 pixels, expected sides of at most 65535"), "{thin}");
        for (width, height) in [(101, 1), (65_536, 1_000), (20, 65_535)] {
            assert!(matches!(check(width, height), Err(Error::Sides { .. })), "{width}×{height}");
        }
        assert!(matches!(check(65_535, 65_535), Err(Error::TooManyPixels { .. })));
        assert!(matches!(check(u64::MAX, 2), Err(Error::TooManyPixels { .. })));
    }
}
