//! Saved answers: what is kept of them, for whom, and that a kill loses none that was acknowledged.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/mod.rs"]
mod common;
#[path = "../../pacs/tests/common/mod.rs"]
mod peers;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use common::{json, text};
use peers::write_instances;
use serde_json::{Value, json};
use server::Server;

/// A gallery of DICOM instances of two patients, and the file of one.
fn gallery(folder: &Path) -> (PathBuf, Vec<u8>) {
    let g = folder.join("g");
    let files = [write_instances(folder, 0..2), write_instances(folder, 100..104)].concat();
    let paths: Vec<&str> = files.iter().map(|file| text(file)).collect();
    json(&[&["index", "--gallery", text(&g)], &paths[..]].concat());
    (g, fs::read(&files[0]).unwrap())
}

fn upload(server: &Server, file: &[u8]) -> String {
    server.upload(file).json()["id"].as_str().unwrap().to_owned()
}

fn named(name: &str, query: &str) -> Value {
    json!({ "name": name, "note": "n", "shared": false, "search": { "queries": [query], "k": 3 } })
}

#[test]
fn an_answer_is_kept_with_all_that_was_made_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let (g, file) = gallery(folder.path());
    let mut server = Server::start(&g, &[]);
    let query = upload(&server, &file);
    let found = server.post("/api/v1/search", &json!({ "queries": [query], "k": 3 })).json();
    let set = server.post("/api/v1/sets", &named(" a <b> ", &query)).json();
    assert_eq!((&set["name"], &set["hits"], &set["owner"]), (&"a <b>".into(), &3.into(), &Value::Null));
    let kept = ["fhir", "sr", "preview"].map(|part| set[part].as_bool().unwrap());
    assert_eq!(kept, [true; 3]);
    let path = format!("/api/v1/sets/{}", set["id"].as_str().unwrap());
    // A kill loses nothing that was acknowledged; nor does the query's own end.
    server.kill();
    let server = Server::start(&g, &[]);
    assert_eq!(server.get("/api/v1/sets").json()["sets"], json!([set]));
    let saved = server.get(&path).json();
    assert_eq!((&saved["answer"]["hits"], &saved["set"]), (&found["hits"], &set));
    let part = |name: &str| server.get(&format!("{path}/{name}"));
    let page = String::from_utf8(part("report.html").bytes).unwrap();
    assert!(page.starts_with("<!doctype html>") && !page.contains("SECRET"));
    assert!(part("report.html").header("content-disposition").starts_with("attachment"));
    let bundle: Value = serde_json::from_slice(&part("fhir.json").bytes).unwrap();
    assert_eq!(bundle["entry"].as_array().unwrap().len(), 3 + 3);
    assert_eq!(&part("report.dcm").bytes[128..132], b"DICM");
    let preview = image::load_from_memory(&part("preview.png").bytes).unwrap();
    assert!(preview.width().max(preview.height()) <= 512);
    assert_eq!(server.delete(&path).status, 204);
    assert_eq!(server.get(&path).failure(404), "unknown_set");
    assert_eq!(part("report.html").failure(404), "unknown_set");
}

#[test]
fn of_a_gallery_case_there_is_no_report_and_of_feedback_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let server = Server::start(&g, &["--sets", text(&folder.path().join("elsewhere.sqlite"))]);
    let save = |search: Value| server.post("/api/v1/sets", &json!({ "name": "x", "search": search })).json();
    let objects = |set: &Value| ["fhir", "sr", "preview"].map(|part| set[part].as_bool().unwrap());
    assert_eq!(objects(&save(json!({ "like": [1], "k": 2 }))), [false; 3]);
    assert!(folder.path().join("elsewhere.sqlite").exists() && !g.join("sets.sqlite").exists());
    for (wrong, what) in [
        (json!({ "name": "  ", "search": { "like": [1] } }), "empty"),
        (json!({ "name": "x".repeat(201), "search": { "like": [1] } }), "201 characters"),
        (json!({ "name": "x", "search": { "like": [1], "k": 101 } }), "101 as `k`"),
        (json!({ "name": "x", "search": {} }), "neither"),
    ] {
        let refused = server.post("/api/v1/sets", &wrong);
        assert_eq!(refused.failure(422), "invalid");
        assert!(refused.json()["error"]["message"].as_str().unwrap().contains(what), "{what}");
    }
    assert_eq!(server.get("/api/v1/sets/..%2f..%2fetc").failure(404), "unknown_set");
}

#[test]
fn what_is_not_shared_is_nobody_elses() {
    let folder = tempfile::tempdir().unwrap();
    let ((g, file), keys) = (gallery(folder.path()), folder.path().join("keys.toml"));
    let key = |role: &str| json(&["api-key", "new", "--role", role, "--file", text(&keys)]);
    let made = [key("reader"), key("reader"), key("admin")];
    let bearer = |at: usize| {
        vec![("Authorization".to_owned(), format!("Bearer {}", made[at]["key"].as_str().unwrap()))]
    };
    let mut server = Server::start(&g, &["--api-keys", text(&keys)]);
    server.headers = bearer(0);
    let query = upload(&server, &file);
    let own = server.post("/api/v1/sets", &named("own", &query)).json();
    let mut body = named("shared", &query);
    body["shared"] = true.into();
    let shared = server.post("/api/v1/sets", &body).json();
    assert_eq!(own["owner"], made[0]["id"]);
    let path = |set: &Value| format!("/api/v1/sets/{}", set["id"].as_str().unwrap());
    server.headers = bearer(1);
    assert_eq!(server.get("/api/v1/sets").json()["sets"], json!([shared]));
    assert_eq!(server.get(&path(&own)).failure(404), "unknown_set");
    assert_eq!(server.get(&format!("{}/report.html", path(&own))).failure(404), "unknown_set");
    assert_eq!(server.delete(&path(&shared)).failure(403), "role_too_low");
    server.headers = bearer(2);
    assert_eq!(server.delete(&path(&own)).status, 204);
    assert_eq!(server.delete(&path(&shared)).status, 204);
}
