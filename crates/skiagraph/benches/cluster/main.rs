//! Measurements of a gallery on a real cluster of PostgreSQL (docs/results/server.md, More than one
//! machine).
//!
//! `cargo bench --bench cluster -- parity workers nodes lag start`; all of them if none is named.
//! Workers encode the samples, or the pictures of the folder in `PICTURES`, which take longer and
//! so give steadier figures.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement fails by panicking, and says what it measured"
)]

#[path = "../../tests/common/cluster.rs"]
mod cluster;
#[path = "../../tests/common/mod.rs"]
mod common;
mod parity;
#[path = "../../tests/common/server.rs"]
mod server;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use gallery::{Entry, Gallery, Record};
use retrieval::{Embedding, HashCode, ModelId};
use serde_json::{Value, json};

use cluster::Cluster;
use common::{command, json as run_json, model, samples, text};
use server::Server;

/// A measurement on a cluster, with a folder to work in.
type Part = fn(&Cluster, &Path);

fn main() {
    let names: Vec<String> =
        std::env::args().skip(1).filter(|name| !name.starts_with("--")).collect();
    let Some(cluster) = Cluster::start(false) else { return };
    let folder = tempfile::tempdir().unwrap();
    let parts: [(&str, Part); 5] = [
        ("parity", parity::measure),
        ("workers", workers),
        ("nodes", nodes),
        ("lag", lag),
        ("start", start),
    ];
    for (name, measure) in parts {
        if names.is_empty() || names.iter().any(|wanted| wanted == name) {
            cluster.sql("postgres", &format!("CREATE DATABASE {name}"));
            measure(&cluster, folder.path());
        }
    }
}

/// An entry by its number, near others in Hamming space.
fn entry(i: u64, bits: usize) -> Entry {
    let word = |salt: u64| {
        (i / 8).wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (1 << (i % 64))
    };
    let words: Vec<u64> = (0..bits as u64 / 64).map(word).collect();
    Entry {
        record: Record {
            key: format!("key-{i}"),
            name: format!("{i}.png"),
            labels: vec![["chest", "hand", "knee"][(i % 3) as usize].to_owned()],
            patient: Some(format!("patient-{}", i / 3)),
            body_part: Some(["CHEST", "HAND", "KNEE"][(i % 3) as usize].to_owned()),
            age: Some((i % 90) as u32),
            ..Record::default()
        },
        code: HashCode::from_words(&words, bits).unwrap(),
        embedding: Embedding::new((0..512).map(|n| ((i + n) % 17) as f32 / 100.0).collect()),
        thumbnail: [&[0xff, 0xd8][..], &[7; 4000], &[0xff, 0xd9]].concat(),
    }
}

/// Measures pictures a second through the queue, each worker with one thread.
fn workers(cluster: &Cluster, _folder: &Path) {
    let at = cluster.address("workers", "");
    for count in [1, 2] {
        let images =
            std::env::var_os("PICTURES").map_or_else(|| samples().join("images"), PathBuf::from);
        run_json(&["queue", "put", "--gallery", &at, "--model", text(&model()), text(&images)]);
        let started = (0..count).map(|_| {
            let mut worker = command(&[
                "worker",
                "--gallery",
                &at,
                "--model",
                text(&model()),
                "--until-empty",
                "--json",
            ]);
            worker.env("RAYON_NUM_THREADS", "1").stdout(Stdio::piped()).spawn().unwrap()
        });
        let reports: Vec<Value> = started
            .collect::<Vec<_>>()
            .into_iter()
            .map(|worker| {
                serde_json::from_slice(&worker.wait_with_output().unwrap().stdout).unwrap()
            })
            .collect();
        let added: u64 = reports.iter().map(|report| report["added"].as_u64().unwrap()).sum();
        let seconds =
            reports.iter().map(|report| report["seconds"].as_f64().unwrap()).fold(0.0, f64::max);
        println!(
            "workers {count}: {added} pictures in {seconds:.1} s, {:.1} a second",
            added as f64 / seconds
        );
        let mut gallery = Gallery::open(Path::new(&at)).unwrap();
        let ids = gallery.ids();
        assert_eq!(gallery.delete(&ids).unwrap(), added as usize);
    }
}

