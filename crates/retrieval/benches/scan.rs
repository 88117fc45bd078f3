//! Exact search by a scan: each kernel alone, and the whole index, over a million and ten million codes of 64 bits.
//!
//! Run with `cargo bench -p retrieval`. Each kernel must find what the scalar one finds.

#![expect(missing_docs, reason = "criterion's macros write undocumented functions")]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::hamming::Kernel;
use retrieval::{HashCode, Index};

fn scan(criterion: &mut Criterion) {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for n in [1_000_000, 10_000_000] {
        let codes: Vec<u64> = (0..n).map(|_| rng.random()).collect();
        let query = [rng.random()];
        kernels(criterion, &query, &codes);
        index(criterion, query[0], &codes);
    }
}

/// The distances alone, in blocks as the index takes them.
fn kernels(criterion: &mut Criterion, query: &[u64], codes: &[u64]) {
    let total = |kernel: Kernel| -> u64 {
        let mut distances = [0; 4096];
        let sum_of_block = |block: &[u64]| {
            let distances = &mut distances[..block.len()];
            kernel.distances(query, block, distances);
            u64::from(distances[block.len() / 2])
        };
        codes.chunks(4096).map(sum_of_block).sum()
    };
    let mut group = criterion.benchmark_group("distances");
    group.throughput(Throughput::Bytes(8 * codes.len() as u64)).sample_size(20);
    let expected = total(Kernel::SCALAR);
    for kernel in Kernel::available() {
        assert_eq!(total(kernel), expected, "{} differs from scalar", kernel.name());
        group.bench_function(BenchmarkId::new(kernel.name(), codes.len()), |bench| {
            bench.iter(|| total(kernel))
        });
    }
    group.finish();
}

/// The ten nearest, by the fastest kernel, against a sort of all distances.
fn index(criterion: &mut Criterion, query: u64, codes: &[u64]) {
    let mut index = Index::new(64).expect("64 is a code length");
    let code = |word: u64| HashCode::from_words(&[word], 64).expect("64 bits are a word");
    for (id, &word) in codes.iter().enumerate() {
        index.insert(id as u64, &code(word)).expect("the ids ascend");
    }
    let query = code(query);
    let search = || index.nearest(black_box(&query), 10).expect("the lengths agree");
    let mut sorted: Vec<_> = (0..).zip(codes).map(|(id, &word)| (code(word).distance(&query), id)).collect();
    sorted.sort_unstable();
    let found: Vec<(u32, u64)> = search().iter().map(|neighbor| (neighbor.distance, neighbor.id)).collect();
    assert_eq!(found, sorted[..10], "the index differs from a sort");
    let mut group = criterion.benchmark_group("nearest 10");
    group.throughput(Throughput::Bytes(8 * codes.len() as u64)).sample_size(20);
    group.bench_function(BenchmarkId::new("index", codes.len()), |bench| bench.iter(search));
    group.finish();
}

criterion_group!(benches, scan);
criterion_main!(benches);
