//! Helpers of the tests of whole galleries: their entries, and other processes of the test itself.
#![allow(dead_code, reason = "each test uses some of it")]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

use std::io::{Write, stdout};
use std::path::Path;
use std::process::Command;

use gallery::{Entry, Gallery, Record};
use retrieval::{Embedding, HashCode};

/// The models that encode the entries.
pub(crate) const MODELS: [&str; 2] = ["a", "b"];
/// The variable of the gallery's folder, set in another process of the test.
const FOLDER: &str = "RETRIEVAL_TEST_FOLDER";
/// The variable of that process's task.
const TASK: &str = "RETRIEVAL_TEST_TASK";

/// A model's code of a picture.
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
) -> gallery::Result<()> {
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

/// Another process that runs one test of this program, with a task.
pub(crate) fn process(test: &str, dir: &Path, task: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(FOLDER, dir).env(TASK, task);
    command
}

/// The folder and the task, if this is another process.
pub(crate) fn task() -> Option<(std::path::PathBuf, String)> {
    Some((std::env::var_os(FOLDER)?.into(), std::env::var(TASK).unwrap()))
}
