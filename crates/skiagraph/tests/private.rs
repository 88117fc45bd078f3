//! Privacy on a shared machine: modes of files, control characters in output, and a file of keys
//! that many processes change at once.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{command, json, pictures, run, samples, succeed, text};
use serde_json::json;
use server::Server;

/// Files and folders below a folder that others than their owner may read, write or enter.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, metadata) = (entry.path(), entry.metadata().unwrap());
        if metadata.is_dir() {
            found.extend(open_to_others(&path));
        }
        if metadata.permissions().mode() & 0o077 != 0 {
            found.push(path);
        }
    }
    found
}

#[test]
fn what_may_hold_patients_data_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (found, g) = (pictures(&samples().join("images")), at("g"));
    succeed(&["index", "--gallery", text(&g), text(&found[0]), text(&found[1])]);
    succeed(&["gallery", "map", text(&g)]);
    succeed(&["gallery", "backup", text(&g), text(&at("copy"))]);
    succeed(&["gallery", "export", text(&g), text(&at("export"))]);
    succeed(&["encode", "--shard", "1/1", "--out", text(&at("shards")), text(&found[0])]);
    let html = at("pages/answer.html");
    succeed(&["search", "--gallery", text(&g), text(&found[0]), "--html", text(&html)]);
    succeed(&["explain", text(&found[0]), "--out", text(&at("why.png"))]);
    let mut server = Server::start(&g, &["--audit", text(&at("audit"))]);
    let file = fs::read(&found[0]).unwrap();
    let query = server.upload(&file).json()["id"].as_str().unwrap().to_owned();
    let set = json!({ "name": "a", "search": { "queries": [query], "k": 1 } });
    assert_eq!(server.post("/api/v1/sets", &set).status, 201);
    let job =
        server.ask("POST", "/api/v1/jobs", &[], &[]).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.ask("POST", &format!("/api/v1/jobs/{job}/files"), &[], &file).status, 201);
    assert!(g.join("sets.sqlite").exists() && g.join("jobs").exists());
    server.kill();
    assert_eq!(open_to_others(folder.path()), Vec::<PathBuf>::new());
}

#[test]
fn names_labels_and_sources_do_not_act_on_a_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let (g, manifest) = (folder.path().join("g"), folder.path().join("manifest.csv"));
    let found = pictures(&samples().join("images"));
    let evil = "\u{1b}[2J\nerror: forged\u{9b}1m\r\u{202e}";
    let copy = folder.path().join(format!("{evil}.jpg"));
    fs::copy(&found[0], &copy).unwrap();
    fs::write(folder.path().join(format!("b{evil}.jpg")), "broken").unwrap();
    let rows = [&copy, &found[1]].map(|path| format!("\"{}\",\"{evil}\",\"{evil}\"\n", text(path)));
    fs::write(&manifest, format!("path,labels,source\n{}", rows.concat())).unwrap();
    let g = text(&g);
    let mut said = String::new();
    for arguments in [
        &["index", "--gallery", g, "--manifest", text(&manifest)][..],
        &["index", "--gallery", g, text(folder.path())],
        &["search", "--gallery", g, text(&copy), "--own"],
        &["search", "--gallery", g, text(&copy), "--own", "--json"],
        &["gallery", "info", g],
        &["gallery", "info", g, "--json"],
        &["check", text(folder.path())],
        &["search", "--gallery", g, &format!("/nowhere/{evil}")],
    ] {
        let ran = run(arguments);
        assert!(!ran.stderr.contains("panicked"), "{}", ran.stderr);
        said += &(ran.stdout + &ran.stderr);
    }
    assert!(said.contains("\\u{1b}[2J\\nerror: forged\\u{9b}1m\\r\\u{202e}"), "{said}");
    let acts = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!said.contains(acts), "{said:?}");
    assert!(!said.lines().any(|line| line.starts_with("error: forged")), "{said}");
}

#[test]
fn twenty_who_make_keys_at_once_all_have_theirs() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let api_key = |action: &[&str]| {
        let mut command = command(&[&["api-key"], action, &["--file", text(&file)]].concat());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let made: Vec<_> = (0..20).map(|_| api_key(&["new", "--role", "reader"])).collect();
    assert!(made.into_iter().all(|mut process| process.wait().unwrap().success()));
    let list = || json(&["api-key", "list", "--file", text(&file)]).as_array().unwrap().clone();
    assert_eq!(list().len(), 20);
    for round in 1..=10 {
        let revoked = list()[0]["id"].as_str().unwrap().to_owned();
        let mut processes: Vec<_> = (0..3).map(|_| api_key(&["new", "--role", "admin"])).collect();
        processes.push(api_key(&["revoke", &revoked]));
        assert!(processes.into_iter().all(|mut process| process.wait().unwrap().success()));
        let keys = list();
        assert!(keys.len() == 20 + 2 * round && keys.iter().all(|key| key["id"] != revoked));
    }
    assert_eq!(open_to_others(folder.path()), Vec::<PathBuf>::new());
}
