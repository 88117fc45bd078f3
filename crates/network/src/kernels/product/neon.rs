//! Four rows by one panel in sixteen registers of four floats.
#![expect(unsafe_code, reason = "vector instructions on operands that `product` has checked")]

use super::{Block, Kernels};
use std::arch::aarch64::*;
use std::array::from_fn;

pub(super) static KERNELS: Kernels =
    Kernels { name: "neon", run: &[&[block::<1>, block::<2>, block::<3>, block::<4>]] };

/// R rows by one panel.
///
/// # Safety
/// The block was checked; every AArch64 has NEON.
#[target_feature(enable = "neon")]
unsafe fn block<const R: usize>(block: &Block<'_>) {
    // SAFETY: the caller has checked the block's pointers, and that the processor has these
    // instructions.
    unsafe {
        let mut sums: [[float32x4_t; 4]; R] = from_fn(|r| {
            from_fn(|q| {
                if block.accumulate {
                    vld1q_f32(block.out.add(r * block.pitch + q * 4))
                } else if block.bias.is_null() {
                    vdupq_n_f32(0.0)
                } else {
                    vld1q_f32(block.bias.add(q * 4))
                }
            })
        });
        let mut b = block.b;
        for &segment in block.segments {
            let mut base = block.a.add(segment);
            for _ in 0..block.len {
                let columns: [float32x4_t; 4] = from_fn(|q| vld1q_f32(b.add(q * 4)));
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = *base.add(r * block.stride);
                    for (sum, column) in sums.iter_mut().zip(columns) {
                        *sum = vfmaq_n_f32(*sum, column, x);
                    }
                }
                base = base.wrapping_add(block.step);
                b = b.wrapping_add(block.b_step);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (q, sum) in sums.iter().enumerate() {
                vst1q_f32(block.out.add(r * block.pitch + q * 4), *sum);
            }
        }
    }
}
