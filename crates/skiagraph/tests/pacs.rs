//! A PACS whose instances go into a gallery: everything acknowledged is found, though the receiver
//! is killed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../pacs/tests/common/mod.rs"]
mod peers;
#[path = "common/phantoms.rs"]
mod phantoms;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use common::{fail, json, model, succeed, text};
use pacs::dicomweb::{Client, Sent};
use pacs::scu::Peer;
use phantoms::{copies, replaced};

/// A listener at a port of the system's choice, and its address.
fn listen(inbox: &Path, more: &[&str]) -> (Child, String) {
    let arguments = [&["listen", "--inbox", text(inbox), "--port", "0"], more].concat();
    let mut child =
        common::command(&arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address =
        line.split_whitespace().nth(2).unwrap_or_else(|| panic!("it says {line}")).to_owned();
    // Its output must be read, or it would block in the end.
    std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
    (child, address)
}

/// Sends files. Returns how many were acknowledged.
fn send(address: &str, files: &[PathBuf]) -> usize {
    let mut acknowledged = 0;
    let peer = Peer::new(address, "SKIAGRAPH", "TEST");
    let _ends_with_the_peer =
        peer.store(files, |_, result| acknowledged += usize::from(result.is_ok()));
    acknowledged
}

#[test]
fn what_is_acknowledged_is_found_though_the_receiver_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, gallery) = (folder.path().join("inbox"), folder.path().join("gallery"));
    let mut files = copies(folder.path(), "u12.jpeg70.dcm", 20..30);
    files.extend(copies(folder.path(), "u16.j2k.dcm", 30..40));
    // Its picture is cut short: it is received, and cannot be decoded.
    let broken = copies(folder.path(), "u8.native.dcm", 40..41);
    let bytes = fs::read(&broken[0]).unwrap();
    let cut = replaced(
        &bytes,
        &[0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 47],
        &[0x28, 0, 0x10, 0, b'U', b'S', 2, 0, 99],
    );
    fs::write(&broken[0], cut).unwrap();

    let (mut child, address) = listen(&inbox, &["--store-only"]);
    assert_eq!(send(&address, &files[..15]) + send(&address, &broken), 16);
    child.kill().unwrap();
    child.wait().unwrap();
    let status = json(&["inbox", "status", text(&inbox)]);
    assert_eq!((&status["waiting"], &status["failed"]), (&16.into(), &0.into()));

    let model = model();
    let work =
        ["inbox", "work", text(&inbox), "--gallery", text(&gallery), "--model", text(&model)];
    let taken = json(&work);
    assert_eq!((&taken["added"], &taken["failed"]), (&15.into(), &1.into()));
    let status = json(&["inbox", "status", text(&inbox)]);
    let reason = status["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("PixelData is 2868 bytes"), "{reason}");
    assert!(!status.to_string().contains("PHANTOM") && !status.to_string().contains("1.2.826"));
    assert_eq!(json(&["inbox", "retry", text(&inbox)])["waiting_again"], 1);
    assert_eq!(json(&work)["failed"], 1);
    fail(&["inbox", "retry", text(&inbox), &"0".repeat(64)], &["is not among what failed"]);

    // All of them are sent again, to a listener that also encodes: nothing is there twice.
    let (mut child, address) =
        listen(&inbox, &["--gallery", text(&gallery), "--model", text(&model), "--json"]);
    assert_eq!(send(&address, &files), 20);
    while json(&["inbox", "status", text(&inbox)])["done"] != 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let report = report(child);
    assert_eq!(
        (&report["received"], &report["repeated"], &report["added"]),
        (&5.into(), &15.into(), &5.into())
    );
    let info = json(&["gallery", "info", text(&gallery)]);
    assert_eq!(info["records"], 20, "{info}");
    succeed(&["gallery", "verify", text(&gallery)]);
}

/// Ends a listener by a signal. Returns its report.
fn report(mut child: Child) -> serde_json::Value {
    assert!(
        std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success()
    );
    let mut report = String::new();
    child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    assert!(child.wait().unwrap().success());
    serde_json::from_str(&report).unwrap()
}

