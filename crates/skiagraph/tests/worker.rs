//! A worker and pictures that the database refuses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/phantoms.rs"]
mod phantoms;
#[path = "../../gallery/tests/common/server.rs"]
mod postgres;

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use common::{command, json, model, pictures, samples, text};
use phantoms::{copies, replaced};
use postgres::Server;
use serde_json::Value;

/// All pictures but the refused one are stored. That one is tried five times, and set aside with
/// its reason.
#[test]
fn what_is_refused_keeps_nobody_else_out() {
    let Some(server) = Server::start() else { return };
    let (at, model, all) =
        (server.database("gallery"), model(), pictures(&samples().join("images")));
    let files: Vec<&str> = all.iter().take(12).map(|path| text(path)).collect();
    let put = ["queue", "put", "--gallery", text(&at), "--model", text(&model)];
    assert_eq!(json(&[&put[..], &files].concat())["put"], 12);
    let refused = files[5];
    server.sql(
        "gallery",
        &format!(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN IF new.name = '{refused}' THEN RAISE EXCEPTION 'not this one'; END IF; RETURN new; END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON skiagraph.records FOR EACH ROW EXECUTE FUNCTION refuse()"
        ),
    );
    let worker =
        ["worker", "--gallery", text(&at), "--model", text(&model), "--until-empty", "--json"];
    let mut worker = command(&worker).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    while worker.try_wait().unwrap().is_none() {
        // The pauses between tries are skipped.
        server.sql(
            "gallery",
            "UPDATE skiagraph.jobs SET due = now() WHERE claim IS NULL AND NOT set_aside",
        );
        sleep(Duration::from_millis(100));
    }
    let worked: Value = serde_json::from_slice(&worker.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(worked["added"], 11, "{worked}");
    let info = json(&["queue", "info", text(&at)]);
    let aside = info["set_aside"].as_array().unwrap();
    assert!(
        aside.len() == 1 && aside[0]["reason"].as_str().unwrap().contains("not this one"),
        "{info}"
    );
    assert_eq!(server.sql("gallery", "SELECT attempts FROM skiagraph.jobs"), "5");
    assert_eq!(json(&["gallery", "info", text(&at)])["records"], 11);
}

#[test]
fn faults_of_pictures_are_told() {
    let Some(server) = Server::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (at, model) = (server.database("gallery"), model());
    let file = copies(folder.path(), "u8.native.dcm", 20..21).remove(0);
    let sound = fs::read(&file).unwrap();
    fs::write(&file, replaced(&sound, b"MONOCHROME2", b"Monochrome2")).unwrap();
    let gallery = ["--gallery", text(&at), "--model", text(&model)];
    json(&[&["queue", "put"], &gallery[..], &[text(&file)]].concat());
    let worked = json(&[&["worker", "--until-empty"], &gallery[..]].concat());
    let warned = worked["warned"].as_array().unwrap();
    assert_eq!((&worked["added"], warned.len()), (&1.into(), 1), "{worked}");
    assert!(warned[0]["warnings"][0].as_str().unwrap().contains("MONOCHROME2 was assumed"));
}
