//! Exact search, way by way: each must find what a scan by the scalar kernel finds. A JSON line for
//! each figure.
//!
//! ```text
//! cargo bench -p retrieval --bench search -- --rows 10000000 --data random,clustered --files DIR
//! cargo bench -p retrieval --bench search -- --rows 10000000 --grow codes.u64 --files DIR
//! ```
//!
//! With `--files` the codes and the queries are written for a peer to read
//! (`benches/peers/faiss_search.py`), as words of eight bytes, little-endian. `--grow` takes real
//! codes of such a file and makes more of them: a code and one of its ten nearest mixed bit by bit,
//! with one bit in a hundred flipped.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark")]

use std::path::{Path, PathBuf};
use std::time::Instant;
use std::{env, fs};

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::ThreadPoolBuilder;
use rayon::prelude::*;
use retrieval::{Descriptor, Embedding, HashCode, Index, Neighbor, Plan, Point, Search};

/// Queries of a batch.
const BATCH: usize = 100;

struct Options {
    rows: usize,
    bits: usize,
    data: Vec<String>,
    grow: Option<PathBuf>,
    files: Option<PathBuf>,
    threads: Vec<usize>,
}

fn options() -> Options {
    let arguments: Vec<String> = env::args().collect();
    let value = |name: &str| {
        arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1).cloned())
    };
    let numbers = |text: String| text.split(',').map(|n| n.parse().unwrap()).collect();
    Options {
        rows: value("--rows").map_or(200_000, |rows| rows.parse().unwrap()),
        bits: value("--bits").map_or(64, |bits| bits.parse().unwrap()),
        data: value("--data")
            .map_or(Vec::new(), |names| names.split(',').map(str::to_owned).collect()),
        grow: value("--grow").map(PathBuf::from),
        files: value("--files").map(PathBuf::from),
        threads: value("--threads").map_or(vec![1, 2], numbers),
    }
}

fn main() {
    let mut options = options();
    if options.data.is_empty() && options.grow.is_none() {
        options.data = vec!["random".to_owned(), "clustered".to_owned()];
    }
    for threads in options.threads.clone() {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            bandwidth(threads);
            for name in &options.data {
                measure(&options, name, threads, &made(&options, name));
            }
            if let Some(file) = &options.grow {
                measure(&options, "real", threads, &grown(&options, &read(file)));
            }
        });
    }
}

/// The codes' words, and the queries'.
struct Data {
    words: Vec<u64>,
    queries: Vec<u64>,
}

fn random(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Independent bits, or flips of one in twenty about a centre for every thousand codes.
fn made(options: &Options, name: &str) -> Data {
    let width = options.bits / 64;
    let centres: Vec<u64> =
        (0..(options.rows / 1000).max(1) * width).map(|i| random(i as u64).random()).collect();
    let near = |rng: &mut ChaCha8Rng| -> Vec<u64> {
        let centre = rng.random_range(0..centres.len() / width) * width;
        centres[centre..centre + width].iter().map(|word| word ^ flips(rng, 0.05)).collect()
    };
    let code = |seed: u64| -> Vec<u64> {
        let rng = &mut random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        if name == "random" { (0..width).map(|_| rng.random()).collect() } else { near(rng) }
    };
    let codes = |range: std::ops::Range<usize>| {
        range.into_par_iter().flat_map_iter(|i| code(i as u64 + 1)).collect()
    };
    Data { words: codes(0..options.rows), queries: codes(options.rows..options.rows + BATCH) }
}

fn flips(rng: &mut ChaCha8Rng, share: f64) -> u64 {
    (0..64).fold(0, |word, bit| word | u64::from(rng.random_bool(share)) << bit)
}

/// More codes like real ones, of 64 bits.
fn grown(options: &Options, real: &[u64]) -> Data {
    let nearest = |&code: &u64| {
        let mut all: Vec<_> =
            real.iter().map(|other| ((other ^ code).count_ones(), *other)).collect();
        all.select_nth_unstable(10.min(real.len() - 1));
        all.truncate(11);
        all.into_iter().map(|(_, other)| other).collect()
    };
    let nearest: Vec<Vec<u64>> = real.par_iter().map(nearest).collect();
    let code = |i: usize| {
        let rng = &mut random(i as u64);
        let at = rng.random_range(0..real.len());
        let (own, other, mix) = (real[at], *nearest[at].choose(rng).unwrap(), rng.random::<u64>());
        (own & mix | other & !mix) ^ flips(rng, 0.01)
    };
    let codes = |range: std::ops::Range<usize>| range.into_par_iter().map(code).collect();
    Data { words: codes(0..options.rows), queries: codes(options.rows..options.rows + BATCH) }
}

fn read(file: &Path) -> Vec<u64> {
    fs::read(file)
        .unwrap()
        .as_chunks::<8>()
        .0
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .collect()
}

/// Best of five, in milliseconds.
fn time<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut best = f64::INFINITY;
    let mut result = None;
    for _ in 0..5 {
        let start = Instant::now();
        result = Some(work());
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
    }
    (best, result.unwrap())
}

