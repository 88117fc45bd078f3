//! Processes that insert into, search and copy one gallery at the same time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::path::Path;
use std::process::Stdio;

use common::{MODELS, code, number, process, store, task};
use gallery::Gallery;
use retrieval::{ModelId, Neighbor};

const TEST: &str = "two_write_two_read_and_one_copies";
const BATCH: usize = 16;
const BATCHES: usize = 40;
const WRITERS: usize = 2;

/// Each writer has numbers of its own.
fn numbers(writer: usize, batch: usize) -> std::ops::Range<usize> {
    let first = (writer * BATCHES + batch) * BATCH;
    first..first + BATCH
}

fn write(dir: &Path, writer: usize) {
    let mut gallery = Gallery::open(dir).unwrap();
    for batch in 0..BATCHES {
        store(&mut gallery, numbers(writer, batch), 2000).unwrap();
        if batch % 8 == 7 {
            let id = gallery.id_of(&numbers(writer, batch).start.to_string()).unwrap().unwrap();
            assert_eq!(gallery.delete(&[id]).unwrap(), 1);
        }
    }
}

/// Checks that batches are seen whole, and that nothing seen is lost unless deleted, until
/// everything is there.
fn read(dir: &Path) {
    let mut gallery = Gallery::open(dir).unwrap();
    let (mut newest, mut found) = (0, 0);
    while found < WRITERS * BATCHES {
        gallery.refresh().unwrap();
        let ids = gallery.ids();
        found = ids.iter().filter(|&&id| last_of_a_batch(&gallery, id)).count();
        let Some(&last) = ids.last() else { continue };
        assert!(last >= newest && last_of_a_batch(&gallery, last), "half a batch");
        newest = last;
        let asked = code(number(&gallery, last), MODELS[0]);
        assert_eq!(
            gallery.index().nearest(&asked, 1).unwrap(),
            [Neighbor { distance: 0, id: last }]
        );
    }
}

fn last_of_a_batch(gallery: &Gallery, id: u64) -> bool {
    // Ids are given in the order of commits, and batches are never mixed.
    id.is_multiple_of(BATCH as u64) && number(gallery, id) % BATCH == BATCH - 1
}

#[test]
fn two_write_two_read_and_one_copies() {
    if let Some((dir, task)) = task() {
        return match task.parse() {
            Ok(writer) => write(&dir, writer),
            Err(_) => read(&dir),
        };
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("gallery");
    let mut gallery = Gallery::create(&dir, &ModelId(MODELS[0].to_owned()), 64).unwrap();
    let tasks = ["0", "1", "read", "read"];
    let children =
        tasks.map(|task| process(TEST, &dir, task).stdout(Stdio::null()).spawn().unwrap());
    for copy in 0..3 {
        let to = folder.path().join(format!("copy-{copy}"));
        gallery.back_up(&to).unwrap();
        assert_eq!(Gallery::open(&to).unwrap().verify().unwrap(), []);
    }
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    gallery.refresh().unwrap();
    let deleted = WRITERS * BATCHES / 8;
    assert_eq!(
        (gallery.len(), gallery.verify().unwrap()),
        (WRITERS * BATCHES * BATCH - deleted, vec![])
    );
}
