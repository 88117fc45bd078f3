//! Hamming distances of one code to many: kernels for each processor behind one dispatch.
//!
//! This folder holds the crate's only unsafe code. Each kernel has a naive twin,
//! [`scalar`](Kernel::SCALAR), with which it agrees on every input.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod mapped;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
mod sliced;

use std::sync::LazyLock;

pub use mapped::Mapped;
pub use sliced::{LANES, Near, Plane, Probe, spread};

/// A way to count differing bits that this processor can run.
///
/// Every kernel gives the same distances; they differ in speed alone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kernel(Path);

// The enum is private, so that nobody makes a path that the processor lacks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Path {
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 without VPOPCNTDQ: ones are counted as with AVX2.
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx512Popcnt,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Kernel {
    /// Plain Rust, on every processor.
    pub const SCALAR: Self = Self(Path::Scalar);

    /// The kernels that this processor can run, slowest first.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut kernels = vec![Self::SCALAR];
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = std::arch::is_x86_feature_detected!("avx2");
            let avx512 = avx2 && std::arch::is_x86_feature_detected!("avx512f");
            let counts = avx512 && std::arch::is_x86_feature_detected!("avx512vpopcntdq");
            let found = [(avx2, Path::Avx2), (avx512, Path::Avx512), (counts, Path::Avx512Popcnt)];
            kernels
                .extend(found.into_iter().filter(|(there, _)| *there).map(|(_, path)| Self(path)));
        }
        #[cfg(target_arch = "aarch64")]
        if std::arch::is_aarch64_feature_detected!("neon") {
            kernels.push(Self(Path::Neon));
        }
        kernels
    }

    /// The fastest kernel of this processor.
    #[must_use]
    pub fn best() -> Self {
        static BEST: LazyLock<Kernel> =
            LazyLock::new(|| Kernel::available().last().copied().unwrap_or(Kernel::SCALAR));
        *BEST
    }

    /// The kernel's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Path::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Path::Avx2 => "avx2",
            #[cfg(target_arch = "x86_64")]
            Path::Avx512 => "avx512",
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Popcnt => "avx512-vpopcntdq",
            #[cfg(target_arch = "aarch64")]
            Path::Neon => "neon",
        }
    }

    /// The distance of `query` (1 to 4 words) to each of `codes` (`distances.len()` codes, one
    /// after the other).
    ///
    /// # Panics
    /// If the lengths contradict each other.
    pub fn distances(self, query: &[u64], codes: &[u64], distances: &mut [u16]) {
        assert_eq!(codes.len(), query.len() * distances.len(), "words of codes");
        match query.len() {
            1 => self.distances_of::<1>(query, codes, distances),
            2 => self.distances_of::<2>(query, codes, distances),
            3 => self.distances_of::<3>(query, codes, distances),
            4 => self.distances_of::<4>(query, codes, distances),
            words => panic!("a code of {words} words; expected 1 to 4"),
        }
    }

    /// The same for codes of `W` words.
    #[expect(
        unsafe_code,
        reason = "a kernel may run only where the processor has its instructions"
    )]
    fn distances_of<const W: usize>(self, query: &[u64], codes: &[u64], distances: &mut [u16]) {
        let query: &[u64; W] = query.try_into().expect("the caller matched the length");
        let codes = codes.as_chunks::<W>().0;
        match self.0 {
            Path::Scalar => scalar::distances(query, codes, distances),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `available` makes these paths, after it has detected AVX2.
            Path::Avx2 | Path::Avx512 => unsafe { avx2::distances(query, codes, distances) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: only `available` makes this path, after it has detected AVX-512F and
            // VPOPCNTDQ.
            Path::Avx512Popcnt => unsafe { avx512::distances(query, codes, distances) },
            #[cfg(target_arch = "aarch64")]
            // SAFETY: only `available` makes this path, after it has detected NEON.
            Path::Neon => unsafe { neon::distances(query, codes, distances) },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_kernel_agrees_with_the_definition(
            words in 1_usize..=4,
            query in prop::collection::vec(any::<u64>(), 4),
            mut codes in prop::collection::vec(any::<u64>(), 0..400),
        ) {
            codes.truncate(codes.len() / words * words);
            let query = &query[..words];
            let differing = |code: &[u64]| code.iter().zip(query).map(|(a, b)| (a ^ b).count_ones() as u16).sum();
            let expected: Vec<u16> = codes.chunks(words).map(differing).collect();
            for kernel in Kernel::available() {
                let mut got = vec![u16::MAX; expected.len()];
                kernel.distances(query, &codes, &mut got);
                prop_assert_eq!(&got, &expected, "{}", kernel.name());
            }
        }
    }

    #[test]
    fn the_extremes_are_counted() {
        for kernel in Kernel::available() {
            for words in 1..=4 {
                let mut got = [0; 37];
                kernel.distances(&vec![0; words], &vec![u64::MAX; words * 37], &mut got);
                assert_eq!(got, [64 * words as u16; 37], "{}", kernel.name());
            }
        }
    }

    #[test]
    #[should_panic(expected = "words of codes")]
    fn contradicting_lengths_are_a_bug_of_the_caller() {
        Kernel::best().distances(&[0], &[0, 0], &mut [0]);
    }
}
