//! Indexing by the API: a kill loses no acknowledged file. More of it is tested in
//! `crates/server/tests`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{json, pictures, samples, succeed, text};
use server::Server;

/// A gallery of one sample, and the other samples' bytes.
fn gallery(folder: &Path) -> (PathBuf, Vec<Vec<u8>>) {
    let (found, g) = (pictures(&samples().join("images")), folder.join("g"));
    succeed(&["index", "--gallery", text(&g), text(&found[0])]);
    (g, found[..40].iter().map(|path| fs::read(path).unwrap()).collect())
}

/// A new job's path.
fn job(server: &Server) -> String {
    let made = server.ask("POST", "/api/v1/jobs", &[], b"");
    assert_eq!(made.status, 201);
    format!("/api/v1/jobs/{}", made.json()["id"].as_str().unwrap())
}

fn send(server: &Server, job: &str, file: &[u8]) -> u64 {
    let sent = server.ask("POST", &format!("{job}/files"), &[], file);
    assert_eq!(sent.status, 201, "{}", String::from_utf8_lossy(&sent.bytes));
    sent.json()["file"].as_u64().unwrap()
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (g, files) = gallery(folder.path());
    let mut sent = 0;
    let mut path = String::new();
    // It is killed while it receives and works. Received files wait in a separate folder.
    for round in 0..3 {
        let mut server = Server::start(&g, &["--jobs", text(&folder.path().join("waiting"))]);
        if round == 0 {
            path = job(&server);
        }
        for file in &files[13 * round..13 * (round + 1)] {
            sent = send(&server, &path, file);
        }
        server.kill();
    }
    let server = Server::start(&g, &["--jobs", text(&folder.path().join("waiting"))]);
    server.ask("POST", &format!("{path}/close"), &[], b"");
    let start = Instant::now();
    while json(&["gallery", "info", text(&g)])["records"].as_u64().unwrap() < sent {
        assert!(start.elapsed() < Duration::from_secs(60), "{}", server.get(&path).json());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(sent, 39);
    assert_eq!(
        json(&["gallery", "info", text(&g)])["records"],
        39,
        "the first sample was there before"
    );
    succeed(&["gallery", "verify", text(&g)]);
}
