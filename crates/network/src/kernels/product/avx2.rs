//! Six rows by one panel in twelve registers of eight floats.
#![expect(unsafe_code, reason = "vector instructions on operands that `product` has checked")]

use super::{Block, Kernels};
use std::arch::x86_64::*;
use std::array::from_fn;

pub(super) static KERNELS: Kernels = Kernels {
    name: "avx2",
    run: &[&[block::<1>, block::<2>, block::<3>, block::<4>, block::<5>, block::<6>]],
};

/// R rows by one panel.
///
/// # Safety
/// AVX2 and FMA are present, and the block was checked.
#[target_feature(enable = "avx2,fma")]
unsafe fn block<const R: usize>(block: &Block<'_>) {
    // SAFETY: the caller has checked the block's pointers, and that the processor has these
    // instructions.
    unsafe {
        let mut sums: [[__m256; 2]; R] = from_fn(|r| {
            from_fn(|h| {
                if block.accumulate {
                    _mm256_loadu_ps(block.out.add(r * block.pitch + h * 8))
                } else if block.bias.is_null() {
                    _mm256_setzero_ps()
                } else {
                    _mm256_loadu_ps(block.bias.add(h * 8))
                }
            })
        });
        let mut b = block.b;
        let (one, two) = (block.stride, 2 * block.stride);
        for &segment in block.segments {
            let mut bases: [*const f32; 2] =
                from_fn(|i| block.a.add(segment).wrapping_add(3 * i * one));
            for _ in 0..block.len {
                let columns = [_mm256_loadu_ps(b), _mm256_loadu_ps(b.add(8))];
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = _mm256_broadcast_ss(&*bases[r / 3].add([0, one, two][r % 3]));
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = _mm256_fmadd_ps(x, column, *sum);
                    }
                }
                bases = bases.map(|base| base.wrapping_add(block.step));
                b = b.wrapping_add(block.b_step);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (h, sum) in sums.iter().enumerate() {
                _mm256_storeu_ps(block.out.add(r * block.pitch + h * 8), *sum);
            }
        }
    }
}
