//! Decoding and preprocessing: pictures a second, of the samples and of a 16-bit picture of
//! clinical size.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use std::io::Cursor;
use std::path::Path;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use image::{DynamicImage, ImageBuffer, ImageFormat, Luma};
use radiograph::dataset::Dataset;
use radiograph::{Limits, Preprocess, decode};

fn main() {
    divan::main();
}

/// 2,500 × 2,000 pixels of 16 bits, smooth with a little noise, as PNG.
fn clinical() -> Vec<u8> {
    let image = ImageBuffer::from_fn(2500, 2000, |x: u32, y: u32| {
        Luma([(x * 13 + y * 11) as u16 ^ (x.wrapping_mul(y) & 0xFF) as u16])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma16(image).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn preprocessed(bencher: Bencher<'_, '_>, files: &[Vec<u8>]) {
    let (limits, preprocess) = (Limits::default(), Preprocess::default());
    bencher.counter(ItemsCount::of_iter(files)).bench_local(|| {
        for file in files {
            black_box(preprocess.apply(&decode(black_box(file), &limits).unwrap()));
        }
    });
}

#[divan::bench(sample_count = 20)]
fn fifty_sample_jpegs(bencher: Bencher<'_, '_>) {
    let samples =
        Dataset::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")).unwrap();
    let files: Vec<Vec<u8>> =
        samples.items.iter().take(50).map(|i| std::fs::read(&i.path).unwrap()).collect();
    preprocessed(bencher, &files);
}

#[divan::bench(sample_count = 20)]
fn one_16_bit_png_of_5_megapixels(bencher: Bencher<'_, '_>) {
    preprocessed(bencher, &[clinical()]);
}
