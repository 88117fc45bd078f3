//! Exact search by a scan: each kernel alone, and the whole index, over a million and ten million codes of 64 bits.
//!
//! Each kernel must find what the scalar one finds, and the index what a sort finds.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::hamming::Kernel;
use retrieval::{HashCode, Index};

const SIZES: [usize; 2] = [1_000_000, 10_000_000];

fn main() {
    divan::main();
}

/// A query and `n` codes.
fn codes(n: usize) -> (u64, Vec<u64>) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    (rng.random(), (0..n).map(|_| rng.random()).collect())
}

/// The distances alone, in blocks as the index takes them.
fn total(kernel: Kernel, query: u64, codes: &[u64]) -> u64 {
    let mut distances = [0; 4096];
    let sum_of_block = |block: &[u64]| {
        let distances = &mut distances[..block.len()];
        kernel.distances(&[query], block, distances);
        u64::from(distances[block.len() / 2])
    };
    codes.chunks(4096).map(sum_of_block).sum()
}

fn arguments() -> impl Iterator<Item = String> {
    SIZES.into_iter().flat_map(|n| Kernel::available().into_iter().map(move |k| format!("{} {n}", k.name())))
}

#[divan::bench(args = arguments(), sample_count = 20)]
fn distances(bencher: Bencher<'_, '_>, argument: &str) {
    let (name, n) = argument.split_once(' ').unwrap();
    let kernel = Kernel::available().into_iter().find(|kernel| kernel.name() == name).unwrap();
    let (query, codes) = codes(n.parse().unwrap());
    assert_eq!(total(kernel, query, &codes), total(Kernel::SCALAR, query, &codes), "{name}");
    bencher
        .counter(ItemsCount::of_iter(&codes))
        .counter(BytesCount::of_slice(&codes))
        .bench_local(|| total(kernel, black_box(query), &codes));
}

#[divan::bench(args = SIZES, sample_count = 20)]
fn ten_nearest(bencher: Bencher<'_, '_>, n: usize) {
    let (query, codes) = codes(n);
    let code = |word: u64| HashCode::from_words(&[word], 64).unwrap();
    let mut index = Index::new(64).unwrap();
    for (id, &word) in codes.iter().enumerate() {
        index.insert(id as u64, &code(word)).unwrap();
    }
    let query = code(query);
    let search = || index.nearest(black_box(&query), 10).unwrap();
    let mut sorted: Vec<_> = (0..).zip(&codes).map(|(id, &word)| (code(word).distance(&query), id)).collect();
    sorted.sort_unstable();
    let found: Vec<(u32, u64)> = search().iter().map(|neighbor| (neighbor.distance, neighbor.id)).collect();
    assert_eq!(found, sorted[..10], "the index differs from a sort");
    bencher.counter(ItemsCount::of_iter(&codes)).counter(BytesCount::of_slice(&codes)).bench_local(search);
}
