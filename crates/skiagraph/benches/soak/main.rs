//! A soak: for hours everything happens at once to one gallery, and processes are killed meanwhile.
//! At the end whatever was acknowledged is there, and nothing is there twice.
//!
//! `serve` answers searches and uploads, takes jobs and saves answers; `listen` receives by
//! STOW-RS. Two `index` loops add folders; `sqlite3` and Python read the database. One upload in
//! ten is hostile. Every so many seconds one of the processes, drawn by chance, is killed (SIGKILL)
//! and started again.
//!
//! ```sh
//! cargo test --release --workspace --bench soak                               # two hours
//! cargo test --release --workspace --bench soak -- --minutes 5 --kill 10 --seed 2
//! ```

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a measurement that fails ends")]
#![expect(clippy::print_stdout, reason = "a measurement prints what it found")]
#![allow(missing_docs, reason = "a program")]

mod acknowledged;
mod files;
mod processes;
mod workers;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use acknowledged::Acknowledged;
use files::Files;
use processes::Processes;
use rand::SeedableRng;
use rand::rngs::StdRng;
use workers::{Site, Turn, Worker};

/// The kinds of workers, and the number of each.
fn parts<'a>() -> [(usize, Turn<'a>); 7] {
    [
        (4, Worker::search),
        (2, Worker::upload),
        (2, Worker::index),
        (1, Worker::job),
        (1, Worker::save),
        (1, Worker::send),
        (1, Worker::read_database),
    ]
}

fn main() {
    let option = |name: &str, usual: u64| {
        let mut given = std::env::args().skip_while(|argument| argument != name).skip(1);
        given.next().map_or(usual, |value| value.parse().unwrap())
    };
    let span = Duration::from_secs(60 * option("--minutes", 120));
    let kill = Duration::from_secs(option("--kill", 20));
    let seed = option("--seed", 1);
    let folder = tempfile::tempdir().unwrap();
    let site = site(folder.path());
    let initial = index_samples(&site);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        let processes = &site.processes;
        scope.spawn(|| processes.supervise("serve", || serve(&site)));
        scope.spawn(|| processes.supervise("listen", || listen(&site)));
        scope.spawn(|| processes.watch_memory(&stop));
        site.wait_until_up();
        all_at_once(&site, span, kill, seed);
        site.acknowledged.wait_until_worked_off(&site);
        stop.store(true, Ordering::Relaxed);
        processes.end();
    });
    site.processes.report();
    site.acknowledged.check(&site, initial);
}

/// Lets all workers take turns until the time is over, while processes are killed.
fn all_at_once(site: &Site, span: Duration, kill: Duration, seed: u64) {
    let everybody =
        parts().into_iter().flat_map(|(count, turn)| std::iter::repeat_n(turn, count)).enumerate();
    thread::scope(|scope| {
        for (number, turn) in everybody {
            let mut worker = Worker::new(site, seed, number as u64);
            scope.spawn(move || worker.run(span, turn));
        }
        kill_by_chance(&site.processes, span, kill, seed);
    });
}

fn site(folder: &Path) -> Site {
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    Site {
        folder: folder.to_owned(),
        gallery: folder.join("gallery"),
        inbox: folder.join("inbox"),
        ports: [port(), port()],
        files: Files::new(),
        processes: Processes::new(folder.join("log")),
        acknowledged: Acknowledged::default(),
    }
}

/// Makes the gallery. Returns its number of records.
fn index_samples(site: &Site) -> usize {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/manifest.csv");
    let mut command = skiagraph(&["index", "--gallery"]);
    let command = command.arg(&site.gallery).arg("--manifest").arg(samples);
    assert!(command.status().unwrap().success());
    gallery::Gallery::open(&*site.gallery).unwrap().len()
}

fn serve(site: &Site) -> Command {
    let mut command = skiagraph(&["serve", "--port", &site.ports[0].to_string(), "--gallery"]);
    command.arg(&site.gallery);
    command
}

fn listen(site: &Site) -> Command {
    let address = format!("127.0.0.1:{}", site.ports[1]);
    let mut command = skiagraph(&["listen", "--port", "0", "--dicomweb", &address, "--inbox"]);
    command.arg(&site.inbox).arg("--gallery").arg(&site.gallery);
    command
}

pub(crate) fn skiagraph(arguments: &[&str]) -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_skiagraph")));
    command.args(arguments);
    command
}

/// Kills one of the running processes at intervals, until the time is over.
fn kill_by_chance(processes: &Processes, span: Duration, every: Duration, seed: u64) {
    let (start, mut random) = (Instant::now(), StdRng::seed_from_u64(seed ^ 0x5EED));
    while start.elapsed() + every < span {
        thread::sleep(every);
        processes.kill_one(&mut random);
    }
}
