//! One row by one panel, for any processor.
#![expect(unsafe_code, reason = "vector instructions on operands that `product` has checked")]

use super::{Block, Kernels, PANEL};

pub(super) static KERNELS: Kernels = Kernels { name: "scalar", run: &[&[block::<1>, block::<2>]] };

/// R rows by one panel.
///
/// # Safety
/// The block was checked.
unsafe fn block<const R: usize>(block: &Block<'_>) {
    // SAFETY: the caller has checked the block's pointers.
    unsafe {
        let mut sums = [[0.0f32; PANEL]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            for (n, sum) in sums.iter_mut().enumerate() {
                if block.accumulate {
                    *sum = *block.out.add(r * block.pitch + n);
                } else if !block.bias.is_null() {
                    *sum = *block.bias.add(n);
                }
            }
        }
        let mut b = block.b;
        for &segment in block.segments {
            for k in 0..block.len {
                let columns = &*b.cast::<[f32; PANEL]>();
                for (r, sums) in sums.iter_mut().enumerate() {
                    let x = *block.a.add(r * block.stride + segment + k * block.step);
                    sums.iter_mut().zip(columns).for_each(|(sum, column)| *sum += x * column);
                }
                b = b.wrapping_add(block.b_step);
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                *block.out.add(r * block.pitch + n) = *sum;
            }
        }
    }
}
