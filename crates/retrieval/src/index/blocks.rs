//! Codes from rows to bit-sliced blocks.

use crate::hamming::{LANES, Plane};

/// The number of blocks that hold so many rows.
pub(super) fn count(rows: usize) -> usize {
    rows.div_ceil(LANES)
}

/// Slices codes of `width` words, at most [`LANES`] of them, into one plane a bit. Missing rows are
/// zeros.
pub(super) fn slice(words: &[u64], width: usize, planes: &mut [Plane]) {
    planes.fill([0; 8]);
    for (column, rows) in words.chunks(64 * width).enumerate() {
        for word in 0..width {
            let mut square = [0; 64];
            for (row, code) in square.iter_mut().zip(rows.chunks_exact(width)) {
                *row = code[word];
            }
            transpose(&mut square);
            for (plane, bits) in planes[64 * word..].iter_mut().zip(square) {
                plane[column] = bits;
            }
        }
    }
}

/// Transposes a square of bits: halves change places, then quarters within them, and so on (Warren,
/// "Hacker's Delight", 7-3).
fn transpose(square: &mut [u64; 64]) {
    let mut size = 32;
    let mut low = 0xffff_ffff_u64;
    while size > 0 {
        for i in (0..64).filter(|i| i & size == 0) {
            let swapped = ((square[i] >> size) ^ square[i + size]) & low;
            square[i] ^= swapped << size;
            square[i + size] ^= swapped;
        }
        size /= 2;
        low ^= low << size;
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_plane_holds_a_bit_of_every_code() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for (rows, bits) in [(512, 64), (77, 48), (1, 16), (500, 240)] {
            let width = usize::div_ceil(bits, 64);
            let mut words: Vec<u64> = (0..rows * width).map(|_| rng.random()).collect();
            let beyond = if bits % 64 == 0 { 0 } else { u64::MAX << (bits % 64) };
            words.iter_mut().skip(width - 1).step_by(width).for_each(|word| *word &= !beyond);
            let mut planes = vec![[u64::MAX; 8]; bits];
            slice(&words, width, &mut planes);
            for row in 0..LANES {
                for (bit, plane) in planes.iter().enumerate() {
                    let expected =
                        words.get(row * width + bit / 64).map_or(0, |word| word >> (bit % 64) & 1);
                    assert_eq!(plane[row / 64] >> (row % 64) & 1, expected, "{row} {bit}");
                }
            }
        }
    }
}
