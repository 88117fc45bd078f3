//! Our client of DICOMweb asks and stores at servers that page, pack and redirect as they like.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::instance;
use common::theirs::{Theirs, json_of, series, wanted};
use pacs::dicomweb::{Client, Sent};
use pacs::{Authorization, Query, Server};
use serde_json::json;
use std::fs;
use std::io::Write;
use tempfile::tempdir;

/// The offset that a page is asked for at.
fn offset(asked: &str) -> usize {
    let text = asked.split("offset=").nth(1).unwrap_or("0");
    text.split(['&', ' ']).next().unwrap().parse().unwrap()
}

#[test]
fn a_server_that_repeats_itself_is_asked_twice() {
    let theirs = Theirs::start(|_| json_of(&json!([series(1, "CT")])));
    assert!(theirs.client().series(&wanted("DX"), usize::MAX).unwrap().is_empty());
    assert_eq!(theirs.asked(), 2);
    let body_part = Query { body_part: Some("CHEST".to_owned()), ..Query::default() };
    assert_eq!(theirs.client().series(&body_part, usize::MAX).unwrap().len(), 1);
    assert_eq!(theirs.asked(), 4);
    // Pages in turn, answers that are no series, and a limit below what there is.
    let in_turn = Theirs::start(|asked| json_of(&json!([series(offset(asked) % 3, "CT")])));
    assert!(in_turn.client().series(&wanted("DX"), usize::MAX).unwrap().is_empty());
    assert_eq!(in_turn.asked(), 4);
    let nameless = Theirs::start(|_| json_of(&json!([{}, { "0020000E": { "vr": "UI" } }])));
    assert!(nameless.client().series(&wanted("DX"), usize::MAX).unwrap().is_empty());
    assert_eq!(nameless.asked(), 1);
}

#[test]
fn a_server_of_small_pages_is_asked_for_all_of_them() {
    let theirs = Theirs::start(|asked| {
        let from = offset(asked).min(25);
        let page: Vec<_> = (from..(from + 10).min(25)).map(|number| series(number, "DX")).collect();
        json_of(&page.into())
    });
    assert_eq!(theirs.client().series(&wanted("DX"), usize::MAX).unwrap().len(), 25);
    assert_eq!(theirs.asked(), 4);
    assert_eq!(theirs.client().series(&wanted("DX"), 7).unwrap().len(), 7);
    assert_eq!(theirs.asked(), 5);
    let asked = theirs.asked.lock().unwrap()[0].clone();
    assert!(asked.contains("limit=200"), "more is refused by some: {asked}");
}

#[test]
fn a_list_without_end_is_an_error() {
    let theirs = Theirs::start(|asked| json_of(&json!([series(offset(asked), "CT")])));
    let error = theirs.client().series(&wanted("DX"), usize::MAX).unwrap_err().to_string();
    assert!(error.contains("10000 answers, and no end"), "{error}");
    assert_eq!(theirs.asked(), 10_000);
}

#[test]
fn days_that_were_not_asked_for_are_passed_over() {
    let theirs = Theirs::start(|_| {
        let mut old = series(1, "DX");
        old["00080020"] = json!({ "vr": "DA", "Value": ["20190101"] });
        json_of(&json!([old, series(2, "DX")]))
    });
    let query = Query { from: Some("20260101".to_owned()), ..wanted("DX") };
    let found = theirs.client().series(&query, usize::MAX).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].series.ends_with(".2"));
}

