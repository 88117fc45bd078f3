//! A process that is killed while it writes a gallery: what it has acknowledged is there, and nothing half.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test: it fails by panicking, and prints to its parent"
)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use retrieval::gallery::{Entry, Gallery, Record};
use retrieval::{Embedding, HashCode, ModelId};

/// Set in the process that is to be killed: the gallery's folder.
const VICTIM: &str = "RETRIEVAL_TEST_VICTIM";
const BATCH: usize = 16;

fn entry(i: usize) -> Entry {
    Entry {
        record: Record { key: format!("key-{i}"), labels: vec!["chest".to_owned()], ..Record::default() },
        code: HashCode::from_words(&[i as u64], 64).unwrap(),
        embedding: Embedding::new(vec![i as f32; 256]),
        thumbnail: [&[0xff, 0xd8][..], &[7; 5000], &[0xff, 0xd9]].concat(),
    }
}

/// Inserts for ever, and says after each commit how many are durable.
fn victim(dir: &Path) {
    let mut gallery = Gallery::open(dir).unwrap();
    for i in gallery.len().. {
        gallery.insert(&entry(i)).unwrap();
        if i % BATCH == BATCH - 1 {
            gallery.commit().unwrap();
            println!("durable {}", gallery.len());
            std::io::stdout().flush().unwrap();
        }
    }
}

#[test]
fn a_kill_loses_nothing_acknowledged_and_leaves_nothing_half() {
    if let Some(dir) = std::env::var_os(VICTIM) {
        return victim(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    drop(Gallery::create(dir.path(), &ModelId("m".to_owned()), 64).unwrap());
    for round in 1..=6 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_kill_loses_nothing_acknowledged_and_leaves_nothing_half", "--nocapture"])
            .env(VICTIM, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut counts =
            lines.filter_map(|line| line.strip_prefix("durable ").and_then(|n| n.parse::<usize>().ok()));
        // Each round kills at another moment of a transaction.
        let acknowledged = counts.nth(round).unwrap();
        std::thread::sleep(std::time::Duration::from_micros(700 * round as u64));
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = counts.last().unwrap_or(acknowledged);
        let gallery = Gallery::open(dir.path()).unwrap();
        assert!(gallery.len() >= acknowledged, "{} < {acknowledged}", gallery.len());
        assert_eq!(gallery.len() % BATCH, 0, "a transaction is all or nothing");
        assert_eq!(gallery.verify().unwrap(), []);
        assert_eq!(gallery.code(gallery.ids()[0]).unwrap(), entry(0).code);
    }
}
