//! Indexing by the API: files are processed while others search, and failures are listed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../skiagraph/tests/common/phantoms.rs"]
mod phantoms;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Server, gallery_of_samples, key, samples};
use phantoms::{copies, replaced};
use serde_json::{Value, json};
use server::keys::Role;

/// A gallery of one sample, and the samples' bytes.
fn gallery(folder: &Path) -> (PathBuf, Vec<Vec<u8>>) {
    let files = samples(40).iter().map(|path| fs::read(path).unwrap()).collect();
    (gallery_of_samples(folder, 1), files)
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

/// The job once all received files were processed.
fn finished(server: &Server, job: &str) -> Value {
    let start = Instant::now();
    loop {
        let now = server.get(job).json();
        if now["done"] == now["received"] {
            return now;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{now}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn faults_of_files_are_told_with_their_job() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let server = Server::of(&g);
    let one = job(&server);
    let files = copies(folder.path(), "u8.native.dcm", 20..22);
    let [sound, other] = [&files[0], &files[1]].map(|file| fs::read(file).unwrap());
    send(&server, &one, &sound);
    send(&server, &one, &replaced(&other, b"MONOCHROME2", b"Monochrome2"));
    let done = finished(&server, &one);
    let warned = done["warned"].as_array().unwrap();
    assert_eq!((&done["added"], warned.len(), &warned[0]["file"]), (&2.into(), 1, &2.into()));
    assert!(warned[0]["warnings"][0].as_str().unwrap().contains("MONOCHROME2 was assumed"));
    assert_eq!(done["warned_count"], 1);
}

/// A structured report in DICOM, as far as its kind can be told.
fn report() -> Vec<u8> {
    let element = |group: u8, element: u8, value: &[u8]| {
        [&[group, 0, element, 0, b'U', b'I', value.len() as u8, 0], value].concat()
    };
    let mut file = vec![0; 128];
    file.extend(b"DICM");
    file.extend(element(2, 0x10, b"1.2.840.10008.1.2.1\0"));
    file.extend(element(8, 0x16, b"1.2.840.10008.5.1.4.1.1.88.33\0"));
    file.extend(element(8, 0x18, b"1.2.3\0"));
    file
}

#[test]
fn an_object_without_a_picture_is_passed_over_and_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let (g, files) = gallery(folder.path());
    let server = Server::of(&g);
    let one = job(&server);
    send(&server, &one, &files[1]);
    send(&server, &one, &report());
    server.ask("POST", &format!("{one}/close"), &[], b"");
    let done = finished(&server, &one);
    let counts = ["added", "without_picture_count", "failed"].map(|name| done[name].as_u64());
    assert_eq!((counts, &done["state"]), ([Some(1), Some(1), Some(0)], &"done".into()), "{done}");
    let passed = &done["without_picture"][0];
    assert_eq!(passed["file"], 2);
    assert!(passed["reason"].as_str().unwrap().contains("structured report"), "{done}");
}

#[test]
fn files_are_worked_off_and_searched_for() {
    let folder = tempfile::tempdir().unwrap();
    let (g, files) = gallery(folder.path());
    let server = Server::of(&g);
    let one = job(&server);
    for file in &files[..3] {
        send(&server, &one, file);
    }
    assert_eq!(send(&server, &one, b"no picture at all"), 4);
    let state = finished(&server, &one);
    let counts = ["added", "known", "failed"].map(|name| state[name].as_u64().unwrap());
    assert_eq!((counts, &state["state"]), ([2, 1, 1], &"open".into()));
    assert_eq!(state["failures"][0]["file"], 4);
    assert!(state["failures"][0]["reason"].as_str().unwrap().len() > 10);
    let none = server.ask("POST", &format!("{one}/files"), &[], b"");
    assert_eq!(none.failure(415), "unsupported_file");
    assert_eq!(server.ask("POST", &format!("{one}/close"), &[], b"").json()["state"], "done");
    let late = server.ask("POST", &format!("{one}/files"), &[], &files[3]);
    assert_eq!(late.failure(422), "invalid");
    assert_eq!(server.get("/api/v1/gallery").json()["pictures"], 3);
    let query = server.upload(&files[5]).json()["id"].clone();
    let found = server.post("/api/v1/search", &json!({ "queries": [query], "k": 5 })).json();
    assert_eq!(found["hits"].as_array().unwrap().len(), 3);
    assert_eq!(server.get("/api/v1/jobs/x").failure(404), "unknown_job");
    assert_eq!(server.get("/api/v1/jobs").json()["jobs"].as_array().unwrap().len(), 1);
}

#[test]
fn a_job_is_cancelled_and_readers_make_none() {
    let folder = tempfile::tempdir().unwrap();
    let ((g, files), keys) = (gallery(folder.path()), folder.path().join("keys.toml"));
    let shown = |role| vec![key(&keys, role).1];
    let (reader, contributor) = (shown(Role::Reader), shown(Role::Contributor));
    let (stranger, admin) = (shown(Role::Contributor), shown(Role::Admin));
    let mut server = Server::with(&g, |settings| settings.keys = Some(keys.clone()));
    server.headers = reader;
    assert_eq!(server.ask("POST", "/api/v1/jobs", &[], b"").failure(403), "role_too_low");
    server.headers = contributor.clone();
    let one = job(&server);
    send(&server, &one, &files[1]);
    finished(&server, &one);
    assert_eq!(server.delete(&one).status, 204);
    assert_eq!(server.get(&one).json()["state"], "done", "nothing was left to cancel");
    let two = job(&server);
    for file in &files[2..12] {
        send(&server, &two, file);
    }
    // Another contributor may look at the job, and no more.
    server.headers = stranger;
    assert_eq!(server.get(&two).json()["state"], "open");
    assert_eq!(server.delete(&two).failure(403), "not_owner");
    assert_eq!(server.ask("POST", &format!("{two}/close"), &[], b"").failure(403), "not_owner");
    assert_eq!(
        server.ask("POST", &format!("{two}/files"), &[], &files[20]).failure(403),
        "not_owner"
    );
    assert_eq!(server.delete("/api/v1/jobs/x").failure(404), "unknown_job");
    server.headers = contributor;
    assert_eq!(server.get(&two).json()["state"], "open");
    let three = job(&server);
    assert_eq!(server.delete(&two).status, 204);
    server.headers = admin;
    assert_eq!(server.delete(&three).status, 204, "an admin may cancel anybody's");
    let late = server.ask("POST", &format!("{two}/files"), &[], &files[20]);
    assert_eq!(late.failure(422), "invalid");
    assert!(
        server.get("/api/v1/gallery").json()["pictures"].as_u64().unwrap() >= 2,
        "what is there stays"
    );
}
