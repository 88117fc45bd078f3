//! Twelve rows by two panels in 24 registers of 16 floats.
#![expect(unsafe_code, reason = "vector instructions on operands that `product` has checked")]

use super::{Block, Kernels};
use std::arch::x86_64::*;
use std::array::from_fn;

const AHEAD: usize = 32;

macro_rules! column {
    ($p:literal) => {
        &[
            block::<1, $p>,
            block::<2, $p>,
            block::<3, $p>,
            block::<4, $p>,
            block::<5, $p>,
            block::<6, $p>,
            block::<7, $p>,
            block::<8, $p>,
            block::<9, $p>,
            block::<10, $p>,
            block::<11, $p>,
            block::<12, $p>,
        ]
    };
}

pub(super) static KERNELS: Kernels = Kernels { name: "avx512", run: &[column!(1), column!(2)] };

/// R rows by P panels.
///
/// # Safety
/// AVX-512F is present, and the block was checked.
#[target_feature(enable = "avx512f")]
unsafe fn block<const R: usize, const P: usize>(block: &Block<'_>) {
    // SAFETY: the caller has checked the block's pointers, and that the processor has these
    // instructions.
    unsafe {
        let mut sums: [[__m512; P]; R] = from_fn(|r| {
            from_fn(|p| {
                if block.accumulate {
                    _mm512_loadu_ps(block.out.add(r * block.pitch + p * 16))
                } else if block.bias.is_null() {
                    _mm512_setzero_ps()
                } else {
                    _mm512_loadu_ps(block.bias.add(p * 16))
                }
            })
        });
        let mut b = block.b;
        // Three bases and multiples of one stride need five registers; twelve pointers would not
        // fit.
        let (one, three) = (block.stride, 3 * block.stride);
        for &segment in block.segments {
            let mut bases: [*const f32; 3] =
                from_fn(|i| block.a.add(segment).wrapping_add(4 * i * one));
            for _ in 0..block.len {
                let columns: [__m512; P] = from_fn(|p| _mm512_loadu_ps(b.add(p * block.panel)));
                for p in 0..P {
                    _mm_prefetch::<_MM_HINT_T0>(
                        b.wrapping_add(p * block.panel + AHEAD * block.b_step).cast(),
                    );
                }
                for (r, sums) in sums.iter_mut().enumerate() {
                    let offset = [0, one, 2 * one, three][r % 4];
                    let x = _mm512_set1_ps(*bases[r / 4].add(offset));
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = _mm512_fmadd_ps(x, column, *sum);
                    }
                }
                bases = bases.map(|base| base.wrapping_add(block.step));
                b = b.wrapping_add(block.b_step);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (p, sum) in sums.iter().enumerate() {
                _mm512_storeu_ps(block.out.add(r * block.pitch + p * 16), *sum);
            }
        }
    }
}
