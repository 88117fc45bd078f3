//! Corrected instances, pictures that share a SOP Instance UID by mistake, and manifests that
//! describe known pictures otherwise. The first is kept, and the sender of another is told, however
//! it comes in.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/phantoms.rs"]
mod phantoms;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use common::{command, json, model, run, succeed, text};
use pacs::inbox::{Inbox, Limits, Stored};
use phantoms::{copies, replaced};
use serde_json::Value;
use server::Server;

/// A phantom, and copies: with another patient, with another picture, and with another private
/// remark alone.
fn four(folder: &Path) -> [PathBuf; 4] {
    let first = copies(folder, "u8.native.dcm", 20..21).remove(0);
    let bytes = fs::read(&first).unwrap();
    let mut inverted = bytes.clone();
    let at = bytes.len() - 2000;
    inverted[at..].iter_mut().for_each(|byte| *byte = !*byte);
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let patient = write("patient.dcm", &replaced(&bytes, b"PHANTOM", b"PHANTOK"));
    // A gallery does not keep the application entity's version.
    let version = write("version.dcm", &replaced(&bytes, b"PYDICOM 3.0.2", b"PYDICOM 3.0.3"));
    [first, patient, write("picture.dcm", &inverted), version]
}

/// Indexes, and expects an exit code. Returns the report.
fn index(gallery: &Path, files: &[&PathBuf], code: i32) -> Value {
    let model = model();
    let fixed = ["index", "--json", "--gallery", text(gallery), "--model", text(&model)];
    let files: Vec<&str> = files.iter().map(|file| text(file)).collect();
    let ran = run(&[&fixed[..], &files].concat());
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.stderr.contains("warning: "), code == 3, "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn index_names_what_it_does_not_keep() {
    let folder = tempfile::tempdir().unwrap();
    let (gallery, [first, patient, picture, version]) =
        (folder.path().join("g"), four(folder.path()));
    let named = |paths: &[&PathBuf]| {
        serde_json::json!(paths.iter().map(|path| text(path)).collect::<Vec<_>>())
    };
    // In one batch, once more, and in an existing gallery.
    let report = index(&gallery, &[&first, &patient, &picture, &version], 3);
    assert_eq!((&report["added"], &report["known"]), (&1.into(), &3.into()));
    assert_eq!(report["differing"], named(&[&patient, &picture]));
    assert_eq!(index(&gallery, &[&picture], 3)["differing"], named(&[&picture]));
    assert_eq!(index(&gallery, &[&first, &version], 0)["differing"], named(&[]));
    assert_eq!(json(&["gallery", "info", text(&gallery)])["records"], 1);
    let model = model();
    let ran = run(&["index", "--gallery", text(&gallery), "--model", text(&model), text(&patient)]);
    assert!(
        ran.code == 3
            && ran.stderr.contains("kept the first: ")
            && ran.stderr.contains("patient.dcm")
    );
}

/// Indexes a manifest of one row, and expects an exit code. Returns the report and what was said.
fn index_row(gallery: &Path, row: &str, code: i32) -> (Value, String) {
    let manifest = gallery.with_file_name("manifest.csv");
    fs::write(&manifest, format!("path,labels,patient_id,age\n{row}\n")).unwrap();
    let model = model();
    let fixed = ["index", "--gallery", text(gallery), "--model", text(&model)];
    let index = [&fixed[..], &["--manifest", text(&manifest)]].concat();
    let said = run(&index);
    let ran = run(&[&index[..], &["--json"]].concat());
    assert_eq!((said.code, ran.code), (code, code), "{}{}", ran.stdout, ran.stderr);
    (serde_json::from_str(&ran.stdout).unwrap(), said.stderr)
}

#[test]
fn a_row_that_describes_a_known_picture_otherwise_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = folder.path().join("g");
    let png = folder.path().join("a.png");
    fs::copy(&common::pictures(&common::samples().join("images"))[0], &png).unwrap();
    index_row(&gallery, "a.png,chest|normal,1000,40", 0);
    let (report, said) = index_row(&gallery, "a.png,fracture,4711,40", 3);
    let expected =
        serde_json::json!([{ "name": "a.png", "record": 1, "fields": ["labels", "patient"] }]);
    assert_eq!((&report["known"], &report["contradicting"]), (&1.into(), &expected), "{report}");
    for expected in
        ["other labels, patient than record 1", "a.png", "gallery delete", "warning: 1 "]
    {
        assert!(said.contains(expected), "{said}");
    }
    assert!(
        !said.contains("4711") && !said.contains("1000") && !said.contains("fracture"),
        "{said}"
    );
    // A row or a folder that says less, or the same in another order, is no contradiction.
    assert_eq!(
        index_row(&gallery, "a.png,normal|chest,,", 0).0["contradicting"],
        serde_json::json!([])
    );
    assert_eq!(index(&gallery, &[&png], 0)["known"], 1);
}

