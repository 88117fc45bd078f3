//! AVX-512 with VPOPCNTDQ: the processor counts the ones of eight words at once.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_storeu_si128, _mm512_cvtepi64_epi16, _mm512_loadu_si512,
    _mm512_popcnt_epi64, _mm512_set1_epi64, _mm512_storeu_si512, _mm512_xor_si512,
};

use super::scalar;

/// The number of codes a step.
const STEP: usize = 8;

/// The distances of `query` to each of `codes`. `distances` is as long as `codes`.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
pub(super) fn distances<const W: usize>(
    query: &[u64; W],
    codes: &[[u64; W]],
    distances: &mut [u16],
) {
    let (steps, rest) = codes.as_chunks::<STEP>();
    let (outputs, rest_outputs) = distances.as_chunks_mut::<STEP>();
    for (codes, output) in steps.iter().zip(outputs) {
        if W == 1 {
            one_word(query[0], codes.as_flattened(), output);
        } else {
            some_words(query, codes.as_flattened(), output);
        }
    }
    scalar::distances(query, rest, rest_outputs);
}

/// Eight codes of one word: one vector.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn one_word(query: u64, codes: &[u64], output: &mut [u16; STEP]) {
    let differing = _mm512_xor_si512(load(codes), _mm512_set1_epi64(query.cast_signed()));
    store_counts(_mm512_cvtepi64_epi16(_mm512_popcnt_epi64(differing)), output);
}

/// Eight codes of `W` words: counts of every word, then their sums.
#[target_feature(enable = "avx512f,avx512vpopcntdq")]
fn some_words<const W: usize>(query: &[u64; W], codes: &[u64], output: &mut [u16; STEP]) {
    // The query repeats every W words, and so every W vectors.
    let queries: [[u64; 8]; W] =
        std::array::from_fn(|i| std::array::from_fn(|j| query[(8 * i + j) % W]));
    let mut counts = [[0_u64; 8]; W];
    for (i, counts) in counts.iter_mut().enumerate() {
        let differing = _mm512_xor_si512(load(&codes[8 * i..]), load(&queries[i]));
        store(_mm512_popcnt_epi64(differing), counts);
    }
    let counts = counts.as_flattened().as_chunks::<W>().0;
    for (counts, distance) in counts.iter().zip(output) {
        *distance = counts.iter().sum::<u64>() as u16;
    }
}

#[target_feature(enable = "avx512f")]
#[expect(unsafe_code, reason = "the load intrinsic takes a pointer")]
fn load(words: &[u64]) -> __m512i {
    let words = &words[..8];
    // SAFETY: the slice has 8 words of 8 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f")]
#[expect(unsafe_code, reason = "the store intrinsic takes a pointer")]
fn store(value: __m512i, words: &mut [u64; 8]) {
    // SAFETY: the array has 8 words of 8 bytes, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), value) }
}

#[target_feature(enable = "avx512f")]
#[expect(unsafe_code, reason = "the store intrinsic takes a pointer")]
fn store_counts(value: __m128i, counts: &mut [u16; 8]) {
    // SAFETY: the array has 8 counts of 2 bytes, and the store needs no alignment.
    unsafe { _mm_storeu_si128(counts.as_mut_ptr().cast(), value) }
}
