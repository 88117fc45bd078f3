//! A server's connections: paths, heads and bodies that try to deceive, and clients that send no
//! head.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{json, pictures, samples, succeed, text};
use serde_json::Value;
use server::Server;

/// A gallery of two samples.
fn gallery(folder: &Path) -> PathBuf {
    let found = pictures(&samples().join("images"));
    let g = folder.join("g");
    succeed(&["index", "--gallery", text(&g), text(&found[0]), text(&found[1])]);
    g
}

#[test]
fn confusing_requests_confuse_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&gallery(folder.path()), &[]);
    let end = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    for path in [
        "/../../../etc/passwd",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
        "/..%2f..%2fetc/passwd",
        "/assets//etc/passwd",
        "//etc/hostname.txt",
        "/api/v1/../../etc/passwd",
        "/api/v1/queries/%ff%fe/pixels",
        "/api/v1/queries/..%2f..%2fg/preview.png",
        "/api/v1/records/1%00/thumbnail.jpg",
        "/api/v1/queries/a%0d%0aSet-Cookie:%20a=b/preview.png",
    ] {
        let answer = server.raw(&format!("GET {path} {end}"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
        assert!(
            !answer.to_lowercase().contains("set-cookie") && !answer.contains("root:"),
            "{path}: {answer}"
        );
    }
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "a".repeat(1 << 20)), "431"),
        ("nonsense\r\n\r\n".to_owned(), "400"),
        ("GET /\u{1}\u{2} HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(), "400"),
        (format!("FOO / {end}"), "405"),
        ("POST /api/v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(), "4"),
        ("POST /api/v1/queries HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n".to_owned(), "413"),
    ] {
        let answer = server.raw(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{}: {answer}", &request[..40.min(request.len())]);
    }
    let metrics = String::from_utf8(server.get("/metrics").bytes).unwrap();
    assert!(metrics.contains("method=\"(other)\"") && !metrics.contains("FOO"), "{metrics}");
}

#[test]
fn a_head_that_is_none_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&gallery(folder.path()), &[]);
    let long = format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(1 << 20));
    for (head, status) in [("nonsense\r\n\r\n", 400), (&*long, 431)] {
        let answer = server.raw(head);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains("content-type: application/problem+json"), "{head}");
        let problem: Value = serde_json::from_str(body).unwrap();
        assert_eq!(
            (&problem["status"], &problem["error"]["code"]),
            (&status.into(), &"bad_head".into())
        );
    }
}

#[test]
fn connections_without_a_head_shut_nobody_out() {
    let folder = tempfile::tempdir().unwrap();
    let (g, keys) = (gallery(folder.path()), folder.path().join("keys.toml"));
    let made = json(&["api-key", "new", "--role", "reader", "--file", text(&keys)]);
    let reader = format!("Bearer {}", made["key"].as_str().unwrap());
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
