//! From a PACS into a gallery: what is acknowledged is found, though the receiver is killed.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use common::{fail, json, model, succeed, text, workspace};
use pacs::scu::Peer;

/// The UID of every phantom; in copies, the two digits before the last part are theirs.
const UID: &str = "1.2.826.0.1.3680043.10.1";

/// Copies of a phantom with UIDs of their own, `name` among the files' names.
fn copies(folder: &Path, phantom: &str, numbers: std::ops::Range<u32>) -> Vec<PathBuf> {
    let bytes = fs::read(workspace().join("crates/radiograph/tests/data/dicom").join(phantom)).unwrap();
    numbers
        .map(|number| {
            let uid = format!("1.2.826.0.1.3680043.{number}.1");
            assert_eq!(uid.len(), UID.len());
            let path = folder.join(format!("{number}.dcm"));
            fs::write(&path, replaced(&bytes, UID.as_bytes(), uid.as_bytes())).unwrap();
            path
        })
        .collect()
}

fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(from.len()).position(|part| part == from) {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

/// A listener at a port of the system's choice, and its address.
fn listen(inbox: &Path, more: &[&str]) -> (Child, String) {
    let arguments = [&["listen", "--inbox", text(inbox), "--port", "0"], more].concat();
    let mut child =
        common::command(&arguments).stderr(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    let address = line.split_whitespace().nth(2).unwrap_or_else(|| panic!("it says {line}")).to_owned();
    // What is not read would stop it in the end.
    std::thread::spawn(move || said.read_to_end(&mut Vec::new()));
    (child, address)
}

/// Sends files, and gives how many were acknowledged.
fn send(address: &str, files: &[PathBuf]) -> usize {
    let mut acknowledged = 0;
    let peer = Peer::new(address, "SKIAGRAPH", "TEST");
    let _ends_with_the_peer = peer.store(files, |_, result| acknowledged += usize::from(result.is_ok()));
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
    let work = ["inbox", "work", text(&inbox), "--gallery", text(&gallery), "--model", text(&model)];
    let taken = json(&work);
    assert_eq!((&taken["added"], &taken["failed"]), (&15.into(), &1.into()));
    let status = json(&["inbox", "status", text(&inbox)]);
    let reason = status["failures"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("PixelData is 2868 bytes"), "{reason}");
    assert!(!status.to_string().contains("PHANTOM") && !status.to_string().contains("1.2.826"));
    assert_eq!(json(&["inbox", "retry", text(&inbox)])["waiting_again"], 1);
    assert_eq!(json(&work)["failed"], 1);
    fail(&["inbox", "retry", text(&inbox), &"0".repeat(64)], &["is not among what failed"]);

    // All of them once more, to one who also encodes: nothing is there twice.
    let (mut child, address) =
        listen(&inbox, &["--gallery", text(&gallery), "--model", text(&model), "--json"]);
    assert_eq!(send(&address, &files), 20);
    while json(&["inbox", "status", text(&inbox)])["done"] != 20 {
        assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let mut report = String::new();
    child.stdout.take().unwrap().read_to_string(&mut report).unwrap();
    assert!(child.wait().unwrap().success());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["received"], &report["repeated"], &report["added"]),
        (&5.into(), &15.into(), &5.into())
    );
    let info = json(&["gallery", "info", text(&gallery)]);
    assert_eq!(info["records"], 20, "{info}");
    succeed(&["gallery", "verify", text(&gallery)]);
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
