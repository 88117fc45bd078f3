//! A process that is killed while it inserts, deletes, compacts and re-indexes. What it has
//! acknowledged is there, nothing is half done, and the gallery opens by itself, sound.
//!
//! `GALLERY_TEST_KILLS=200 cargo test --release -p gallery --test kill -- --nocapture` kills
//! 200 times, and prints during which step.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use common::{MODELS, code, embedding, number, process, say, store, task};
use gallery::Gallery;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use retrieval::ModelId;

const TEST: &str = "a_kill_loses_nothing_acknowledged_and_leaves_nothing_half";
const KILLS: &str = "GALLERY_TEST_KILLS";
const BATCH: usize = 16;
/// The number of entries at first: enough that the index has a file.
const BEFORE: usize = 9000;
const THUMBNAIL: usize = 500;

/// Does one thing after another for ever. Prints what it begins, and what is done.
fn victim(dir: &Path, mut next: usize) {
    let mut gallery = Gallery::open(dir).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(next as u64);
    say("begin");
    loop {
        match random.random_range(0..60) {
            // Compacting and re-indexing take a hundred times as long: each is killed about as
            // often.
            0..=44 => {
                say(&format!("insert {next}"));
                store(&mut gallery, next..next + BATCH, THUMBNAIL).unwrap();
                say(&format!("inserted {next}"));
                next += BATCH;
            }
            45..=57 => {
                let ids = gallery.ids();
                let id = ids[random.random_range(0..ids.len())];
                let i = number(&gallery, id);
                say(&format!("delete {i}"));
                gallery.delete(&[id]).unwrap();
                say(&format!("deleted {i}"));
            }
            58 => {
                say("compact");
                gallery.compact().unwrap();
            }
            _ => {
                say("reindex");
                reindex(&mut gallery);
                // All codes are new, and in no segment yet.
                say("merge");
                gallery.settle().unwrap();
            }
        }
    }
}

fn reindex(gallery: &mut Gallery) {
    let next = MODELS[usize::from(gallery.model().0 == MODELS[0])];
    gallery.begin_reindexing(&ModelId(next.to_owned()), 64).unwrap();
    loop {
        let ids = gallery.to_reindex(0, 2000).unwrap();
        if ids.is_empty() {
            break;
        }
        let recoded = |id: u64| {
            let i = number(gallery, id);
            (id, code(i, next), embedding(i))
        };
        let recoded: Vec<_> = ids.into_iter().map(recoded).collect();
        gallery.put_reindexed(&recoded).unwrap();
    }
    gallery.finish_reindexing().unwrap();
}

/// The parent's knowledge of the entries.
#[derive(Default)]
struct Known {
    there: BTreeSet<usize>,
    /// The first entry of a batch, or an entry, whose completion was not printed.
    inserting: Option<usize>,
    deleting: Option<usize>,
    gone: BTreeSet<usize>,
    next: usize,
    /// The step during which the process was killed.
    last: String,
}

impl Known {
    fn hear(&mut self, line: &str) {
        let (word, i) = line.split_once(' ').unwrap_or((line, "0"));
        let Ok(i) = i.parse::<usize>() else { return };
        match word {
            "insert" => (self.inserting, self.next) = (Some(i), i + BATCH),
            "inserted" => {
                self.there.extend(self.inserting.take().into_iter().flat_map(|i| i..i + BATCH))
            }
            "delete" => {
                self.there.remove(&i);
                self.deleting = Some(i);
            }
            "deleted" => self.gone.extend(self.deleting.take()),
            "begin" | "compact" | "reindex" | "merge" => {}
            _ => return,
        }
        self.last = word.to_owned();
    }

    /// Compares with the gallery, and adopts its contents.
    fn check(&mut self, gallery: &Gallery) {
        let ids = gallery.ids();
        let found: BTreeSet<usize> = ids.iter().map(|&id| number(gallery, id)).collect();
        let lost: Vec<_> = self.there.difference(&found).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
        assert!(self.gone.is_disjoint(&found), "deleted and there");
        if let Some(first) = self.inserting.take() {
            let there = (first..first + BATCH).filter(|i| found.contains(i)).count();
            assert!(there == 0 || there == BATCH, "{there} of a batch of {BATCH}");
        }
        self.deleting = None;
        self.there = found;
        for &id in ids.iter().rev().take(50) {
            let i = number(gallery, id);
            assert_eq!(gallery.code(id).unwrap(), code(i, &gallery.model().0));
            assert_eq!(
                gallery.index().nearest(&gallery.code(id).unwrap(), 1).unwrap()[0].distance,
                0
            );
        }
        assert_eq!(gallery.verify().unwrap(), []);
    }
}

#[test]
fn a_kill_loses_nothing_acknowledged_and_leaves_nothing_half() {
    if let Some((dir, next)) = task() {
        return victim(&dir, next.parse().unwrap());
    }
    let kills = std::env::var(KILLS).map_or(8, |kills| kills.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut gallery = Gallery::create(dir.path(), &ModelId(MODELS[0].to_owned()), 64).unwrap();
    store(&mut gallery, 0..BEFORE, THUMBNAIL).unwrap();
    gallery.settle().unwrap();
    drop(gallery);
    let mut known = Known { there: (0..BEFORE).collect(), next: BEFORE, ..Known::default() };
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut within = BTreeMap::<String, usize>::new();
    for _ in 0..kills {
        let pause = Duration::from_micros(random.random_range(0..400_000));
        for line in lines_until_killed(dir.path(), known.next, pause) {
            known.hear(&line);
        }
        *within.entry(known.last.clone()).or_default() += 1;
        known.check(&Gallery::open(dir.path()).unwrap());
    }
    println!("{kills} kills, after the words: {within:?}; {} entries", known.there.len());
}

fn lines_until_killed(dir: &Path, start: usize, pause: Duration) -> Vec<String> {
    let mut child = process(TEST, dir, &start.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line == "begin"), "the process began");
    sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    lines.collect()
}
