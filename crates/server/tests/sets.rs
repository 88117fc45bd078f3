//! Saved answers: their contents, and their readers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../pacs/tests/common/instances.rs"]
mod instances;

use std::fs;
use std::path::{Path, PathBuf};

use common::cases::upload;
use common::{Server, key};
use ingest::Listed;
use instances::write_instances;
use serde_json::{Value, json};
use server::keys::Role;

/// A gallery of DICOM instances of two patients, and the file of one.
fn gallery(folder: &Path) -> (PathBuf, Vec<u8>) {
    let files = [write_instances(folder, 0..2), write_instances(folder, 100..104)].concat();
    let listed = files.iter().map(|path| Listed::bare(path)).collect();
    (common::gallery(folder, listed), fs::read(&files[0]).unwrap())
}

fn named(name: &str, query: &str) -> Value {
    json!({ "name": name, "note": "n", "shared": false, "search": { "queries": [query], "k": 3 } })
}

#[test]
fn of_a_gallery_case_there_is_no_report_and_of_feedback_no_object() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let elsewhere = folder.path().join("elsewhere.sqlite");
    let server = Server::with(&g, |settings| settings.sets = Some(elsewhere.clone()));
    let save = |search: Value| {
        server.post("/api/v1/sets", &json!({ "name": "x", "search": search })).json()
    };
    let objects = |set: &Value| ["fhir", "sr", "preview"].map(|part| set[part].as_bool().unwrap());
    assert_eq!(objects(&save(json!({ "like": [1], "k": 2 }))), [false; 3]);
    assert!(elsewhere.exists() && !g.join("sets.sqlite").exists());
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
    let made = [Role::Reader, Role::Reader, Role::Admin].map(|role| key(&keys, role));
    let bearer = |at: usize| vec![made[at].1.clone()];
    let mut server = Server::with(&g, |settings| settings.keys = Some(keys.clone()));
    server.headers = bearer(0);
    let query = upload(&server, &file);
    let own = server.post("/api/v1/sets", &named("own", &query)).json();
    let mut body = named("shared", &query);
    body["shared"] = true.into();
    let shared = server.post("/api/v1/sets", &body).json();
    assert_eq!(own["owner"], made[0].0);
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
