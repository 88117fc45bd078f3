//! Other SQLite programs at a gallery while processes write to it and are killed: Debian's
//! `sqlite3`, Python's module, and `cp`.
//!
//! `RETRIEVAL_TEST_ROUNDS=100 cargo test --release --workspace --test foreign -- --nocapture` takes
//! longer, and prints what it did.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use common::{MODELS, number, process, say, store, task};
use gallery::{DATABASE, Gallery};
use retrieval::ModelId;

const ROUNDS: &str = "RETRIEVAL_TEST_ROUNDS";
const BATCH: usize = 4;
/// The number of a writer's batches in a round.
const TURNS: usize = 150;
/// The first number of the second writer's entries, and so on.
const MANY: usize = 1_000_000;
const WRITERS: usize = 2;

/// Python's work on `sys.argv[1]`.
const PYTHON: &str = "
import sqlite3, sys
c = sqlite3.connect(sys.argv[1])
c.execute('SELECT count(*) FROM records').fetchone()
c.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall()
c.close()";

fn is_there(program: &str) -> bool {
    let found =
        Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    let is_there = found.is_ok_and(|status| status.success());
    if !is_there {
        let word = format!("NOT TESTED beside `{program}`, which is not there\n");
        std::io::stderr().write_all(word.as_bytes()).unwrap();
        assert!(std::env::var_os("CI").is_none());
    }
    is_there
}

/// The programs to try, each on the gallery's folder; `elsewhere` is an empty folder.
fn programs(dir: &Path, elsewhere: &Path) -> Vec<Command> {
    let database = dir.join(DATABASE);
    let mut commands = Vec::new();
    let copy = format!(".backup '{}'", elsewhere.join("backup.sqlite").display());
    let words =
        ["SELECT count(*) FROM records", &copy, "PRAGMA wal_checkpoint(TRUNCATE)", "VACUUM"];
    if is_there("sqlite3") {
        commands.extend(words.map(|word| {
            let mut command = Command::new("sqlite3");
            command.arg(&database).arg(word);
            command
        }));
    }
    if is_there("python3") {
        let mut command = Command::new("python3");
        command.args(["-c", PYTHON]).arg(&database);
        commands.push(command);
    }
    let mut command = Command::new("cp");
    command.arg("-r").arg(dir).arg(elsewhere.join("copy"));
    commands.push(command);
    // They may fail while another one is writing.
    for command in &mut commands {
        command.stdout(Stdio::null()).stderr(Stdio::null());
    }
    commands
}

/// Inserts with two handles, as a server has, and opens one of them anew. Then it waits, so that a
/// slow machine has no more to check.
fn write(dir: &Path, mut next: usize) {
    let mut gallery = Gallery::open(dir).unwrap();
    let mut reader = gallery.another().unwrap();
    say("begin");
    for turn in 0..TURNS {
        store(&mut gallery, next..next + BATCH, 3000).unwrap();
        say(&format!("inserted {next}"));
        next += BATCH;
        reader.refresh().unwrap();
        if turn % 16 == 15 {
            reader = Gallery::open(dir).unwrap();
        }
        sleep(Duration::from_millis(2));
    }
    sleep(Duration::from_secs(600));
}

fn begin(dir: &Path, test: &str, next: usize) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = process(test, dir, &next.to_string()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("begin") {
        line.clear();
        assert!(said.read_line(&mut line).unwrap() > 0, "the process began");
    }
    (child, said)
}

