//! A large gallery's life: insertions at full durability, opening, queries alone, and queries while
//! another thread inserts and deletes. A JSON line for each figure.
//!
//! ```text
//! cargo bench -p gallery --bench gallery -- --rows 1000000 --batch 32 --thumbnail 8000 \
//!     --folder DIR
//! ```
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::env;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gallery::{Entry, Example, Gallery, Order, Query, Record};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::{Embedding, HashCode, ModelId};

const MIXED: Duration = Duration::from_secs(30);
const QUERIES: u64 = 1000;

struct Options {
    rows: u64,
    batch: u64,
    thumbnail: usize,
    folder: PathBuf,
}

fn options(scratch: &Path) -> Options {
    let arguments: Vec<String> = env::args().collect();
    let value =
        |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1));
    let number = |name: &str, default: u64| value(name).map_or(default, |n| n.parse().unwrap());
    Options {
        rows: number("--rows", 20_000),
        batch: number("--batch", 32),
        thumbnail: number("--thumbnail", 8000) as usize,
        folder: value("--folder").map_or(scratch.to_owned(), PathBuf::from).join("gallery"),
    }
}

/// A distinct picture: about a hundred share the neighbourhood of a code.
fn entry(i: u64, thumbnail: usize) -> Entry {
    let mut random = ChaCha8Rng::seed_from_u64(i);
    let centre = (i / 100).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let flips = random.random::<u64>() & random.random::<u64>() & random.random::<u64>();
    let mut bytes = vec![0; thumbnail];
    random.fill(&mut bytes[..]);
    Entry {
        record: Record {
            key: format!("{i:064x}"),
            name: format!("{i}.dcm"),
            labels: vec!["chest".to_owned(), format!("finding-{}", i % 14)],
            patient: Some(format!("patient-{}", i / 3)),
            age: Some((i % 90) as u32),
            ..Record::default()
        },
        code: HashCode::from_words(&[centre ^ flips], 64).unwrap(),
        embedding: Embedding::new((0..512).map(|_| random.random_range(-1.0..1.0)).collect()),
        thumbnail: [&[0xff, 0xd8][..], &bytes, &[0xff, 0xd9]].concat(),
    }
}

fn main() {
    let scratch = tempfile::tempdir().unwrap();
    let options = options(scratch.path());
    insert(&options);
    let start = Instant::now();
    let gallery = Gallery::open(&options.folder).unwrap();
    println!(
        r#"{{"what":"open","rows":{},"ms":{:.1}}}"#,
        gallery.len(),
        start.elapsed().as_secs_f64() * 1e3
    );
    drop(gallery);
    let done = AtomicBool::new(true);
    query(&options, "queries alone, by bits", &done, QUERIES, Order::Hamming);
    query(&options, "queries alone", &done, QUERIES, Order::default());
    mixed(&options);
}

fn insert(options: &Options) {
    let mut gallery = Gallery::create(&options.folder, &ModelId("bench".into()), 64).unwrap();
    let (mut seconds, mut batches) = (0.0, Vec::new());
    for first in (0..options.rows).step_by(options.batch as usize) {
        let entries: Vec<Entry> = (first..options.rows.min(first + options.batch))
            .map(|i| entry(i, options.thumbnail))
            .collect();
        let start = Instant::now();
        for entry in &entries {
            gallery.insert(entry).unwrap();
        }
        gallery.commit().unwrap();
        batches.push(start.elapsed().as_secs_f64());
        seconds += start.elapsed().as_secs_f64();
    }
    let start = Instant::now();
    gallery.settle().unwrap();
    seconds += start.elapsed().as_secs_f64();
    let (p50, p99) = (quantile(&mut batches, 0.5), quantile(&mut batches, 0.99));
    println!(
        r#"{{"what":"insert","rows":{},"batch":{},"per_second":{:.0},"batch_p50_ms":{p50:.2},"batch_p99_ms":{p99:.2}}}"#,
        options.rows,
        options.batch,
        options.rows as f64 / seconds
    );
}

/// A quantile, in milliseconds.
fn quantile(seconds: &mut [f64], share: f64) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[((seconds.len() - 1) as f64 * share) as usize] * 1e3
}

/// Runs queries until `done` is set and at least `at_least` were run. Each sees what was committed
/// before it.
fn query(options: &Options, what: &str, done: &AtomicBool, at_least: u64, order: Order) {
    let mut gallery = Gallery::open(&options.folder).unwrap();
    let mut times = Vec::new();
    for i in 0.. {
        if i >= at_least && done.load(Ordering::Relaxed) {
            break;
        }
        let asked = entry(i * 7919 % options.rows, 0);
        let image = [Example {
            code: &asked.code,
            embedding: &asked.embedding,
            key: &asked.record.key,
            patient: None,
        }];
        let start = Instant::now();
        gallery.refresh().unwrap();
        // Records that the writer deletes at this moment are left out.
        assert!(
            !gallery.search(&Query { order, ..Query::nearest(&image, 10) }).unwrap().is_empty()
        );
        times.push(start.elapsed().as_secs_f64());
    }
    let (p50, p99) = (quantile(&mut times, 0.5), quantile(&mut times, 0.99));
    println!(
        r#"{{"what":"{what}","queries":{},"p50_ms":{p50:.2},"p99_ms":{p99:.2}}}"#,
        times.len()
    );
}

/// Runs queries while a writer works without a pause: it inserts a batch, then deletes a quarter as
/// many of the oldest.
fn mixed(options: &Options) {
    let (done, inserted, deleted) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut gallery = Gallery::open(&options.folder).unwrap();
            let (start, mut next, mut oldest) = (Instant::now(), options.rows, gallery.ids()[0]);
            while start.elapsed() < MIXED {
                for i in next..next + options.batch {
                    gallery.insert(&entry(i, options.thumbnail)).unwrap();
                }
                gallery.commit().unwrap();
                next += options.batch;
                inserted.fetch_add(options.batch, Ordering::Relaxed);
                let gone: Vec<u64> = (oldest..oldest + options.batch / 4).collect();
                deleted.fetch_add(gallery.delete(&gone).unwrap() as u64, Ordering::Relaxed);
                oldest += options.batch / 4;
            }
            done.store(true, Ordering::Relaxed);
        });
        query(options, "queries beside a writer", &done, 1, Order::default());
    });
    let rate = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / MIXED.as_secs_f64();
    println!(
        r#"{{"what":"the writer","inserted_per_second":{:.0},"deleted_per_second":{:.0}}}"#,
        rate(&inserted),
        rate(&deleted)
    );
}
