//! Helpers of the tests: instances to send, a listener of this project, and programs of others.
#![allow(dead_code, reason = "each test uses some of it")]
#![expect(clippy::unwrap_used, reason = "tests")]

pub(crate) mod bytes;
mod instances;
pub(crate) mod orthanc;
pub(crate) mod posts;
pub(crate) mod theirs;

pub(crate) use instances::*;

use pacs::dicomweb::server;
use pacs::inbox::{Inbox, Limits};
use pacs::scp::{Config, Listener};
use pacs::scu::Peer;
use pacs::{Error, Event, SharedEvents, Timeouts};
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

pub(crate) fn limits() -> Limits {
    Limits { max_instance_bytes: 16 << 20, min_free_bytes: 0 }
}

/// A storage SCP or another server of this project on a free port, until it is dropped.
pub(crate) struct Ours {
    pub(crate) address: SocketAddr,
    pub(crate) inbox: Arc<Inbox>,
    pub(crate) events: Arc<Mutex<Vec<String>>>,
    stop: Box<dyn Fn()>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) fn config() -> Config {
    let seconds = Duration::from_secs;
    Config {
        address: "127.0.0.1:0".parse().unwrap(),
        transfer_syntaxes: ALL_SYNTAXES.map(String::from).into(),
        timeouts: Timeouts {
            association: seconds(20),
            idle: seconds(20),
            pdu: seconds(10),
            message: seconds(60),
        },
        ..Config::default()
    }
}

/// The settings of STOW-RS for any client, with short timeouts.
pub(crate) fn web() -> server::Config {
    server::Config {
        address: "127.0.0.1:0".parse().unwrap(),
        transfer_syntaxes: ALL_SYNTAXES.map(String::from).into(),
        idle: Duration::from_secs(5),
        request: Duration::from_secs(60),
        ..server::Config::default()
    }
}

impl Ours {
    pub(crate) fn start(folder: &Path, config: &Config) -> Self {
        Self::start_with(folder, config, limits())
    }

    pub(crate) fn start_with(folder: &Path, config: &Config, limits: Limits) -> Self {
        let listener = Listener::bind(config).unwrap();
        let (address, stopper) = (listener.address(), listener.stopper());
        let stop = Box::new(move || stopper.stop());
        Self::run(folder, limits, (address, stop), move |inbox, events| {
            listener.serve(&inbox, &*events)
        })
    }

    /// A server of STOW-RS.
    pub(crate) fn start_web(folder: &Path, config: &server::Config) -> Self {
        let listener = server::Listener::bind(config).unwrap();
        let (address, stopper) = (listener.address(), listener.stopper());
        let stop = Box::new(move || stopper.stop());
        Self::run(folder, limits(), (address, stop), move |inbox, events| {
            listener.serve(inbox, events)
        })
    }

    fn run(
        folder: &Path,
        limits: Limits,
        (address, stop): (SocketAddr, Box<dyn Fn()>),
        serve: impl FnOnce(Arc<Inbox>, SharedEvents) -> pacs::Result<()> + Send + 'static,
    ) -> Self {
        let inbox = Arc::new(Inbox::open(folder, limits).unwrap());
        let events = Arc::new(Mutex::new(Vec::new()));
        let (kept, seen) = (Arc::clone(&inbox), Arc::clone(&events));
        let listen = move || {
            let note = move |event: &Event| seen.lock().unwrap().push(event.to_string());
            serve(kept, Arc::new(note)).unwrap();
        };
        Self { address, inbox, events, stop, thread: Some(std::thread::spawn(listen)) }
    }

    pub(crate) fn waiting(&self) -> u64 {
        self.inbox.counts().unwrap().waiting
    }

    pub(crate) fn log(&self) -> String {
        self.events.lock().unwrap().join("\n")
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        (self.stop)();
        let ended = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            ended.unwrap();
        }
    }
}

/// A storage SCP with an inbox in a new folder.
pub(crate) fn started(config: &Config) -> (TempDir, Ours) {
    let folder = tempdir().unwrap();
    let ours = Ours::start(&folder.path().join("inbox"), config);
    (folder, ours)
}

/// The storage SCP as our SCU asks it.
pub(crate) fn peer(ours: &Ours) -> Peer {
    Peer::new(&ours.address.to_string(), "SKIAGRAPH", "SENDER")
}

/// Sends files. Returns the outcome of each.
pub(crate) fn send(peer: &Peer, files: &[PathBuf]) -> Vec<Result<(), Error>> {
    let mut outcomes = Vec::new();
    peer.store(files, |_, outcome| outcomes.push(outcome)).unwrap();
    outcomes
}

pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(120), "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A free port for a program that cannot choose one by itself. It is below those that systems
/// choose for listeners at port 0 and for connections. One of theirs could be taken by a parallel
/// test before the program listens.
pub(crate) fn free_port() -> u16 {
    static TRIED: AtomicU16 = AtomicU16::new(0);
    let first = std::process::id() as u16;
    let next = || {
        10_000 + first.wrapping_mul(97).wrapping_add(TRIED.fetch_add(1, Ordering::Relaxed)) % 20_000
    };
    std::iter::repeat_with(next)
        .find(|&port| TcpListener::bind(("127.0.0.1", port)).is_ok())
        .unwrap()
}

/// The programs of a Debian package. `None` if they are not installed, which is printed, and is a
/// failure in continuous integration.
pub(crate) fn programs<const N: usize>(names: [&str; N], packages: &str) -> Option<[PathBuf; N]> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).collect();
    let find =
        |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    let found = names.map(find);
    if let Some(at) = found.iter().position(Option::is_none) {
        let said =
            format!("NOT TESTED, as `{}` is missing: apt-get install {packages}\n", names[at]);
        // This goes past the test harness, which shows a test's output only if it fails.
        std::io::stderr().write_all(said.as_bytes()).unwrap();
        assert!(std::env::var_os("CI").is_none(), "{said}");
        return None;
    }
    Some(found.map(Option::unwrap))
}

/// Runs a program to its end and returns its output. Fails if the program fails.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    assert!(output.status.success(), "{command:?} says {said}");
    said
}

/// A program that runs until this is dropped.
pub(crate) struct Running(pub(crate) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
