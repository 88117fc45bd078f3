//! Bad input: files, searches and addresses that are refused with their reason.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::PathBuf;

use common::cases::{described_gallery, upload};
use common::{Server, workspace};
use serde_json::{Value, json};
use server::Limits;
use tempfile::TempDir;

/// A server that takes small pictures alone, and a picture.
fn small() -> (TempDir, Server, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = described_gallery(folder.path());
    let limits = Limits { upload_bytes: 1 << 20, pixels: 1_000_000, ..Limits::default() };
    let server = Server::with(&g, |settings| settings.limits = limits);
    (folder, server, picture)
}

#[test]
fn files_that_are_no_pictures_broken_or_too_large() {
    let (_folder, server, whole) = small();
    assert_eq!(server.upload(&[]).failure(415), "unsupported_file");
    assert_eq!(server.upload(b"no picture").failure(415), "unsupported_file");
    assert_eq!(server.upload(&whole[..whole.len() / 8]).failure(422), "broken_file");
    assert_eq!(server.upload(&vec![0; (1 << 20) + 1]).failure(413), "too_large");
    assert_eq!(server.upload(&bomb()).failure(413), "too_large");
    let phantoms = workspace().join("crates/radiograph/tests/data/dicom");
    let phantom = fs::read(phantoms.join("u12.native.dcm")).unwrap();
    assert_eq!(server.upload(&phantom).json()["format"], "dicom");
    assert_eq!(server.upload(&phantom[..phantom.len() / 2]).failure(422), "broken_file");
    for path in collected() {
        let status = server.upload(&fs::read(&path).unwrap()).status;
        assert!([413, 415, 422].contains(&status), "{}: {status}", path.display());
    }
}

/// Broken files that were collected, if there are any.
fn collected() -> Vec<PathBuf> {
    let folder = workspace().join("../shared/data/dicom/broken");
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_file()).collect()
}

/// A PNG of a few bytes that claims to be 60,000 pixels wide and high.
fn bomb() -> Vec<u8> {
    let chunk = |kind_and_data: &[u8]| {
        let mut crc = flate2::Crc::new();
        crc.update(kind_and_data);
        let length = (kind_and_data.len() as u32 - 4).to_be_bytes();
        [&length[..], kind_and_data, &crc.sum().to_be_bytes()].concat()
    };
    let header = chunk(b"IHDR\0\0\xea\x60\0\0\xea\x60\x08\0\0\0\0");
    let empty = chunk(b"IDAT\x78\x9c\x03\0\0\0\0\x01");
    [&b"\x89PNG\r\n\x1a\n"[..], &header, &empty, &chunk(b"IEND")].concat()
}

#[test]
fn searches_that_make_no_sense() {
    let (_folder, server, picture) = small();
    let id = upload(&server, &picture);
    let search = |body: Value| server.post("/api/v1/search", &body);
    let wrong = search(json!({ "queries": [id], "filter": "äge >= 18" }));
    assert_eq!(wrong.failure(422), "bad_filter");
    let wrong = search(json!({ "queries": [id], "filter": "name = 'ä' und age >= 18" })).json();
    assert_eq!(wrong["error"]["position"], "name = 'ä' ".len());
    assert!(wrong["error"]["expected"].as_str().unwrap().contains("and"), "{wrong}");
    for (body, code) in [
        (json!({}), "invalid"),
        (json!({ "queries": [id], "k": 0 }), "invalid"),
        (json!({ "queries": [id], "k": 1_000_000 }), "invalid"),
        (json!({ "queries": [id], "within": 1000 }), "invalid"),
        (json!({ "queries": [id], "order": "likeness" }), "invalid"),
        (json!({ "queries": [id], "rerank": 0 }), "invalid"),
        (json!({ "queries": [id], "kk": 1 }), "invalid"),
        (json!({ "queries": 7 }), "invalid"),
        (json!({ "queries": vec![&id; 17] }), "invalid"),
    ] {
        assert_eq!(search(body).failure(422), code);
    }
    assert_eq!(
        search(json!({ "queries": ["AAAAAAAAAAAAAAAAAAAAAA"] })).failure(404),
        "unknown_query"
    );
    for like in [999, u64::MAX] {
        assert_eq!(search(json!({ "like": [like] })).failure(404), "unknown_record");
    }
}

#[test]
fn bodies_that_are_no_json() {
    let (_folder, server, _) = small();
    let raw = |kind: &str, body: &[u8]| {
        server.ask("POST", "/api/v1/search", &[("Content-Type", kind)], body)
    };
    assert_eq!(raw("application/json", b"{ nonsense").failure(400), "bad_json");
    assert_eq!(raw("application/json", b"").failure(400), "bad_json");
    assert_eq!(raw("text/plain", b"{}").failure(415), "not_json");
    let deep = format!("{{\"queries\": {}", "[".repeat(100_000));
    assert_eq!(raw("application/json", deep.as_bytes()).failure(422), "invalid");
}

#[test]
fn regions_sides_records_and_pages_that_are_none() {
    let (_folder, server, picture) = small();
    let id = upload(&server, &picture);
    let region = |left, width| json!({ "left": left, "top": 0.0, "width": width, "height": 1.0 });
    for wrong in [region(0.8, 0.5), region(-0.1, 0.5), region(0.0, 0.001), region(0.0, 0.0)] {
        assert_eq!(
            server.post(&format!("/api/v1/queries/{id}/region"), &wrong).failure(422),
            "invalid"
        );
    }
    for side in ["0", "99999", "-1", "x"] {
        assert_eq!(
            server.get(&format!("/api/v1/queries/{id}/preview.png?side={side}")).failure(422),
            "invalid"
        );
    }
    for id in ["0", "999", "x", "-1", "18446744073709551615", "99999999999999999999"] {
        for part in ["", "/thumbnail.jpg", "/saliency.png", "/priors"] {
            assert_eq!(
                server.get(&format!("/api/v1/records/{id}{part}")).failure(404),
                "unknown_record"
            );
        }
    }
    let list = |body: Value| server.post("/api/v1/records/list", &body);
    assert_eq!(list(json!({ "limit": 501 })).failure(422), "invalid");
    assert_eq!(list(json!({ "filter": "\"" })).failure(422), "bad_filter");
}

#[test]
fn paths_and_methods_that_there_are_not() {
    let (_folder, server, _) = small();
    assert_eq!(server.get("/api/v1/nothing").failure(404), "unknown_path");
    assert_eq!(server.get("/assets/nothing.js").failure(404), "unknown_path");
    assert_eq!(server.get("/api/v1/search").failure(405), "wrong_method");
    assert_eq!(server.get("/api/v1/queries/%FF").failure(404), "unknown_query");
    for (method, path, status, code) in [
        ("POST", "/api/v1/nothing", 404, "unknown_path"),
        ("PUT", "/nothing", 404, "unknown_path"),
        ("DELETE", "/healthz", 405, "wrong_method"),
        ("PATCH", "/api/v1/gallery", 405, "wrong_method"),
        ("POST", "/", 405, "wrong_method"),
    ] {
        let answer = server.ask(method, path, &[], b"{}");
        assert_eq!(answer.failure(status), code, "{method} {path}");
        assert!(status == 404 || answer.header("allow").contains("GET"), "{method} {path}");
    }
}
