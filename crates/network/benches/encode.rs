//! Encoding: images a second by batch, from preprocessed squares to saliency map, embedding and code.
#![expect(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use network::{Architecture, Encoder};
use radiograph::{Frame, Input, Preprocess};
use std::hint::black_box;

fn input(size: u32, seed: u32) -> Input {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32
    };
    let pixels = (0..size * size).map(|_| next()).collect();
    Input { size, pixels, frame: Frame { left: 0, top: 0, width: size, height: size } }
}

fn encode(criterion: &mut Criterion) {
    for size in [96, 224] {
        let preprocess = Preprocess { size, ..Preprocess::default() };
        let encoder = Encoder::untrained(&Architecture::default(), &preprocess, &["a".into()], 1).unwrap();
        let inputs: Vec<Input> = (0..32).map(|seed| input(size, seed)).collect();
        let together = encoder.encode(&inputs).unwrap();
        let mut group = criterion.benchmark_group(format!("encode {size} px"));
        group.sample_size(10);
        for batch in [1usize, 8, 32] {
            let alone = encoder.encode(&inputs[..batch]).unwrap();
            let differing: u32 = alone.iter().zip(&together).map(|(a, t)| a.code.distance(&t.code)).sum();
            assert!(
                differing as usize <= batch,
                "codes depend on the batch: {differing} bits of {batch} codes"
            );
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_with_input(
                BenchmarkId::from_parameter(batch),
                &inputs[..batch],
                |bencher, inputs| {
                    bencher.iter(|| encoder.encode(black_box(inputs)).unwrap());
                },
            );
        }
        group.finish();
    }
}

criterion_group!(benches, encode);
criterion_main!(benches);
