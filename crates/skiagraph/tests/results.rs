//! Answers as DICOM and FHIR objects, from the command line into an Orthanc and back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/mod.rs"]
mod binary;
#[path = "../../pacs/tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use binary::{fail, json, succeed, text};
use common::orthanc::Orthanc;
use common::{free_port, programs, run, uid, write_instances};

use serde_json::Value;

const STUDY: &str = "1.2.826.0.1.3680043.10.2.0";

/// A gallery of nine instances of two patients, and a query of the first patient.
fn gallery(folder: &Path) -> (PathBuf, PathBuf) {
    let gallery = folder.join("g");
    let files = [write_instances(folder, 0..2), write_instances(folder, 100..107)].concat();
    let paths: Vec<&str> = files.iter().map(|file| text(file)).collect();
    json(&[&["index", "--gallery", text(&gallery)], &paths[..]].concat());
    (gallery, files[0].clone())
}

/// Searches. Returns the answer and the files of report, capture, presentation state and bundle.
fn search(folder: &Path, gallery: &Path, query: &Path) -> (Value, [PathBuf; 4]) {
    let files = ["sr.dcm", "capture.dcm", "lines.dcm", "bundle.json"].map(|name| folder.join(name));
    let [sr, capture, lines, bundle] = files.each_ref().map(|path| text(path));
    let search =
        ["search", "--gallery", text(gallery), text(query), "--viewer", "https://ohif.example"];
    let wanted =
        ["--sr", sr, "--capture", capture, "--presentation-state", lines, "--fhir", bundle];
    (json(&[&search[..], &wanted].concat()), files)
}

#[test]
fn what_was_found_is_told_in_every_object() {
    let folder = tempfile::tempdir().unwrap();
    let (gallery, query) = gallery(folder.path());
    let (found, [sr, capture, lines, bundle]) = search(folder.path(), &gallery, &query);
    let hits = found["queries"][0]["hits"].as_array().unwrap();
    assert_eq!(hits.len(), 7);
    let link = "https://ohif.example/viewer?StudyInstanceUIDs=1.2.826.0.1.3680043.10.2.1";
    assert!(hits.iter().all(|hit| hit["link"] == link));
    let mut bundle: Value = serde_json::from_slice(&fs::read(&bundle).unwrap()).unwrap();
    assert_eq!(bundle["entry"].as_array().unwrap().len(), 7 + 3);
    // The name stands beside the reference to the query's patient, and nowhere else.
    for entry in bundle["entry"].as_array_mut().unwrap() {
        if let Some(subject) = entry["resource"].get_mut("subject") {
            subject.as_object_mut().unwrap().remove("display");
        }
    }
    let told = bundle.to_string();
    assert!(
        told.contains(STUDY)
            && told.contains("\"P0\"")
            && !told.contains("SECRET")
            && !told.contains("\"P1\"")
    );
    let again = search(folder.path(), &gallery, &query).1;
    let Some([dsrdump, dcm2pnm, dcmpschk, dcmdump]) =
        programs(["dsrdump", "dcm2pnm", "dcmpschk", "dcmdump"], "dcmtk")
    else {
        return;
    };
    let report = run(std::process::Command::new(dsrdump).args(["+Pu", "+U8"]).arg(&sr));
    for hit in hits {
        assert!(report.contains(hit["key"].as_str().unwrap()), "{report}");
        assert!(report.contains(&format!("\"{}\" (bit,UCUM", hit["distance"])), "{report}");
    }
    assert!(
        report.contains("SECRET^PATIENT") && report.contains(found["model"].as_str().unwrap()),
        "{report}"
    );
    run(std::process::Command::new(dcm2pnm).arg(&capture).arg(folder.path().join("capture.pnm")));
    run(std::process::Command::new(dcmpschk).arg(&lines));
    let told = run(std::process::Command::new(dcmdump)
        .args(["+P", "SOPInstanceUID"])
        .arg(&sr)
        .arg(&again[0]));
    let uids: Vec<&str> = told.lines().filter(|line| !line.is_empty()).collect();
    assert!(uids.len() == 2 && uids[0] == uids[1], "{told}");
}

#[test]
fn queries_without_a_study_are_told_as_fhir_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (gallery, query) = gallery(folder.path());
    let picture =
        fs::read_dir(binary::samples().join("images/nih")).unwrap().next().unwrap().unwrap().path();
    let (sr, bundle) = (folder.path().join("sr.dcm"), folder.path().join("bundle.json"));
    let search = ["search", "--gallery", text(&gallery), text(&picture)];
    let both = ["--sr", text(&sr), "--fhir", text(&bundle)];
    fail(&[&search[..], &both].concat(), &["no DICOM file", "--fhir"]);
    assert!(!sr.exists() && !bundle.exists());
    succeed(&[&search[..], &both[2..]].concat());
    assert!(!fs::read_to_string(&bundle).unwrap().contains("subject"));
    fail(
        &[&search[..], &[text(&query), "--sr", text(&sr)]].concat(),
        &["structured report", "2 pictures"],
    );
    let viewer = ["--viewer", "https://ohif.example/{patient}"];
    assert_eq!(binary::run(&[&search[..], &viewer].concat()).code, 2);
}

#[test]
fn objects_are_sent_to_a_pacs_and_found_in_the_study() {
    let folder = tempfile::tempdir().unwrap();
    let Some(orthanc) = Orthanc::start(&folder.path().join("orthanc"), free_port(), "") else {
        return;
    };
    let (gallery, query) = gallery(folder.path());
    let (_, [sr, capture, lines, _]) = search(folder.path(), &gallery, &query);
    let [query, sr, capture, lines] = [&query, &sr, &capture, &lines].map(|path| text(path));
    let address = orthanc.address();
    let store = ["send", "store", &address, "--called", "ORTHANC", query, sr, capture];
    assert_eq!(json(&store)["stored"], 3);
    let (web, password) = (format!("{}/dicom-web", orthanc.url()), orthanc.password_file());
    let stow = ["send", "dicomweb", &web, "--basic", text(&password), lines, sr];
    assert_eq!(json(&stow)["stored"], 2);
    // The report was sent twice, and is there once.
    assert_eq!(orthanc.count(), 4);
    let instances = orthanc.get(&format!("/dicom-web/studies/{STUDY}/instances"));
    let modality = |instance: &Value| instance["00080060"]["Value"][0].as_str().unwrap().to_owned();
    let mut found: Vec<String> = instances.as_array().unwrap().iter().map(modality).collect();
    found.sort();
    assert_eq!(found, ["CR", "OT", "PR", "SR"]);
    let metadata = orthanc.get(&format!("/dicom-web/studies/{STUDY}/metadata"));
    for instance in metadata.as_array().unwrap() {
        assert_eq!(instance["00100010"]["Value"][0]["Alphabetic"], "SECRET^PATIENT");
        assert_eq!(instance["00100020"]["Value"][0], "P0");
    }
    let capture =
        metadata.as_array().unwrap().iter().find(|instance| modality(instance) == "OT").unwrap();
    assert_eq!(capture["00082112"]["Value"][0]["00081155"]["Value"][0], uid(0));
    let missing = folder.path().join("missing.dcm");
    let store = ["send", "store", &address, "--called", "ORTHANC", text(&missing)];
    fail(&store, &["missing.dcm", "1 of 1 files"]);
}
