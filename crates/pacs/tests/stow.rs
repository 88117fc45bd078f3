//! STOW-RS as a server answers it, without a server.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{ALL_SYNTAXES, CR, instance, instance_of, limits, uid};
use pacs::dicomweb::{Answer, Limits, Receiver};
use pacs::inbox::{Inbox, Limits as InboxLimits};
use pacs::{Error, Event};
use serde_json::{Value, json};
use std::io::{self, Read};
use tempfile::tempdir;

const KIND: &str = r#"multipart/related; type="application/dicom"; boundary=xyz"#;

fn body(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(
            [b"--xyz\r\nContent-Type: application/dicom\r\n\r\n", part.as_slice(), b"\r\n"]
                .concat(),
        );
    }
    body.extend(b"--xyz--\r\n");
    body
}

fn receive_with(inbox: &Inbox, limits: Limits, kind: &str, mut body: &[u8]) -> Answer {
    let syntaxes = ALL_SYNTAXES.map(String::from);
    let events = |event: &Event| assert!(!event.to_string().contains("SECRET"));
    let receiver = Receiver { inbox, transfer_syntaxes: &syntaxes, limits, events: &events };
    receiver.receive(kind, &mut body, "test").unwrap()
}

fn receive(inbox: &Inbox, body: &[u8]) -> (u16, Value) {
    let answer = receive_with(inbox, Limits::default(), KIND, body);
    (answer.status, serde_json::from_str(&answer.body).unwrap_or(Value::Null))
}

fn waiting(inbox: &Inbox) -> u64 {
    inbox.counts().unwrap().waiting
}

#[test]
fn each_part_is_stored_or_told_of() {
    let folder = tempdir().unwrap();
    let inbox = Inbox::open(folder.path(), limits()).unwrap();
    let (status, answer) = receive(&inbox, &body(&[instance(1), instance(2)]));
    assert_eq!((status, waiting(&inbox)), (200, 2));
    let item = |number: usize| {
        json!({
            "00081150": { "vr": "UI", "Value": [CR] },
            "00081155": { "vr": "UI", "Value": [uid(number)] },
            "00081190": { "vr": "UR" },
        })
    };
    let expected = json!({
        "00081190": { "vr": "UR" },
        "00081199": { "vr": "SQ", "Value": [item(1), item(2)] },
    });
    assert_eq!(answer, expected);
    assert_eq!(receive(&inbox, &body(&[instance(1), instance(2)])), (200, expected), "again");
    assert_eq!(waiting(&inbox), 2);
    let corrected = instance_of(2, CR, "SECRET^CORRECTED");
    let (status, answer) = receive(&inbox, &body(&[instance(1), corrected]));
    let warning = json!({ "vr": "US", "Value": [0xB006] });
    let items = &answer["00081199"]["Value"];
    assert_eq!(
        (status, &items[0]["00081196"], &items[1]["00081196"]),
        (202, &Value::Null, &warning)
    );
    assert_eq!((waiting(&inbox), inbox.counts().unwrap().differing), (2, 1), "the first is kept");
}

#[test]
fn failures_have_their_reasons() {
    let folder = tempdir().unwrap();
    let inbox = Inbox::open(folder.path(), limits()).unwrap();
    let report = instance_of(3, "1.2.840.10008.5.1.4.1.1.88.11", "SECRET");
    let at =
        instance(4).windows(19).position(|bytes| bytes == common::EXPLICIT.as_bytes()).unwrap();
    let mut other = instance(4);
    other[at..at + 19].copy_from_slice(b"1.2.840.10008.1.2.9");
    let huge = [instance(5), vec![0; 17 << 20]].concat();
    let parts = [report, other, huge, b"SECRET".to_vec(), instance(6)];
    let (status, answer) = receive(&inbox, &body(&parts));
    assert_eq!((status, waiting(&inbox)), (202, 1));
    let reasons = |sequence: &str| -> Vec<u64> {
        let items = answer[sequence]["Value"].as_array().unwrap();
        items.iter().map(|item| item["00081197"]["Value"][0].as_u64().unwrap()).collect()
    };
    assert_eq!(reasons("00081198"), [0x0122, 0xC122]);
    assert_eq!(reasons("0008119A"), [0xA700, 0xC000]);
    assert_eq!(answer["00081199"]["Value"][0]["00081155"]["Value"][0], uid(6));
    assert!(!answer.to_string().contains("SECRET"));
    assert_eq!(receive(&inbox, &body(&parts[..4])).0, 409);
}

