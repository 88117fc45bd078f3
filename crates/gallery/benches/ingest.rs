//! Storing pictures: a durable batch of 32 into galleries that hold a thousand, ten thousand and a
//! hundred thousand.
#![expect(clippy::unwrap_used, reason = "a benchmark")]

use divan::Bencher;
use divan::counter::ItemsCount;
use gallery::{Entry, Gallery, Record};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::{Embedding, HashCode, ModelId};

const BATCH: u64 = 32;

fn main() {
    divan::main();
}

/// A distinct picture, with a thumbnail of the usual size.
fn entry(i: u64) -> Entry {
    let mut random = ChaCha8Rng::seed_from_u64(i);
    let mut values =
        |n: usize| (0..n).map(|_| random.random_range(-1.0..1.0)).collect::<Vec<f32>>();
    Entry {
        record: Record { key: format!("{i:064x}"), name: i.to_string(), ..Record::default() },
        code: HashCode::from_signs(&values(64)).unwrap(),
        embedding: Embedding::new(values(512)),
        thumbnail: [&[0xff, 0xd8][..], &[i as u8; 8_000], &[0xff, 0xd9]].concat(),
    }
}

fn store(gallery: &mut Gallery, keys: std::ops::Range<u64>) {
    for i in keys {
        gallery.insert(&entry(i)).unwrap();
    }
    gallery.commit().unwrap();
}

#[divan::bench(args = [1_000, 10_000, 100_000], sample_count = 20, sample_size = 1)]
fn store_a_batch(bencher: Bencher<'_, '_>, held: u64) {
    let folder = tempfile::tempdir().unwrap();
    let model = ModelId("bench".into());
    let mut gallery = Gallery::create(&folder.path().join("gallery"), &model, 64).unwrap();
    (0..held).step_by(1000).for_each(|first| store(&mut gallery, first..first + 1000));
    let mut next = held;
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        store(&mut gallery, next..next + BATCH);
        next += BATCH;
    });
}
