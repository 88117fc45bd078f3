//! NEON: the ones of each byte (`cnt`), summed pairwise up to words.

use std::arch::aarch64::{
    uint64x2_t, vaddq_u64, vaddvq_u64, vcntq_u8, vdupq_n_u64, veorq_u64, vld1q_u64, vpaddlq_u8,
    vpaddlq_u16, vpaddlq_u32, vreinterpretq_u8_u64, vst1q_u64,
};

use super::scalar;

/// The distances of `query` to each of `codes`. `distances` is as long as `codes`.
#[target_feature(enable = "neon")]
pub(super) fn distances<const W: usize>(
    query: &[u64; W],
    codes: &[[u64; W]],
    distances: &mut [u16],
) {
    if W == 1 {
        one_word(query[0], codes.as_flattened(), distances);
    } else if W.is_multiple_of(2) {
        for (code, distance) in codes.iter().zip(distances) {
            *distance = even_words(query, code);
        }
    } else {
        scalar::distances(query, codes, distances);
    }
}

/// Codes of one word, two at a time.
#[target_feature(enable = "neon")]
fn one_word(query: u64, codes: &[u64], distances: &mut [u16]) {
    let queries = vdupq_n_u64(query);
    let (pairs, rest) = codes.as_chunks::<2>();
    let (outputs, rest_outputs) = distances.as_chunks_mut::<2>();
    for (codes, output) in pairs.iter().zip(outputs) {
        let counts = store(count_words(veorq_u64(load(codes), queries)));
        *output = [counts[0] as u16, counts[1] as u16];
    }
    scalar::distances(&[query], rest.as_chunks::<1>().0, rest_outputs);
}

/// One code of two or four words.
#[target_feature(enable = "neon")]
fn even_words<const W: usize>(query: &[u64; W], code: &[u64; W]) -> u16 {
    let mut counts = vdupq_n_u64(0);
    for (query, code) in query.as_chunks::<2>().0.iter().zip(code.as_chunks::<2>().0) {
        counts = vaddq_u64(counts, count_words(veorq_u64(load(code), load(query))));
    }
    vaddvq_u64(counts) as u16
}

/// The number of ones in each of two words.
#[target_feature(enable = "neon")]
fn count_words(words: uint64x2_t) -> uint64x2_t {
    vpaddlq_u32(vpaddlq_u16(vpaddlq_u8(vcntq_u8(vreinterpretq_u8_u64(words)))))
}

#[target_feature(enable = "neon")]
#[expect(unsafe_code, reason = "the load intrinsic takes a pointer")]
fn load(words: &[u64; 2]) -> uint64x2_t {
    // SAFETY: the array has the 2 words that the load reads.
    unsafe { vld1q_u64(words.as_ptr()) }
}

#[target_feature(enable = "neon")]
#[expect(unsafe_code, reason = "the store intrinsic takes a pointer")]
fn store(value: uint64x2_t) -> [u64; 2] {
    let mut words = [0; 2];
    // SAFETY: the array has room for the 2 words that the store writes.
    unsafe { vst1q_u64(words.as_mut_ptr(), value) };
    words
}