#[test]
fn check_tells_of_two_pictures_under_one_uid() {
    let folder = tempfile::tempdir().unwrap();
    let files = four(folder.path());
    let model = model();
    let paths: Vec<&str> = files.iter().map(|file| text(file)).collect();
    let checked = json(&[&["check", "--model", text(&model)][..], &paths].concat());
    let warned: Vec<bool> = (0..4)
        .map(|file| checked[file]["warnings"].to_string().contains("SOP Instance UID of"))
        .collect();
    assert_eq!(warned, [false, true, true, false], "{checked}");
}

#[test]
fn an_inbox_tells_of_both_doors() {
    let folder = tempfile::tempdir().unwrap();
    let (at, gallery, [first, patient, picture, _]) =
        (folder.path().join("inbox"), folder.path().join("g"), four(folder.path()));
    let read = |path: &PathBuf| fs::read(path).unwrap();
    let inbox = Inbox::open(&at, Limits { min_free_bytes: 0, ..Limits::default() }).unwrap();
    assert_eq!(inbox.store("1.2", &read(&patient)).unwrap(), Stored::New);
    assert_eq!(inbox.store("1.2", &read(&picture)).unwrap(), Stored::Differs);
    assert_eq!(json(&["inbox", "status", text(&at)])["differing"], 1);
    let said = succeed(&["inbox", "status", text(&at)]).stdout;
    assert!(
        said.contains("another data set under a known UID: kept the first (1 in all)"),
        "{said}"
    );
    // The gallery has another one under that UID.
    index(&gallery, &[&first], 0);
    let model = model();
    let ran = run(&[
        "inbox",
        "work",
        text(&at),
        "--gallery",
        text(&gallery),
        "--model",
        text(&model),
        "--json",
    ]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &report["differing_from_gallery"]), (3, &1.into()), "{report}");
    assert!(ran.stderr.contains("kept the first: "), "{}", ran.stderr);
}

#[test]
fn a_job_tells_which_file_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let (gallery, [first, patient, picture, _]) = (folder.path().join("g"), four(folder.path()));
    index(&gallery, &[&first], 0);
    let server = Server::start(&gallery, &[]);
    let made = server.ask("POST", "/api/v1/jobs", &[], b"").json();
    let job = format!("/api/v1/jobs/{}", made["id"].as_str().unwrap());
    for file in [&patient, &first, &picture] {
        assert_eq!(
            server.ask("POST", &format!("{job}/files"), &[], &fs::read(file).unwrap()).status,
            201
        );
    }
    let start = std::time::Instant::now();
    while server.get(&job).json()["done"] != 3 {
        assert!(start.elapsed().as_secs() < 60);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let view = server.get(&job).json();
    assert_eq!((&view["known"], &view["differing_count"]), (&1.into(), &2.into()), "{view}");
    assert_eq!(view["differing"], serde_json::json!([1, 3]), "{view}");
}

/// An instance that is new to two processes at once belongs to one of them.
#[test]
fn processes_beside_each_other_tell_too() {
    let folder = tempfile::tempdir().unwrap();
    let (gallery, [first, patient, ..]) = (folder.path().join("g"), four(folder.path()));
    let model = model();
    let other = copies(folder.path(), "u8.native.dcm", 21..22).remove(0);
    index(&gallery, &[&other], 0);
    let start = |file: &PathBuf| {
        let mut command =
            command(&["index", "--gallery", text(&gallery), "--model", text(&model), text(file)]);
        command
            .stderr(std::process::Stdio::piped())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let both = [start(&first), start(&patient)].map(|child| child.wait_with_output().unwrap());
    let mut codes = both.map(|output| output.status.code().unwrap());
    codes.sort_unstable();
    assert_eq!(codes, [0, 3], "one of them is first");
}