/// Every offered transfer syntax is decoded. Pictures that a killed process was encoding are
/// encoded once by the next.
#[test]
fn a_picture_in_every_transfer_syntax_is_encoded_though_the_one_who_encodes_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, gallery, model) =
        (folder.path().join("inbox"), folder.path().join("gallery"), model());
    let mut files = peers::every_syntax(folder.path());
    files.retain(|path| path.starts_with(folder.path()));
    let into = ["--gallery", text(&gallery), "--model", text(&model)];
    let (mut child, address) = listen(&inbox, &into);
    let mut outcomes = Vec::new();
    let peer = Peer::new(&address, "SKIAGRAPH", "TEST");
    peer.store(&files, |_, outcome| outcomes.push(outcome)).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    succeed(&[&["inbox", "work", text(&inbox)], &into[..]].concat());
    let status = json(&["inbox", "status", text(&inbox)]);
    assert_eq!(
        (&status["waiting"], &status["taken"], &status["failed"]),
        (&0.into(), &0.into(), &0.into())
    );
    assert_eq!(json(&["gallery", "info", text(&gallery)])["records"], files.len());

    // JPEG 2000 of several components (.92), which is not decoded.
    let bytes = fs::read(folder.path().join("u12.j2k.dcm")).unwrap();
    let other = folder.path().join("other.dcm");
    fs::write(&other, replaced(&bytes, b"1.2.840.10008.1.2.4.90", b"1.2.840.10008.1.2.4.92"))
        .unwrap();
    let (child, address) = listen(&inbox, &["--store-only", "--json"]);
    assert_eq!(send(&address, &[other]), 0);
    assert_eq!(report(child)["received"], 0);
}

#[test]
fn what_is_posted_is_found_too() {
    let folder = tempfile::tempdir().unwrap();
    let (inbox, gallery, model) =
        (folder.path().join("inbox"), folder.path().join("gallery"), model());
    let token = folder.path().join("token");
    fs::write(&token, "sesame").unwrap();
    let port = peers::free_port();
    let web = format!("127.0.0.1:{port}");
    let more = ["--dicomweb", &web, "--dicomweb-bearer", text(&token), "--json"];
    let into = ["--gallery", text(&gallery), "--model", text(&model)];
    let (child, _) = listen(&inbox, &[&into[..], &more].concat());
    let known = pacs::Authorization::bearer(&token).unwrap();
    let server = pacs::Server::new(&format!("http://{web}/dicom-web"));
    let stranger = Client::new(&server).unwrap();
    let client = Client::new(&pacs::Server { authorization: Some(known), ..server }).unwrap();
    let files = copies(folder.path(), "u12.jls.dcm", 50..55);
    assert!(stranger.store(&files[0]).is_err());
    for path in &files {
        assert_eq!(client.store(path).unwrap(), Sent::Stored);
    }
    peers::wait_until("all is encoded", || json(&["inbox", "status", text(&inbox)])["done"] == 5);
    let report = report(child);
    assert_eq!((&report["received"], &report["added"]), (&5.into(), &5.into()));
    let open = ["listen", "--inbox", text(&inbox), "--store-only", "--dicomweb", "0.0.0.0:0"];
    fail(&open, &["address for DICOMweb", "token"]);
}

#[test]
fn mistakes_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let none = folder.path().join("none");
    fail(&["inbox", "status", text(&none)], &["there is no inbox", "skiagraph listen"]);
    let inbox = text(folder.path()).to_owned() + "/inbox";
    fail(&["listen", "--inbox", &inbox], &["--gallery", "--store-only"]);
    let long = ["listen", "--inbox", &inbox, "--store-only", "--ae-title", "SEVENTEEN LETTERS"];
    fail(&long, &["AE title", "1 to 16"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    fail(&["listen", "--inbox", &inbox, "--store-only", "--port", &port], &[&port]);
    fail(&["pull", "dicomweb", "ftp://x", "--inbox", &inbox], &["http://"]);
    fail(&["pull", "orthanc", "http://127.0.0.1:1", "--inbox", &inbox], &["127.0.0.1"]);
}