#[test]
fn other_programs_of_sqlite_take_nothing_away() {
    const TEST: &str = "other_programs_of_sqlite_take_nothing_away";
    if let Some((dir, next)) = task() {
        return write(&dir, next.parse().unwrap());
    }
    let rounds = std::env::var(ROUNDS).map_or(3, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("gallery");
    drop(Gallery::create(&dir, &ModelId(MODELS[0].to_owned()), 64).unwrap());
    let (mut acknowledged, mut next) = (BTreeSet::new(), [0, MANY]);
    let mut done = 0;
    for round in 0..rounds {
        let writers: Vec<_> = next.iter().map(|&next| begin(&dir, TEST, next)).collect();
        let elsewhere = tempfile::tempdir().unwrap();
        for mut command in programs(&dir, elsewhere.path()) {
            done += usize::from(command.status().unwrap().success());
            sleep(Duration::from_millis(20));
        }
        for (writer, (mut child, said)) in writers.into_iter().enumerate() {
            child.kill().unwrap();
            let status = child.wait().unwrap();
            for line in said.lines().map(Result::unwrap) {
                let Some(first) = line.strip_prefix("inserted ") else { continue };
                let first: usize = first.parse().unwrap();
                acknowledged.extend(first..first + BATCH);
                next[writer] = first + BATCH;
            }
            // The batch that was not acknowledged is there as a whole or not at all.
            next[writer] += BATCH;
            assert_eq!(
                status.code(),
                None,
                "round {round}: writer {writer} ended before it was killed"
            );
        }
        // Every other time, another program is the first to open what is left.
        if round % 2 == 1 {
            let _of_another_test = programs(&dir, elsewhere.path()).first_mut().unwrap().status();
        }
        let gallery = Gallery::open(&dir).unwrap();
        let there: BTreeSet<usize> =
            gallery.ids().into_iter().map(|id| number(&gallery, id)).collect();
        let lost = acknowledged.difference(&there).count();
        assert_eq!(lost, 0, "round {round}: acknowledged and lost, of {}", acknowledged.len());
        assert_eq!(gallery.verify().unwrap(), [], "round {round}");
    }
    assert!(done > 0 && acknowledged.len() > rounds * WRITERS);
    println!(
        "{rounds} rounds: {done} programs ended well, {} entries acknowledged, 0 lost",
        acknowledged.len()
    );
}

/// Another program never takes itself for the last user, who deletes the log, even if this process
/// opens and closes the files by itself.
#[test]
fn no_use_of_a_gallery_lets_another_program_delete_its_log() {
    if !is_there("sqlite3") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("gallery");
    let mut gallery = Gallery::create(&dir, &ModelId(MODELS[0].to_owned()), 64).unwrap();
    store(&mut gallery, 0..100, 500).unwrap();
    let files = ["", "-wal", "-shm"].map(|end| dir.join(format!("{DATABASE}{end}")));
    let respected = |what: &str| {
        let read = Command::new("sqlite3")
            .arg(&files[0])
            .arg("SELECT count(*) FROM records")
            .output()
            .unwrap();
        assert!(read.status.success());
        assert!(
            files.iter().all(|file| file.exists()),
            "after {what} another program has deleted the log"
        );
    };
    respected("opening");
    drop(gallery.another().unwrap());
    respected("another handle");
    drop(Gallery::open(&dir).unwrap());
    respected("opening it twice");
    drop(Gallery::open_or_create_without_index(&dir, &ModelId(MODELS[0].to_owned()), 64).unwrap());
    respected("opening it without an index");
    assert_eq!(gallery.verify().unwrap(), []);
    respected("verifying");
    gallery.info().unwrap();
    respected("its counts");
    gallery.back_up(&folder.path().join("copy")).unwrap();
    respected("a backup");
    gallery.export(&folder.path().join("export"), |record| record, |_| {}).unwrap();
    respected("an export");
    gallery.delete(&[3]).unwrap();
    respected("a deletion");
    gallery.compact().unwrap();
    respected("compacting");
    for file in &files {
        drop(File::open(file).unwrap());
        drop(fs::read(file).unwrap());
    }
    respected("reading its files");
    store(&mut gallery, 100..200, 500).unwrap();
    drop(gallery);
    assert!(!files[1].exists() && !files[2].exists(), "its own last user removes the log");
    assert_eq!(Gallery::open(&dir).unwrap().verify().unwrap(), []);
}
