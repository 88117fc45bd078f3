//! A listener that is killed while four associations send to it. What it has acknowledged is there,
//! once, and whole.
//!
//! `PACS_TEST_KILLS=100 cargo test -p pacs --test kill -- --nocapture` kills a hundred times.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use common::{data_set, instance, limits, uid, write_instances};
use pacs::Timeouts;
use pacs::inbox::{Inbox, Key, Stored};
use pacs::scu::Peer;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use tempfile::tempdir;

const INSTANCES: usize = 1000;
const ASSOCIATIONS: usize = 4;

/// `examples/listen.rs`, which Cargo builds beside the tests.
fn listen(inbox: &Path) -> (Child, String) {
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().parent().unwrap().join("examples/listen");
    assert!(example.exists(), "{} is missing: cargo build -p pacs --examples", example.display());
    let mut child = Command::new(example)
        .arg(inbox)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let address = lines.next().unwrap().unwrap();
    // Its later output must be read, or it would wait for a reader.
    std::thread::spawn(move || lines.count());
    (child, address)
}

/// Sends unacknowledged files, in parts, until the listener dies. Notes those that it acknowledges.
fn send(address: &str, files: &[PathBuf], acknowledged: &Mutex<BTreeSet<PathBuf>>) {
    let timeouts = Timeouts { association: Duration::from_secs(5), ..Timeouts::default() };
    std::thread::scope(|scope| {
        for part in files.chunks(files.len().div_ceil(ASSOCIATIONS).max(1)) {
            let peer = Peer { timeouts, ..Peer::new(address, "SKIAGRAPH", "SENDER") };
            scope.spawn(move || {
                // It fails when the listener is killed.
                let _ = peer.store(part, |path, outcome| {
                    if outcome.is_ok() {
                        acknowledged.lock().unwrap().insert(path.to_owned());
                    }
                });
            });
        }
    });
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_is_there_twice() {
    let kills: usize = std::env::var("PACS_TEST_KILLS").map_or(6, |kills| kills.parse().unwrap());
    let folder = tempdir().unwrap();
    let inbox = folder.path().join("inbox");
    let files = write_instances(folder.path(), 0..INSTANCES);
    let acknowledged = Mutex::new(BTreeSet::new());
    let [mut rounds, mut in_between, mut resent] = [0; 3];
    while acknowledged.lock().unwrap().len() < INSTANCES || rounds < kills {
        let (mut child, address) = listen(&inbox);
        let before = acknowledged.lock().unwrap().clone();
        let mut missing: Vec<PathBuf> =
            files.iter().filter(|path| !before.contains(*path)).cloned().collect();
        // Some acknowledged ones are sent again, as by senders that did not receive the
        // acknowledgement.
        let again: Vec<PathBuf> = before.iter().step_by(7).cloned().collect();
        resent += again.len();
        missing.extend(again);
        std::thread::scope(|scope| {
            let sending = scope.spawn(|| send(&address, &missing, &acknowledged));
            if rounds < kills {
                // The kill comes at another point each time.
                let enough = INSTANCES * (rounds + 1) / (kills + 1);
                while acknowledged.lock().unwrap().len() < enough && !sending.is_finished() {
                    std::thread::sleep(Duration::from_micros(300));
                }
                child.kill().unwrap();
                in_between += usize::from(!sending.is_finished());
            }
            sending.join().unwrap();
        });
        child.kill().unwrap();
        child.wait().unwrap();
        rounds += 1;
        check(&inbox, &acknowledged.lock().unwrap());
    }
    assert!(in_between * 2 > kills, "{in_between} of {kills} kills came while something was sent");
    println!(
        "{rounds} rounds, {in_between} kills in between, {resent} sent once more, {INSTANCES} there once"
    );
}

/// Checks that everything acknowledged is there, and that everything there is whole.
fn check(folder: &Path, acknowledged: &BTreeSet<PathBuf>) {
    let waiting = folder.join("waiting");
    let names: BTreeMap<String, usize> =
        (0..INSTANCES).map(|i| (format!("{}.dcm", Key::of(&uid(i))), i)).collect();
    let mut there = BTreeSet::new();
    for entry in fs::read_dir(&waiting).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let number = names[&name];
        assert!(
            data_set(&fs::read(waiting.join(&name)).unwrap()) == data_set(&instance(number)),
            "{number}"
        );
        there.insert(number);
    }
    for path in acknowledged {
        let number = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        assert!(there.contains(&number), "{number} was acknowledged and is lost");
    }
    let inbox = Inbox::open(folder, limits()).unwrap();
    assert_eq!(
        fs::read_dir(folder.join("incoming")).unwrap().count(),
        2,
        "what was half written is cleared"
    );
    assert_eq!(inbox.counts().unwrap().waiting, there.len() as u64);
}

/// The variable of the process that is to be killed: the inbox's folder.
const VICTIM: &str = "PACS_TEST_VICTIM";

/// Consumes for ever; every third instance fails, and is retried.
fn consume(folder: &Path) {
    let inbox = Inbox::open(folder, limits()).unwrap();
    let mut consumer = inbox.consumer().unwrap();
    println!("begin");
    let mut count = 0;
    while let Some(item) = consumer.take(1).unwrap().pop() {
        count += 1;
        match count % 3 {
            0 => consumer.fail(item, "to be retried").unwrap(),
            1 => consumer.done(item).unwrap(),
            _ => consumer.give_back(item).unwrap(),
        }
        if count % 50 == 0 {
            for failure in inbox.failures().unwrap() {
                inbox.retry(&failure.key).unwrap();
            }
        }
    }
    println!("nothing waits");
}

/// The number of instances for the consumer, which takes each of them several times.
const CONSUMED: usize = 300;

#[test]
fn a_consumer_that_is_killed_loses_nothing() {
    if let Some(folder) = std::env::var_os(VICTIM) {
        return consume(Path::new(&folder));
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("inbox");
    let inbox = Inbox::open(&path, limits()).unwrap();
    for i in 0..CONSUMED {
        inbox.store(&uid(i), &instance(i)).unwrap();
    }
    let begin = Instant::now();
    for round in 0.. {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_consumer_that_is_killed_loses_nothing", "--nocapture"])
            .env(VICTIM, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line.ends_with("begin")), "the process began");
        std::thread::sleep(Duration::from_millis(20 + round * 13 % 100));
        child.kill().unwrap();
        child.wait().unwrap();
        let counts = inbox.counts().unwrap();
        // One may be remembered and not yet removed, or done again after that.
        let all = counts.waiting + counts.taken + counts.failed + counts.done;
        assert!(
            (CONSUMED as u64..=CONSUMED as u64 + round + 1).contains(&all),
            "{counts:?} after {round}"
        );
        for failure in inbox.failures().unwrap() {
            inbox.retry(&failure.key).unwrap();
        }
        if lines.any(|line| line == "nothing waits") || begin.elapsed() > Duration::from_secs(15) {
            println!("{round} kills: {counts:?}");
            break;
        }
    }
    for i in 0..CONSUMED {
        assert_eq!(inbox.store(&uid(i), &instance(i)).unwrap(), Stored::Known, "{i}");
    }
}
