//! The project's style rules that no compiler checks.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

/// The Rust files below a folder, with their contents.
fn sources(folder: PathBuf) -> Vec<(PathBuf, String)> {
    let (mut folders, mut found) = (vec![folder], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    found
}

#[test]
fn every_file_opens_with_its_job() {
    for (path, text) in sources(common::workspace().join("crates")) {
        assert!(
            text.starts_with("//! "),
            "{} does not open with `//! ` and its job",
            path.display()
        );
    }
}

/// A process that closes a database's file loses its locks on it: see `gallery/src/database.rs`,
/// which all connections go through.
#[test]
fn only_sqlite_opens_the_files_of_a_database() {
    const CONNECTS: [&str; 4] = [
        "gallery/src/sqlite/schema.rs",
        "gallery/src/sqlite/backup.rs",
        "sets/schema.rs",
        "sets/erasure.rs",
    ];
    // The header before the first handle; the log, on which there are no locks; descriptors that
    // hold locks.
    const OPENS: [&str; 4] = [
        "gallery/src/sqlite/schema.rs",
        "gallery/src/sqlite/log.rs",
        "gallery/src/database.rs",
        "sqlite/acknowledged.rs",
    ];
    let is_in = |path: &Path, list: &[&str]| list.iter().any(|end| path.ends_with(end));
    for (path, text) in sources(common::workspace().join("crates")) {
        let name = path.to_string_lossy();
        if !name.contains("/src/") || name.contains("/tests") {
            continue;
        }
        let code: String =
            text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
        let holds = |words: &[&str]| words.iter().any(|word| code.contains(word));
        assert!(
            !holds(&["Connection::open"]) || is_in(&path, &CONNECTS),
            "{name} opens a database of its own"
        );
        let opens =
            ["File::open", "File::create", "OpenOptions", "fs::read(", "fs::write(", "fs::copy("];
        let named =
            holds(&[".sqlite\"", "-wal\"", "-shm\""]) || name.contains("/gallery/src/sqlite/");
        let at_once =
            |line: &str| line.contains("DATABASE") && opens.iter().any(|open| line.contains(open));
        let beside = named && holds(&opens) || code.lines().any(at_once);
        assert!(!beside || is_in(&path, &OPENS), "{name} opens files beside SQLite");
    }
}