#[test]
fn no_match_and_a_page_are_told_in_many_ways() {
    let page = json!([series(1, "DX")]).to_string();
    let packed = {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(page.as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let lower = page.replace("0020000D", "0020000d").replace("0020000E", "0020000e");
    let one = series(1, "DX").to_string();
    let json = "Content-Type: application/json; charset=utf-8\r\n";
    let cases: [(usize, u16, &str, Vec<u8>); 13] = [
        (0, 200, "", Vec::new()),
        (0, 200, "Content-Type: application/dicom+json\r\n", b" \r\n".to_vec()),
        (0, 200, json, b"[]".to_vec()),
        (0, 200, json, b"null".to_vec()),
        (0, 204, "", Vec::new()),
        (0, 206, "Warning: 299 x \"fuzzymatching is not supported\"\r\n", Vec::new()),
        (1, 206, "Warning: 299 x \"there are more\"\r\n", page.clone().into_bytes()),
        (1, 200, json, page.clone().into_bytes()),
        (1, 200, "", page.clone().into_bytes()),
        (1, 200, json, format!("\u{FEFF}{page}\n").into_bytes()),
        (1, 200, json, one.into_bytes()),
        (1, 200, json, lower.into_bytes()),
        (1, 200, "Content-Encoding: gzip\r\n", packed),
    ];
    for (count, status, headers, body) in cases {
        let (shown, headers) = (format!("{status} {headers}"), headers.to_owned());
        let theirs = Theirs::start(move |_| (status, headers.clone(), body.clone()));
        let found = theirs.client().series(&wanted("DX"), usize::MAX);
        assert_eq!(found.map_err(|error| error.to_string()).unwrap().len(), count, "{shown}");
    }
}

#[test]
fn what_is_no_list_is_an_error_that_says_so() {
    let cases: [(u16, &str, &[u8], &str); 7] = [
        (200, "Content-Type: text/html\r\n", b"<html>SECRET", "text/html that is no such JSON"),
        (200, "Content-Type: <SECRET>\r\n", b"SECRET", "another media type that is no such JSON"),
        (200, "Content-Encoding: br\r\n", b"SECRET", "another content encoding"),
        (200, "Content-Encoding: gzip\r\n", b"SECRET", "a body that breaks off"),
        (200, "", b"[1]", "no such JSON"),
        (413, "", b"SECRET", "ask for less"),
        (503, "", b"SECRET", "ask again later"),
    ];
    for (status, headers, body, expected) in cases {
        let theirs = Theirs::start(move |_| (status, headers.to_owned(), body.to_vec()));
        let error = theirs.client().series(&wanted("DX"), usize::MAX).unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("SECRET"), "{error}");
    }
}

#[test]
fn redirects_are_followed_with_what_we_show_to_the_same_host_alone() {
    let folder = tempdir().unwrap();
    let token = folder.path().join("token");
    fs::write(&token, "sesame").unwrap();
    let other = Theirs::start(|_| json_of(&json!([])));
    let elsewhere = format!("Location: http://localhost:{}/x\r\n", other.address.port());
    let theirs = Theirs::start(move |asked| match asked {
        asked if asked.contains("/new/") => json_of(&json!([series(1, "DX")])),
        asked if asked.contains("offset=1") => (302, elsewhere.clone(), Vec::new()),
        _ => (301, "Location: /new/series\r\n".to_owned(), Vec::new()),
    });
    let authorization = Some(Authorization::bearer(&token).unwrap());
    let client = Client::new(&Server { authorization, ..theirs.server() }).unwrap();
    assert_eq!(client.series(&wanted("DX"), usize::MAX).unwrap().len(), 1);
    let asked = theirs.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|asked| asked.ends_with("(authorized)")), "{asked:?}");
    assert!(!other.asked.lock().unwrap()[0].contains("(authorized)"));
    let endless = Theirs::start(|_| (302, "Location: /dicom-web/series\r\n".into(), Vec::new()));
    endless.client().series(&wanted("DX"), usize::MAX).unwrap_err();
    assert!(endless.asked() < 10);
}

#[test]
fn what_is_stored_is_told_in_many_ways() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a.dcm");
    fs::write(&file, instance(1)).unwrap();
    let failed = json!({ "00081198": { "vr": "SQ", "Value": [
        { "00081197": { "vr": "US", "Value": [272] } },
    ] } });
    let cases = [
        (200, String::new(), Some(Sent::Stored)),
        (204, String::new(), Some(Sent::Stored)),
        (202, String::new(), Some(Sent::Refused(0))),
        (409, String::new(), Some(Sent::Refused(0))),
        (409, failed.to_string(), Some(Sent::Refused(272))),
        (200, "<html>".to_owned(), None),
        (302, String::new(), None),
        (307, String::new(), None),
    ];
    for (status, body, expected) in cases {
        let theirs = Theirs::start(move |asked| match asked {
            asked if asked.contains("/moved") => (200, String::new(), Vec::new()),
            _ => (status, "Location: /moved\r\n".to_owned(), body.clone().into_bytes()),
        });
        assert_eq!(theirs.client().store(&file).ok(), expected, "{status}");
        assert_eq!(theirs.asked(), 1, "{status}: not sent on");
    }
}
