//! A server from the command line: its answers beside the command's, its end, and its state after a
//! kill. Its routes are tested in `crates/server/tests`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use common::{fail, pictures, samples, succeed, text};
use gallery::Gallery;
use retrieval::ModelId;
use serde_json::{Value, json};
use server::Server;

/// The number of pictures in the gallery; two of them are of one patient.
const PICTURES: usize = 6;

/// A gallery of some samples in the folder `g` of `folder`, and a picture that is not in it.
fn gallery(folder: &Path) -> (PathBuf, PathBuf) {
    let found = pictures(&samples().join("images"));
    let mut manifest =
        "path,labels,patient_id,source,body_part,view,sex,age,study_date,study,report\n".to_owned();
    for (i, picture) in found.iter().take(PICTURES).enumerate() {
        fs::copy(picture, folder.join(format!("{i}.jpg"))).unwrap();
        let patient = if i < 2 { "same" } else { ["a", "b", "c", "d"][i - 2] };
        manifest += &format!(
            "{i}.jpg,chest|n{i},{patient},site,CHEST,PA,F,{},2020-01-0{},1.2.{i},No effusion.\n",
            20 + i,
            i + 1
        );
    }
    let (list, g) = (folder.join("manifest.csv"), folder.join("g"));
    fs::write(&list, manifest).unwrap();
    succeed(&["index", "--gallery", text(&g), "--manifest", text(&list)]);
    (g, found[PICTURES].clone())
}

fn ids(answer: &Value) -> Vec<u64> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_u64().unwrap()).collect()
}

#[test]
fn a_case_is_answered_as_by_the_command_until_the_server_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = gallery(folder.path());
    let viewer = "https://pacs/viewer?StudyInstanceUIDs={study}";
    let mut server = Server::start(&g, &["--viewer", viewer]);
    let about = server.get("/api/v1/gallery").json();
    assert_eq!((&about["pictures"], &about["viewer"]), (&PICTURES.into(), &viewer.into()));
    assert_eq!(about["facets"]["label"][0], json!({ "value": "chest", "count": PICTURES }));
    let record = server.get("/api/v1/records/2").json();
    assert_eq!((&record["patient"], &record["age"]), (&"site/same".into(), &21.into()));
    let query = server.upload(&fs::read(&picture).unwrap()).json();
    let id = query["id"].as_str().unwrap();
    let answer = server.post("/api/v1/search", &json!({ "queries": [id], "k": 3 })).json();
    let found = common::json(&["search", "--gallery", text(&g), text(&picture), "--k", "3"]);
    let command: Vec<u64> = found["queries"][0]["hits"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hit| hit["id"].as_u64().unwrap())
        .collect();
    assert_eq!(ids(&answer), command, "as the command finds");
    let precision = |value: &Value| value.as_f64().unwrap();
    let apart = precision(&answer["estimate"]["precision"])
        - precision(&found["queries"][0]["expected_precision"]);
    assert!(apart.abs() < 1e-4, "{apart}");
    #[cfg(unix)]
    assert_eq!(server.terminate(), Some(0), "it ends as it was asked to");
    let log = server.log();
    assert!(
        log.lines().count() == 5
            && log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{log}"
    );
    assert!(!log.contains(id) && !log.contains("same"), "{log}");
}

#[test]
fn what_others_do_to_the_gallery_is_seen_and_a_kill_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (g, picture) = gallery(folder.path());
    let count = |server: &Server| {
        server.get("/api/v1/gallery").json()["pictures"].as_u64().unwrap() as usize
    };
    let mut server = Server::start(&g, &[]);
    assert_eq!(count(&server), PICTURES);
    succeed(&["index", "--gallery", text(&g), text(&picture)]);
    assert_eq!(count(&server), PICTURES + 1);
    let id = server.upload(&fs::read(&picture).unwrap()).json()["id"].as_str().unwrap().to_owned();
    let own = server.post("/api/v1/search", &json!({ "queries": [id], "own": true })).json();
    assert_eq!((own["hits"][0]["distance"].as_u64(), ids(&own).len()), (Some(0), PICTURES + 1));
    succeed(&["gallery", "delete", text(&g), "1"]);
    assert_eq!(server.get("/api/v1/records/1").failure(404), "unknown_record");
    server.kill();
    let server = Server::start(&g, &[]);
    assert_eq!(count(&server), PICTURES);
    let search = json!({ "queries": [id] });
    assert_eq!(server.post("/api/v1/search", &search).failure(404), "unknown_query");
}

#[test]
fn mistakes_of_the_command_line_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let g = text(&g);
    fail(&["serve", "--gallery", g, "--address", "0.0.0.0"], &["0.0.0.0", "--api-keys"]);
    let none = folder.path().join("none.toml");
    fail(&["serve", "--gallery", g, "--api-keys", text(&none)], &["none.toml", "api-key new"]);
    fs::write(&none, "[[key]]\nid = 7\n").unwrap();
    fail(&["serve", "--gallery", g, "--api-keys", text(&none)], &["none.toml"]);
    fail(&["serve", "--gallery", text(&folder.path().join("no-gallery"))], &["no-gallery"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    fail(&["serve", "--gallery", g, "--port", &port], &[&port]);
    fail(&["serve", "--gallery", g, "--viewer", "javascript:{study}"], &["https://", "{study}"]);
    fail(
        &["serve", "--gallery", g, "--traces", "collector:4318"],
        &["begins with https:// or http://"],
    );
    fail(&["api-key", "revoke", "x", "--file", text(&folder.path().join("k"))], &["`x`"]);
}

/// There is a server that answers before, during and after the switch.
#[test]
fn a_server_of_the_next_model_waits_for_the_switch() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    fail(&["serve", "--gallery", text(&g), "--bits", "64"], &["holds codes of the model"]);
    let now = Server::start(&g, &[]);
    let mut opened = Gallery::open(&g).unwrap();
    let next = ModelId(format!("{}-first-64", opened.model()));
    opened.begin_reindexing(&next, 64).unwrap();
    drop(opened);
    let then = Server::start(&g, &["--bits", "64"]);
    assert_eq!(
        (now.get("/readyz").status, then.get("/readyz").failure(503)),
        (200, "other_model".to_owned())
    );
    succeed(&["gallery", "reindex", text(&g), "--bits", "64"]);
    assert_eq!(
        (now.get("/readyz").failure(503), then.get("/readyz").status),
        ("other_model".to_owned(), 200)
    );
    let answer = then.post("/api/v1/search", &json!({ "like": [1], "own": true }));
    assert_eq!((answer.status, &answer.json()["bits"]), (200, &json!(64)));
}
