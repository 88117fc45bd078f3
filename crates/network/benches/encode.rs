//! Encoding: images a second by batch, from preprocessed squares to saliency map, embedding and code.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use network::{Architecture, Encoder};
use radiograph::{Frame, Input, Preprocess};

fn main() {
    divan::main();
}

fn input(size: u32, seed: u32) -> Input {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1u32 << 24) as f32
    };
    let pixels = (0..size * size).map(|_| next()).collect();
    Input { size, pixels, frame: Frame { left: 0, top: 0, width: size, height: size } }
}

#[divan::bench(args = [1, 8, 32], consts = [96, 224], sample_count = 10, sample_size = 1)]
fn encode<const SIZE: u32>(bencher: Bencher<'_, '_>, batch: u32) {
    let preprocess = Preprocess { size: SIZE, ..Preprocess::default() };
    let encoder = Encoder::untrained(&Architecture::default(), &preprocess, &["a".into()], 1).unwrap();
    let inputs: Vec<Input> = (0..batch).map(|seed| input(SIZE, seed)).collect();
    bencher.counter(ItemsCount::new(batch)).bench_local(|| encoder.encode(black_box(&inputs)).unwrap());
}