#[test]
fn what_is_no_such_body_is_refused() {
    let folder = tempdir().unwrap();
    let inbox = Inbox::open(folder.path(), limits()).unwrap();
    let whole = body(&[instance(1)]);
    let status =
        |kind: &str, body: &[u8]| receive_with(&inbox, Limits::default(), kind, body).status;
    assert_eq!(status("application/dicom", &whole), 415);
    assert_eq!(
        status(r#"multipart/related; type="application/dicom+json"; boundary=xyz"#, &whole),
        415
    );
    assert_eq!(status("multipart/related; type=\"application/dicom\"", &whole), 400);
    assert_eq!(status(KIND, b""), 400);
    assert_eq!(status(KIND, b"--xyz--"), 400);
    let answer = receive_with(&inbox, Limits::default(), KIND, b"--xyz--");
    let why: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(answer.media_type, "application/problem+json");
    assert_eq!((&why["status"], &why["title"]), (&json!(400), &json!("Bad Request")));
    assert!(why["detail"].as_str().unwrap().contains("no parts"), "{why}");
    assert_eq!(waiting(&inbox), 0);
    let one = Limits { max_instances: 1, ..Limits::default() };
    assert_eq!(receive_with(&inbox, one, KIND, &body(&[instance(1), instance(2)])).status, 400);
    assert_eq!(waiting(&inbox), 1, "what came before the limit stays");
    let short = Limits { max_body_bytes: 500, ..Limits::default() };
    assert!(receive_with_error(&inbox, short, &body(&[instance(3)])));
    assert_eq!(waiting(&inbox), 1);
}

/// Tells whether the body counts as broken off.
fn receive_with_error(inbox: &Inbox, limits: Limits, mut body: &[u8]) -> bool {
    let syntaxes = ALL_SYNTAXES.map(String::from);
    let receiver =
        Receiver { inbox, transfer_syntaxes: &syntaxes, limits, events: &|_: &Event| () };
    matches!(receiver.receive(KIND, &mut body, "test"), Err(Error::Closed))
}

#[test]
fn without_room_there_is_no_service() {
    let folder = tempdir().unwrap();
    let inbox =
        Inbox::open(folder.path(), InboxLimits { min_free_bytes: u64::MAX, ..limits() }).unwrap();
    let (status, answer) = receive(&inbox, &body(&[instance(1), instance(2)]));
    assert_eq!(status, 503);
    assert_eq!(answer["0008119A"]["Value"].as_array().unwrap().len(), 2);
}

/// A source that breaks off after so many bytes.
struct Breaking<'a>(&'a [u8]);

impl Read for Breaking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::ConnectionReset.into()),
            read => Ok(read),
        }
    }
}

#[test]
fn a_body_that_breaks_off_keeps_what_came_whole() {
    let folder = tempdir().unwrap();
    let inbox = Inbox::open(folder.path(), limits()).unwrap();
    let syntaxes = ALL_SYNTAXES.map(String::from);
    let quiet = |_: &Event| ();
    let receiver = Receiver {
        inbox: &inbox,
        transfer_syntaxes: &syntaxes,
        limits: Limits::default(),
        events: &quiet,
    };
    let whole = body(&[instance(1), instance(2)]);
    let mut broken = Breaking(&whole[..whole.len() - 100]);
    assert!(receiver.receive(KIND, &mut broken, "test").is_err());
    assert_eq!(waiting(&inbox), 1);
    assert!(inbox.knows(&uid(1)).unwrap() && !inbox.knows(&uid(2)).unwrap());
}
