//! Saved answers: their contents, their readers, and that a kill loses no acknowledged one.

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
    assert_eq!(
        (&set["name"], &set["hits"], &set["owner"]),
        (&"a <b>".into(), &3.into(), &Value::Null)
    );
    let kept = ["fhir", "sr", "preview"].map(|part| set[part].as_bool().unwrap());
    assert_eq!(kept, [true; 3]);
    let path = format!("/api/v1/sets/{}", set["id"].as_str().unwrap());
    // A kill loses nothing acknowledged; nor does the removal of the query.
    server.kill();
    let server = Server::start(&g, &[]);
    assert_eq!(server.get("/api/v1/sets").json()["sets"], json!([set]));
    let saved = server.get(&path).json();
    assert_eq!((&saved["answer"]["hits"], &saved["set"]), (&found["hits"], &set));
    let part = |name: &str| server.get(&format!("{path}/{name}"));
    let page = String::from_utf8(part("report.html").bytes).unwrap();
    assert!(page.starts_with("<!doctype html>") && !page.contains("SECRET"));
    for told in ["Saved as: a &lt;b&gt;", "Note: n", "Query: an uploaded picture", "Filter: none"] {
        assert!(page.contains(told), "{told}");
    }
    assert_eq!(saved["answer"]["asked"]["pictures"], 1);
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

/// The files below a folder that hold some bytes.
fn holding(folder: &Path, bytes: &[u8]) -> Vec<PathBuf> {
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if fs::read(&path).unwrap().windows(bytes.len()).any(|window| window == bytes) {
                found.push(path);
            }
        }
    }
    found
}

/// In the gallery, one picture has its own patient and size and came by a job; a saved answer shows
/// it.
#[test]
fn what_is_deleted_goes_from_saved_answers_jobs_and_the_map_but_stays_in_backups() {
    let folder = tempfile::tempdir().unwrap();
    let (g, file) = gallery(folder.path());
    let gone = peers::instance_of(150, "1.2.840.10008.5.1.4.1.1.1", "PLANTED^NAME");
    let server = Server::start(&g, &[]);
    let job = server.post("/api/v1/jobs", &json!({})).json()["id"].as_str().unwrap().to_owned();
    let sent = server.ask("POST", &format!("/api/v1/jobs/{job}/files"), &[], &gone);
    assert_eq!(sent.json()["file"], 1);
    server.post(&format!("/api/v1/jobs/{job}/close"), &json!({}));
    let job = format!("/api/v1/jobs/{job}");
    while server.get(&job).json()["added"] != 1 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    json(&["gallery", "map", text(&g)]);
    let uid = peers::uid(150);
    let (query, gone) = (upload(&server, &file), upload(&server, &gone));
    // One answer that shows the picture, and one whose query it is.
    let saved = |name: &str, query: &str| {
        let search = json!({ "queries": [query], "k": 9, "own": true });
        server.post("/api/v1/sets", &json!({ "name": name, "search": search })).json()
    };
    let (shown, asked) = (saved("shown", &query), saved("asked", &gone));
    let path = |set: &Value| format!("/api/v1/sets/{}", set["id"].as_str().unwrap());
    let answer = server.get(&path(&shown)).json()["answer"].clone();
    let hit = answer["hits"]
        .as_array()
        .unwrap()
        .iter()
        .find(|hit| hit["record"]["key"] == uid.as_str())
        .unwrap();
    let thumbnail = server.get(&format!("/api/v1/records/{}/thumbnail.jpg", hit["id"])).bytes;
    let sets = fs::read(g.join("sets.sqlite")).unwrap().len()
        + fs::read(g.join("sets.sqlite-wal")).unwrap().len();
    assert!(
        sets > 0 && !holding(&g, uid.as_bytes()).is_empty(),
        "else the search finds nothing whatever is there"
    );
    let copy = folder.path().join("copy");
    json(&["gallery", "backup", text(&g), text(&copy)]);

    let deleted = json(&["gallery", "delete", text(&g), &uid]);
    assert_eq!((&deleted["deleted"], &deleted["sets"]), (&1.into(), &2.into()));
    let of = |set: &Value| server.get(&path(set)).json();
    let now = of(&shown);
    assert_eq!(
        (&now["set"]["deleted"], &now["set"]["hits"]),
        (&1.into(), &(answer["hits"].as_array().unwrap().len() - 1).into())
    );
    assert_eq!(
        (&now["set"]["fhir"], &now["set"]["sr"], &now["set"]["preview"]),
        (&false.into(), &false.into(), &true.into())
    );
    assert!(
        !now.to_string().contains(&uid)
            && !server.get("/api/v1/sets").json().to_string().contains(&uid)
    );
    assert_eq!(of(&asked)["set"]["preview"], false, "its query is the picture");
    let page =
        String::from_utf8(server.get(&format!("{}/report.html", path(&shown))).bytes).unwrap();
    assert!(page.contains("was deleted from the gallery"), "{page}");
    assert_eq!(server.get(&format!("{}/report.dcm", path(&shown))).failure(404), "unknown_set");
    json(&["gallery", "compact", text(&g)]);
    for planted in [uid.as_bytes(), &b"PLANTED"[..], &thumbnail[..]] {
        assert_eq!(holding(&g, planted), Vec::<PathBuf>::new(), "while the server runs");
    }
    drop(server);
    assert_eq!(holding(&g, uid.as_bytes()), Vec::<PathBuf>::new());
    assert_eq!(json(&["gallery", "verify", text(&g)])["sound"], true);

    // The copy is as the gallery was, and can be used as one.
    assert_eq!(holding(&copy, &thumbnail), [copy.join("gallery.sqlite")]);
    let server = Server::start(&copy, &[]);
    assert_eq!(server.get(&path(&shown)).json()["answer"], answer);
    assert_eq!(server.get("/api/v1/sets").json()["sets"].as_array().unwrap().len(), 2);
}

