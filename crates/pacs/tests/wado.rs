//! Instances that servers of DICOMweb send under many names, and some that do not come whole.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::theirs::{Answer, Theirs, json_of, series, wanted};
use common::{CR, instance, limits, uid};
use pacs::inbox::Inbox;
use pacs::{Event, Fetched};
use serde_json::{Value, json};
use std::sync::Mutex;
use tempfile::tempdir;

fn listed(number: usize) -> Value {
    json!({
        "00080016": { "vr": "UI", "Value": [CR] },
        "00080018": { "vr": "UI", "Value": [uid(number)] },
    })
}

/// Fetches one instance with this answer. Returns the counts and the messages of the events.
fn pulled(answer: Answer) -> (Fetched, String) {
    let folder = tempdir().unwrap();
    let inbox = Inbox::open(folder.path(), limits()).unwrap();
    let theirs = Theirs::start(move |asked| match asked {
        asked if asked.contains("/instances/") => answer.clone(),
        asked if asked.contains("/instances?") => json_of(&json!([listed(1)])),
        _ => json_of(&json!([series(0, "CR")])),
    });
    let said = Mutex::new(String::new());
    let note = |event: &Event| *said.lock().unwrap() += &event.to_string();
    let fetched = theirs.client().pull(&wanted("CR"), 10, &inbox, &note).unwrap();
    (fetched, said.into_inner().unwrap())
}

fn parts(boundary: &str, headers: &str, instances: &[Vec<u8>]) -> Vec<u8> {
    let part = |instance: &Vec<u8>| {
        [format!("--{boundary}\r\n{headers}\r\n").as_bytes(), instance, b"\r\n"].concat()
    };
    [instances.iter().flat_map(part).collect(), format!("--{boundary}--\r\n").into_bytes()].concat()
}

#[test]
fn an_instance_comes_in_many_ways() {
    let dicom = "Content-Type: application/dicom\r\n";
    let one = || vec![instance(1)];
    let of = |kind: &str| format!("Content-Type: {kind}\r\n");
    let cases = [
        (
            of("multipart/related; type=\"application/dicom\"; boundary=xyz"),
            parts("xyz", dicom, &one()),
        ),
        (of("multipart/related; boundary=\"xyz\""), parts("xyz", "", &one())),
        (of("multipart/related; boundary='xyz'"), parts("xyz", dicom, &one())),
        (of("multipart/related; boundary=--xyz"), parts("xyz", dicom, &one())),
        (of("multipart/related"), parts("xyz", dicom, &one())),
        (of("multipart/mixed; boundary=xyz"), parts("xyz", "Content-Type: image/jpeg\r\n", &one())),
        (
            of("multipart/related; boundary=DICOM DATA BOUNDARY; type=application/dicom"),
            parts("DICOM DATA BOUNDARY", "Content-Type: application/octet-stream\r\n", &one()),
        ),
        (
            of("multipart/related; boundary=\"=_(a)'+,-./:?\""),
            parts("=_(a)'+,-./:?", "content-location: x\r\n", &one()),
        ),
        (
            of("multipart/related; boundary=xyz"),
            [b"\r\n".to_vec(), parts("xyz", dicom, &one())].concat(),
        ),
        (
            of("multipart/related; boundary=xyz"),
            parts("xyz", dicom, &[b"{}".to_vec(), instance(2), instance(1)]),
        ),
        (of("application/dicom"), instance(1)),
        (of("application/dicom"), parts("xyz", dicom, &one())),
        (of("application/octet-stream"), instance(1)),
        (of("multipart/related; boundary=xyz"), instance(1)),
        (of("text/plain"), instance(1)),
        (String::new(), instance(1)),
    ];
    for (headers, body) in cases {
        let shown = headers.clone();
        let (fetched, said) = pulled((200, headers, body));
        assert_eq!((fetched.new, fetched.passed_over), (1, 0), "{shown}: {said}");
    }
    let (fetched, _) = pulled((206, String::new(), instance(1)));
    assert_eq!(fetched.new, 1);
}

#[test]
fn an_instance_that_does_not_come_whole_is_passed_over() {
    let kind = || "Content-Type: multipart/related; boundary=xyz\r\n".to_owned();
    let whole = parts("xyz", "", &[instance(1)]);
    let html = "Content-Type: text/html\r\n".to_owned();
    let cases = [
        (200, kind(), whole[..whole.len() - 50].to_vec(), "the peer closed"),
        (200, kind(), b"--xyz--\r\n".to_vec(), "no part at all"),
        (200, kind(), parts("xyz", "", &[instance(2)]), "SOPInstanceUID"),
        (200, html, b"<html>SECRET".to_vec(), "got text/html"),
        (200, String::new(), Vec::new(), "not a DICOM file"),
        (500, String::new(), Vec::new(), "500"),
        (406, String::new(), Vec::new(), "406"),
        (404, String::new(), Vec::new(), "404"),
    ];
    for (status, headers, body, expected) in cases {
        let (fetched, said) = pulled((status, headers, body));
        assert_eq!((fetched.new, fetched.passed_over), (0, 1), "{expected}");
        assert!(said.contains(expected) && !said.contains("SECRET"), "{said}");
    }
}
