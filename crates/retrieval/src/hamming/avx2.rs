//! AVX2: the bits of each byte by a table of nibbles (`pshufb`), summed for each word (`psadbw`).
//!
//! The method is that of W. Muła, N. Kurz, D. Lemire, "Faster Population Counts Using AVX2
//! Instructions", The Computer Journal 61, 2018.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi8, _mm256_and_si256, _mm256_loadu_si256, _mm256_packus_epi32,
    _mm256_permutevar8x32_epi32, _mm256_sad_epu8, _mm256_set1_epi8, _mm256_set1_epi64x,
    _mm256_setr_epi8, _mm256_setr_epi32, _mm256_setzero_si256, _mm256_shuffle_epi8,
    _mm256_srli_epi16, _mm256_storeu_si256, _mm256_xor_si256,
};

use super::scalar;

/// The number of codes a step.
const STEP: usize = 16;

/// The distances of `query` to each of `codes`. `distances` is as long as `codes`.
#[target_feature(enable = "avx2")]
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

/// Sixteen codes of one word: four vectors, packed from 64 to 16 bits a count.
#[target_feature(enable = "avx2")]
fn one_word(query: u64, codes: &[u64], output: &mut [u16; STEP]) {
    let query = _mm256_set1_epi64x(query.cast_signed());
    let count = |i: usize| count_words(_mm256_xor_si256(load(&codes[4 * i..]), query));
    // Packing works within 128-bit lanes; the permutation then puts the pairs of counts in order.
    let ab = _mm256_packus_epi32(count(0), count(1));
    let cd = _mm256_packus_epi32(count(2), count(3));
    let all = _mm256_packus_epi32(ab, cd);
    let ordered = _mm256_permutevar8x32_epi32(all, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    store_counts(ordered, output);
}

/// Sixteen codes of `W` words: counts of every word, then their sums.
#[target_feature(enable = "avx2")]
fn some_words<const W: usize>(query: &[u64; W], codes: &[u64], output: &mut [u16; STEP]) {
    // The query repeats every W words, and so every W vectors.
    let queries: [[u64; 4]; W] =
        std::array::from_fn(|i| std::array::from_fn(|j| query[(4 * i + j) % W]));
    let mut counts = [[[0_u64; 4]; W]; STEP / 4];
    for (group, counts) in counts.iter_mut().enumerate() {
        for (i, counts) in counts.iter_mut().enumerate() {
            let differing =
                _mm256_xor_si256(load(&codes[4 * (group * W + i)..]), load(&queries[i]));
            store(count_words(differing), counts);
        }
    }
    let counts = counts.as_flattened().as_flattened().as_chunks::<W>().0;
    for (counts, distance) in counts.iter().zip(output) {
        *distance = counts.iter().sum::<u64>() as u16;
    }
}

/// The number of ones in each of four words.
#[target_feature(enable = "avx2")]
fn count_words(words: __m256i) -> __m256i {
    let ones_of_nibble = _mm256_setr_epi8(
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, //
        0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4,
    );
    let low = _mm256_set1_epi8(0x0f);
    let low_nibbles = _mm256_and_si256(words, low);
    let high_nibbles = _mm256_and_si256(_mm256_srli_epi16::<4>(words), low);
    let ones = _mm256_add_epi8(
        _mm256_shuffle_epi8(ones_of_nibble, low_nibbles),
        _mm256_shuffle_epi8(ones_of_nibble, high_nibbles),
    );
    _mm256_sad_epu8(ones, _mm256_setzero_si256())
}

#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "the load intrinsic takes a pointer")]
fn load(words: &[u64]) -> __m256i {
    let words = &words[..4];
    // SAFETY: the slice has 4 words of 8 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "the store intrinsic takes a pointer")]
fn store(value: __m256i, words: &mut [u64; 4]) {
    // SAFETY: the array has 4 words of 8 bytes, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), value) }
}

#[target_feature(enable = "avx2")]
#[expect(unsafe_code, reason = "the store intrinsic takes a pointer")]
fn store_counts(value: __m256i, counts: &mut [u16; STEP]) {
    // SAFETY: the array has 16 counts of 2 bytes, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(counts.as_mut_ptr().cast(), value) }
}