#[test]
fn a_server_takes_out_of_its_sets_what_others_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let elsewhere = folder.path().join("elsewhere.sqlite");
    let server = Server::start(&g, &["--sets", text(&elsewhere)]);
    // The page shows the entry that is searched for.
    let save = |like: u64| {
        let body = json!({ "name": "x", "search": { "like": [like], "k": 2, "own": true } });
        server.post("/api/v1/sets", &body).json()["id"].as_str().unwrap().to_owned()
    };
    let set = save(1);
    // The command is not given the file.
    let deleted = json(&["gallery", "delete", text(&g), "1"]);
    assert_eq!((&deleted["deleted"], &deleted["sets"]), (&1.into(), &0.into()));
    let now = server.get(&format!("/api/v1/sets/{set}")).json();
    assert_eq!(
        (&now["set"]["deleted"], &now["set"]["hits"]),
        (&1.into(), &1.into()),
        "it was a hit, too"
    );
    let hit = now["answer"]["hits"][0]["id"].as_u64().unwrap();
    let named =
        json(&["gallery", "delete", text(&g), &hit.to_string(), "--sets", text(&elsewhere)]);
    assert_eq!(named["sets"], 1);
    common::fail(
        &["gallery", "delete", text(&g), "3", "--sets", "none.sqlite"],
        &["none.sqlite", "nothing was deleted"],
    );
}

/// `serve` with handles of both databases, `index` beside it, reads by another SQLite, and a kill.
#[test]
fn another_sqlite_that_reads_a_servers_databases_takes_nothing_away() {
    let sqlite = |database: &Path, sql: &str| {
        let ran = std::process::Command::new("sqlite3").arg(database).arg(sql).output();
        ran.is_ok_and(|output| output.status.success())
    };
    let folder = tempfile::tempdir().unwrap();
    let (g, file) = gallery(folder.path());
    let (database, sets) = (g.join("gallery.sqlite"), g.join("sets.sqlite"));
    if !sqlite(&database, "SELECT 1") {
        std::io::Write::write_all(
            &mut std::io::stderr(),
            b"NOT TESTED beside `sqlite3`, which is not there\n",
        )
        .unwrap();
        assert!(std::env::var_os("CI").is_none());
        return;
    }
    let mut server = Server::start(&g, &[]);
    let mut saved = Vec::new();
    for round in 0..3_usize {
        let query = upload(&server, &file);
        saved.push(server.post("/api/v1/sets", &named("kept", &query)).json()["id"].clone());
        let more = write_instances(folder.path(), 200 + round..201 + round);
        json(&["index", "--gallery", text(&g), text(&more[0])]);
        assert_eq!(server.post("/api/v1/search", &json!({ "like": [1], "k": 3 })).status, 200);
        for file in [&database, &sets] {
            assert!(sqlite(file, "SELECT count(*) FROM sqlite_schema"));
            for end in ["-wal", "-shm"] {
                let beside = PathBuf::from(format!("{}{end}", text(file)));
                assert!(beside.exists(), "round {round}: `{}` is gone", beside.display());
            }
        }
    }
    server.kill();
    for file in [&database, &sets] {
        assert!(
            sqlite(file, "SELECT count(*) FROM sqlite_schema"),
            "the first to open what is left"
        );
    }
    let sound = json(&["gallery", "verify", text(&g)]);
    assert_eq!(
        (&sound["sound"], &json(&["gallery", "info", text(&g)])["records"]),
        (&true.into(), &9.into())
    );
    let server = Server::start(&g, &[]);
    let there = server.get("/api/v1/sets").json();
    let there: Vec<&Value> =
        there["sets"].as_array().unwrap().iter().map(|set| &set["id"]).collect();
    assert!(saved.iter().all(|id| there.contains(&id)));
}