/// Measures searches a second by eight clients, of one node and of two.
fn nodes(cluster: &Cluster, folder: &Path) {
    let at = cluster.address("nodes", "");
    run_json(&[
        "index",
        "--gallery",
        &at,
        "--model",
        text(&model()),
        text(&samples().join("images")),
    ]);
    let servers = ["one", "two"].map(|name| {
        Server::start(Path::new(&format!("{at}snapshots={}", folder.join(name).display())), &[])
    });
    for nodes in [&servers[..1], &servers[..]] {
        let (stop, asked) = (AtomicBool::new(false), std::sync::atomic::AtomicUsize::new(0));
        scope(|scope| {
            for client in 0..8 {
                let (stop, asked) = (&stop, &asked);
                scope.spawn(move || {
                    let mut like = 1 + client;
                    while !stop.load(Ordering::Relaxed) {
                        like = 1 + (like + 7) % 400;
                        let answer = nodes[client % nodes.len()]
                            .post("/api/v1/search", &json!({ "like": [like], "k": 10 }));
                        assert_eq!(answer.status, 200);
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            sleep(Duration::from_secs(10));
            stop.store(true, Ordering::Relaxed);
        });
        println!(
            "nodes {}: {:.0} searches a second",
            nodes.len(),
            asked.load(Ordering::Relaxed) as f64 / 10.0
        );
    }
}

/// Measures the time from the acknowledgement of an insertion until a follower's index has it, at a
/// thousand a second.
fn lag(cluster: &Cluster, _folder: &Path) {
    const EACH: u64 = 50;
    let at = cluster.address("lag", "");
    drop(Gallery::create(Path::new(&at), &ModelId("bench".to_owned()), 64).unwrap());
    let (sender, receiver) = channel::<(u64, Instant)>();
    let begin = Instant::now();
    let (mut seconds, rate) = scope(|scope| {
        let at = &at;
        let follower = scope.spawn(move || {
            let mut gallery = Gallery::open(Path::new(at)).unwrap();
            let mut seconds = Vec::new();
            while let Ok((id, acknowledged)) = receiver.recv() {
                while !gallery.index().contains(id) {
                    gallery.refresh().unwrap();
                }
                seconds.push(acknowledged.elapsed().as_secs_f64());
            }
            seconds
        });
        let mut gallery = Gallery::open(Path::new(at)).unwrap();
        let mut n = 0;
        while begin.elapsed() < Duration::from_secs(30) {
            for i in n..n + EACH {
                gallery.insert(&entry(i, 64)).unwrap();
            }
            gallery.commit().unwrap();
            n += EACH;
            let last = *gallery.ids().last().unwrap();
            sender.send((last, Instant::now())).unwrap();
            let due = Duration::from_millis(n);
            sleep(due.saturating_sub(begin.elapsed()));
        }
        let rate = n as f64 / begin.elapsed().as_secs_f64();
        drop(sender);
        (follower.join().unwrap(), rate)
    });
    seconds.sort_by(f64::total_cmp);
    let at = |share: f64| 1000.0 * seconds[((seconds.len() - 1) as f64 * share) as usize];
    println!(
        "lag at {rate:.0} insertions a second: p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms",
        at(0.5),
        at(0.99),
        at(1.0)
    );
}

/// Measures the start of a node without files, and from its own file, at ten million codes.
fn start(cluster: &Cluster, folder: &Path) {
    const CODES: u64 = 10_000_000;
    let at = cluster.address("start", "");
    drop(Gallery::create(Path::new(&at), &ModelId("bench".to_owned()), 64).unwrap());
    let filling = Instant::now();
    // Only codes are inserted, past the constraints: records would only take time and room here.
    cluster.sql("start", &format!(
        "SET session_replication_role = replica; SET synchronous_commit = off;
         INSERT INTO skiagraph.codes SELECT i, ('x' || md5(i::text))::bit(128)::bit(64) FROM generate_series(1, {CODES}) AS i"
    ));
    println!(
        "start: {CODES} codes put into the database in {:.0} s",
        filling.elapsed().as_secs_f64()
    );
    let with_files = format!("{at}snapshots={}", folder.join("start").display());
    for (from, at) in [
        ("the database", &at),
        ("the database, writing a file", &with_files),
        ("its own file", &with_files),
    ] {
        let opening = Instant::now();
        let gallery = Gallery::open(Path::new(at)).unwrap();
        let seconds = opening.elapsed().as_secs_f64();
        assert_eq!(gallery.len() as u64, CODES);
        let asking = Instant::now();
        let query = gallery.index().code(77).unwrap();
        assert_eq!(gallery.index().nearest(&query, 10).unwrap()[0].distance, 0);
        println!(
            "start from {from}: {seconds:.2} s, first search {:.1} ms",
            1000.0 * asking.elapsed().as_secs_f64()
        );
    }
    let bytes = cluster.sql("start", "SELECT sum(pg_total_relation_size(inhrelid)) FROM pg_inherits WHERE inhparent = 'skiagraph.codes'::regclass");
    println!("start: the table of codes takes {bytes} bytes");
}
