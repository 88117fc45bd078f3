//! One client that requests as much as it can, beside others that request a little: evidence,
//! uploads, connections without a head.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use common::{json, pictures, samples, succeed, text};
use server::Server;

/// A gallery of two samples, one of their files, a file of keys, and two readers' headers.
fn house(folder: &Path) -> (PathBuf, Vec<u8>, PathBuf, [String; 2]) {
    let (found, keys) = (pictures(&samples().join("images")), folder.join("keys.toml"));
    let g = folder.join("g");
    succeed(&["index", "--gallery", text(&g), text(&found[0]), text(&found[1])]);
    let reader = |_| {
        let made = json(&["api-key", "new", "--role", "reader", "--file", text(&keys)]);
        format!("Bearer {}", made["key"].as_str().unwrap())
    };
    let readers = [0, 1].map(reader);
    (g, fs::read(&found[0]).unwrap(), keys, readers)
}

#[test]
fn one_readers_evidence_leaves_room_for_another() {
    let folder = tempfile::tempdir().unwrap();
    let (g, file, keys, [flooder, other]) = house(folder.path());
    let more = ["--api-keys", text(&keys), "--encoders", "1", "--queue", "8", "--patience", "60"];
    let server = Server::start(&g, &more);
    let ask = |method: &str, path: &str, key: &str, body: &[u8]| {
        server.ask(method, path, &[("Authorization", key)], body)
    };
    let query =
        ask("POST", "/api/v1/queries", &flooder, &file).json()["id"].as_str().unwrap().to_owned();
    let evidence = format!("/api/v1/queries/{query}/evidence/1/record.png");
    let (over, turned_away) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let status = ask("GET", &evidence, &flooder, &[]).status;
                    turned_away.fetch_add(usize::from(status == 503), Ordering::Relaxed);
                    assert!([200, 503].contains(&status), "{status}");
                    thread::sleep(Duration::from_millis(20));
                }
            });
        }
        while turned_away.load(Ordering::Relaxed) == 0 {
            thread::sleep(Duration::from_millis(20));
        }
        let uploads: Vec<u16> =
            (0..5).map(|_| ask("POST", "/api/v1/queries", &other, &file).status).collect();
        let ready = ask("GET", "/readyz", &other, &[]).status;
        over.store(true, Ordering::Relaxed);
        assert_eq!((uploads, ready), (vec![201; 5], 200));
    });
}

#[test]
fn connections_without_a_head_shut_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _, keys, [reader, _]) = house(folder.path());
    let server = Server::start(&g, &["--api-keys", text(&keys), "--max-connections", "32"]);
    let half = || {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap();
        stream
    };
    let _flood: Vec<_> = (0..200).map(|_| half()).collect();
    let start = Instant::now();
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/readyz").status, 200);
    for path in ["/metrics", "/api/v1/gallery"] {
        assert_eq!(server.ask("GET", path, &[("Authorization", &reader)], &[]).status, 200);
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