/// Measures how fast memory is read: the sum of 1 GB.
fn bandwidth(threads: usize) {
    let words = vec![1_u64; 1 << 27];
    let share = words.len() / threads;
    let (ms, sum) =
        time(|| words.par_chunks(share).map(|part| part.iter().sum::<u64>()).sum::<u64>());
    assert_eq!(sum, 1 << 27);
    println!(
        r#"{{"what":"reading memory","threads":{threads},"gb_per_s":{:.2}}}"#,
        1.0737 / ms * 1e3
    );
}

fn measure(options: &Options, name: &str, threads: usize, data: &Data) {
    let (rows, bits) = (options.rows, options.bits);
    let say = |what: &str, ms: f64| {
        println!(
            r#"{{"what":"{what}","data":"{name}","rows":{rows},"bits":{bits},"threads":{threads},"ms":{ms:.4}}}"#
        );
    };
    if let Some(folder) = &options.files {
        let bytes =
            |words: &[u64]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
        fs::create_dir_all(folder).unwrap();
        fs::write(folder.join(format!("{name}-{bits}.codes")), bytes(&data.words)).unwrap();
        fs::write(folder.join(format!("{name}-{bits}.queries")), bytes(&data.queries)).unwrap();
    }
    let code = |words: &[u64]| HashCode::from_words(words, bits).unwrap();
    let queries: Vec<HashCode> = data.queries.chunks_exact(bits / 64).map(code).collect();
    let index = indexed(data, bits, &say);
    for k in [10, 100] {
        let search = Search::nearest(k);
        let mut expected: Option<Vec<Vec<Neighbor>>> = None;
        for (plan, way) in [(Plan::Scan, "scan"), (Plan::LookUp, "look up"), (Plan::Best, "best")] {
            // Looking up wide codes at random takes minutes: the planner knows, and so does this.
            if plan == Plan::LookUp && (bits > 64 && name == "random") {
                continue;
            }
            let (ms, found) = time(|| index.search(&queries, &search, plan).unwrap());
            assert_eq!(expected.get_or_insert(found.clone()), &found, "{way}");
            say(&format!("{way}, k={k}, a query of {BATCH}"), ms / BATCH as f64);
            let (ms, _) = time(|| {
                queries[..20]
                    .iter()
                    .map(|q| index.search(&[*q], &search, plan).unwrap().len())
                    .sum::<usize>()
            });
            say(&format!("{way}, k={k}, one query"), ms / 20.0);
        }
    }
    shortlists(&index, &queries, &say);
    check(data, &queries[0], &index);
}

/// Times the list of candidates whose ties are ordered by descriptors: the median of single
/// queries.
fn shortlists(index: &Index, queries: &[HashCode], say: &impl Fn(&str, f64)) {
    for k in [10, 100, 200, 500, 1000] {
        let ask = |(i, code): (usize, &HashCode)| {
            let point = Point { code: *code, descriptor: Some(descriptor(i as u64)) };
            time(|| index.near_any(&[point], &Search::nearest(k), Plan::Best).unwrap().len()).0
        };
        let mut times: Vec<f64> = queries.iter().enumerate().map(ask).collect();
        times.sort_by(f64::total_cmp);
        say(&format!("shortlist of {k}, one query, median"), times[times.len() / 2]);
        say(&format!("shortlist of {k}, one query, slowest"), times[times.len() - 1]);
    }
}

/// A descriptor. Two of them differ as much as those of different pictures.
fn descriptor(id: u64) -> Descriptor {
    let mut rng = random(id);
    Descriptor::of(&Embedding::new((0..4).map(|_| rng.random_range(-1.0..1.0)).collect()))
}

/// An index in a file, as a gallery has it.
fn indexed(data: &Data, bits: usize, say: &impl Fn(&str, f64)) -> Index {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("segment");
    let codes = (0..).zip(data.words.chunks_exact(bits / 64));
    let rows = codes.map(|(id, code)| (id, code, descriptor(id)));
    let start = Instant::now();
    let index = Index::of(rows, bits).unwrap();
    say("making", start.elapsed().as_secs_f64() * 1e3);
    let start = Instant::now();
    index.save(&path, 1).unwrap();
    say("saving", start.elapsed().as_secs_f64() * 1e3);
    drop(index);
    let (ms, (index, _)) = time(|| Index::open(&path).unwrap());
    say("opening, every byte checked", ms);
    index
}

fn check(data: &Data, query: &HashCode, index: &Index) {
    let width = query.words().len();
    let distance =
        |code: &[u64]| code.iter().zip(query.words()).map(|(a, b)| (a ^ b).count_ones()).sum();
    let codes = (0..).zip(data.words.chunks_exact(width));
    let mut all: Vec<Neighbor> =
        codes.map(|(id, code)| Neighbor { distance: distance(code), id }).collect();
    all.sort_unstable();
    assert_eq!(
        index.nearest(query, 100).unwrap(),
        all[..100.min(all.len())],
        "the index differs from a sort"
    );
}
