//! Vectors of sixteen floats, compiled once for each instruction set.

use rayon::prelude::*;
use std::ops::{Add, Mul, Sub};
use std::sync::OnceLock;

/// Sixteen neighbouring channels of one place.
#[derive(Clone, Copy)]
pub(crate) struct Lanes(pub [f32; 16]);

impl Lanes {
    pub(crate) const ZERO: Self = Self([0.0; 16]);

    /// Loads the first sixteen floats of a slice.
    #[inline(always)]
    pub(crate) fn load(from: &[f32]) -> Self {
        let mut lanes = [0.0; 16];
        lanes.copy_from_slice(&from[..16]);
        Self(lanes)
    }

    #[inline(always)]
    pub(crate) fn store(self, to: &mut [f32]) {
        to[..16].copy_from_slice(&self.0);
    }

    #[inline(always)]
    pub(crate) fn max(self, floor: f32) -> Self {
        self.with(Self([floor; 16]), f32::max)
    }

    // Compilers turn such a plain loop over the sixteen into one instruction.
    #[inline(always)]
    fn with(mut self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        for i in 0..16 {
            self.0[i] = f(self.0[i], other.0[i]);
        }
        self
    }
}

impl Add for Lanes {
    type Output = Self;
    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.with(other, |a, b| a + b)
    }
}

impl Sub for Lanes {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.with(other, |a, b| a - b)
    }
}

impl Mul<f32> for Lanes {
    type Output = Self;
    #[inline(always)]
    fn mul(self, factor: f32) -> Self {
        self.with(Self([factor; 16]), |a, b| a * b)
    }
}

/// Compiles a function for AVX-512, for AVX2 and for any processor. A call takes the best version
/// that the processor supports.
macro_rules! dispatched {
    ($(#[$note:meta])* $view:vis fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block) => {
        $(#[$note])*
        #[allow(unsafe_code, clippy::too_many_arguments)]
        $view fn $name($($arg: $type),*) {
            #[inline(always)]
            fn plain($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512vl,avx512dq,avx512bw,fma")]
                fn avx512($($arg: $type),*) { plain($($arg),*) }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $type),*) { plain($($arg),*) }
                use $crate::kernels::simd::{Instructions, instructions};
                match instructions() {
                    // SAFETY: the processor has these instructions.
                    Instructions::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    Instructions::Avx2 => return unsafe { avx2($($arg),*) },
                    Instructions::Plain => {}
                }
            }
            plain($($arg),*)
        }
    };
}
pub(crate) use dispatched;

/// The instruction sets, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Instructions {
    Plain,
    Avx2,
    Avx512,
}

/// The best instruction set of the processor, or the one that the variable `SKIAGRAPH_INSTRUCTIONS`
/// (plain, avx2, avx512) allows.
pub(crate) fn instructions() -> Instructions {
    static FOUND: OnceLock<Instructions> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let allowed = match std::env::var("SKIAGRAPH_INSTRUCTIONS").as_deref() {
            Ok("plain") => Instructions::Plain,
            Ok("avx2") => Instructions::Avx2,
            _ => Instructions::Avx512,
        };
        detected().min(allowed)
    })
}

#[cfg(target_arch = "x86_64")]
fn detected() -> Instructions {
    let fma = is_x86_feature_detected!("fma");
    let wide = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw");
    if fma && wide {
        Instructions::Avx512
    } else if fma && is_x86_feature_detected!("avx2") {
        Instructions::Avx2
    } else {
        Instructions::Plain
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detected() -> Instructions {
    Instructions::Plain
}

/// `count` zeros, written by all threads.
pub(crate) fn zeros(count: usize) -> Vec<f32> {
    let mut zeros = Vec::with_capacity(count);
    zeros.par_extend(rayon::iter::repeat_n(0.0, count).with_min_len(1 << 16));
    zeros
}
