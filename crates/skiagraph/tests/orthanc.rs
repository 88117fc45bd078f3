//! A real Orthanc whose instances go into a gallery: routed by the documented script, and pulled in
//! each way, by the built binary.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../pacs/tests/common/mod.rs"]
mod peers;

use common::{json, model, text};
use pacs::scu::Peer;
use peers::orthanc::{Orthanc, documented_script};
use peers::{Running, every_syntax, free_port, is_unknown_to_dcmtk, wait_until, write_instances};
use std::path::{Path, PathBuf};

fn send(orthanc: &Orthanc, files: &[PathBuf]) {
    let peer = Peer::new(&orthanc.address(), "ORTHANC", "SKIAGRAPH");
    peer.store(files, |path, outcome| outcome.unwrap_or_else(|error| panic!("{path:?}: {error}")))
        .unwrap();
}

fn records(gallery: &Path) -> u64 {
    json(&["gallery", "info", text(gallery)])["records"].as_u64().unwrap()
}

#[test]
fn a_script_routes_what_orthanc_receives_into_a_gallery() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, gallery, model) =
        (folder.path().join("inbox"), folder.path().join("gallery"), model());
    let port = free_port();
    let script = documented_script();
    let Some(orthanc) = Orthanc::start(&folder.path().join("orthanc"), port, &script) else {
        return;
    };
    let at = port.to_string();
    let to = [
        "--gallery",
        text(&gallery),
        "--model",
        text(&model),
        "--port",
        &at,
        "--caller",
        "ORTHANC",
    ];
    let arguments = [&["listen", "--inbox", text(&inbox)], &to[..]].concat();
    let mut listening = Running(common::command(&arguments).spawn().unwrap());
    wait_until("it listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    let mut files = every_syntax(folder.path());
    files.retain(|path| path.starts_with(folder.path()) && !is_unknown_to_dcmtk(path));
    send(&orthanc, &files);
    let status = || json(&["inbox", "status", text(&inbox)]);
    wait_until("all is encoded", || status()["done"] == files.len());
    assert_eq!(status()["failed"], 0);
    assert!(listening.0.try_wait().unwrap().is_none(), "it ended by itself");
    drop(listening);
    assert_eq!(records(&gallery), files.len() as u64);
}

#[test]
fn each_way_of_pulling_goes_on_where_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, gallery, model) =
        (folder.path().join("inbox"), folder.path().join("gallery"), model());
    let port = free_port();
    let Some(orthanc) = Orthanc::start(&folder.path().join("orthanc"), port, "") else { return };
    let (password, url, port) = (orthanc.password_file(), orthanc.url(), port.to_string());
    let into = ["--inbox", text(&inbox), "--gallery", text(&gallery), "--model", text(&model)];
    let counts = |report: serde_json::Value| {
        assert_eq!(
            report["differing"], 0,
            "the same instance comes in other file meta another way: {report}"
        );
        ["new", "known", "added"]
            .map(|name| report.get(name).and_then(|count| count.as_u64()).unwrap_or(0))
    };
    let basic = ["--basic", text(&password)];
    let feed = || counts(json(&[&["pull", "orthanc", &url], &basic[..], &into[..]].concat()));
    send(&orthanc, &write_instances(folder.path(), 0..12));
    assert_eq!(feed(), [12, 0, 12]);
    assert_eq!(feed(), [0, 0, 0], "its position is kept from one run to the next");
    send(&orthanc, &write_instances(folder.path(), 12..15));
    assert_eq!(feed(), [3, 0, 3]);
    send(&orthanc, &write_instances(folder.path(), 15..20));
    let web = format!("{url}/dicom-web");
    let query = ["--modality", "CR", "--body-part", "CHEST", "--from", "20260101"];
    let pulled = [&["pull", "dicomweb", &web], &basic[..], &query[..], &into[..]].concat();
    assert_eq!(counts(json(&pulled)), [5, 15, 5]);
    send(&orthanc, &write_instances(folder.path(), 20..22));
    let address = orthanc.address();
    let moved = ["pull", "move", &address, "--called", "ORTHANC", "--port", &port];
    assert_eq!(counts(json(&[&moved, &query[..], &into[..]].concat())), [2, 0, 2]);
    assert_eq!(records(&gallery), 22);
}
