//! What the tests of whole galleries share: the entries that they store, and other processes of
//! themselves.
#![allow(dead_code, reason = "each test uses some of it")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::io::{Write, stdout};
use std::path::Path;
use std::process::Command;

use retrieval::gallery::{Entry, Gallery, Record};
use retrieval::{Embedding, HashCode};

/// The models that encode the entries.
pub(crate) const MODELS: [&str; 2] = ["a", "b"];
/// Set in another process of the test: the gallery's folder.
const FOLDER: &str = "RETRIEVAL_TEST_FOLDER";
/// What that process is to do.
const TASK: &str = "RETRIEVAL_TEST_TASK";

/// What a model makes of a picture.
pub(crate) fn code(i: usize, model: &str) -> HashCode {
    let word = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    HashCode::from_words(&[if model == MODELS[0] { word } else { !word }], 64).unwrap()
}

pub(crate) fn embedding(i: usize) -> Embedding {
    Embedding::new(vec![(i % 1000) as f32; 16])
}

pub(crate) fn entry(i: usize, model: &str, thumbnail: usize) -> Entry {
    let report = Some(format!("report {i}"));
    Entry {
        record: Record {
            key: i.to_string(),
            labels: vec!["chest".to_owned()],
            report,
            ..Record::default()
        },
        code: code(i, model),
        embedding: embedding(i),
        thumbnail: [&[0xff, 0xd8][..], &vec![7; thumbnail], &[0xff, 0xd9]].concat(),
    }
}

/// The number of an entry.
pub(crate) fn number(gallery: &Gallery, id: u64) -> usize {
    gallery.record(id).unwrap().key.parse().unwrap()
}

/// Inserts entries and makes them durable.
pub(crate) fn store(
    gallery: &mut Gallery,
    numbers: std::ops::Range<usize>,
    thumbnail: usize,
) -> retrieval::Result<()> {
    let model = gallery.model().0.clone();
    for i in numbers {
        gallery.insert(&entry(i, &model, thumbnail))?;
    }
    gallery.commit()
}

pub(crate) fn say(line: &str) {
    println!("{line}");
    stdout().flush().unwrap();
}

/// Another process that runs one test of this one, with a task.
pub(crate) fn process(test: &str, dir: &Path, task: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(FOLDER, dir).env(TASK, task);
    command
}

/// The folder and the task, in another process.
pub(crate) fn task() -> Option<(std::path::PathBuf, String)> {
    Some((std::env::var_os(FOLDER)?.into(), std::env::var(TASK).unwrap()))
}
