//! Decoding and preprocessing: pictures a second, of the samples and of a 16-bit picture of clinical size.
#![expect(clippy::unwrap_used, missing_docs, reason = "a benchmark")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};
use radiograph::dataset::Dataset;
use radiograph::{Limits, Preprocess, decode};
use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;

/// 2,500 × 2,000 pixels of 16 bits, smooth with a little noise, as PNG.
fn clinical() -> Vec<u8> {
    let image = ImageBuffer::from_fn(2500, 2000, |x: u32, y: u32| {
        Luma([(x * 13 + y * 11) as u16 ^ (x.wrapping_mul(y) & 0xFF) as u16])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma16(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn decoding(criterion: &mut Criterion) {
    let samples = Dataset::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")).unwrap();
    let files: Vec<Vec<u8>> =
        samples.items.iter().take(50).map(|i| std::fs::read(&i.path).unwrap()).collect();
    let (limits, preprocess) = (Limits::default(), Preprocess::default());
    let mut group = criterion.benchmark_group("decode and preprocess");
    group.sample_size(10);
    group.throughput(Throughput::Elements(files.len() as u64));
    group.bench_function("50 sample JPEGs", |bencher| {
        bencher.iter(|| {
            for file in &files {
                let input = preprocess.apply(&decode(black_box(file), &limits).unwrap());
                assert!(input.pixels.iter().all(|p| (0.0..=1.0).contains(p)));
            }
        });
    });
    let png = clinical();
    group.throughput(Throughput::Elements(1));
    group.bench_function("PNG of 2,500 × 2,000 × 16 bits", |bencher| {
        bencher.iter(|| {
            let picture = decode(black_box(&png), &limits).unwrap();
            assert_eq!(picture.header().bits_stored, 16);
            preprocess.apply(&picture)
        });
    });
    group.finish();
}

criterion_group!(benches, decoding);
criterion_main!(benches);
