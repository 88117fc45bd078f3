//! Requests that a server of STOW-RS refuses, and the reason that it gives.

mod common;

use common::posts::{KIND, ask, body, post, started_web};
use common::web;
use pacs::dicomweb::Limits;
use pacs::dicomweb::server::Config;
use serde_json::Value;

#[test]
fn what_is_not_served_is_said_before_its_body() {
    let limits = Limits { max_body_bytes: 100_000, ..Limits::default() };
    let (_folder, ours) = started_web(&Config { limits, ..web() });
    // Every refusal says why in its body.
    let status = |answer: String| {
        let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let told: Value = serde_json::from_str(body).unwrap();
        if status != "200" {
            assert!(head.contains("\r\ncontent-type: application/problem+json\r\n"), "{head}");
            assert_eq!(told["status"].to_string(), status);
            assert!(!told["title"].as_str().unwrap().is_empty(), "{told}");
            assert!(told["detail"].as_str().unwrap().len() > 20, "{told}");
        }
        status
    };
    let at = ours.address;
    assert_eq!(status(post(at, &format!("{KIND}\nContent-Length: 100001"), &[0; 100_001])), "413");
    assert_eq!(
        status(post(at, "Content-Type: application/dicom\nContent-Length: 9", b"some text")),
        "415"
    );
    assert_eq!(status(post(at, KIND, b"")), "411");
    assert_eq!(status(ask(at, "GET /dicom-web/studies HTTP/1.1", b"")), "405");
    assert_eq!(status(ask(at, "GET /../../etc/passwd HTTP/1.1", b"")), "404");
    assert_eq!(status(ask(at, "\u{16}\u{3}\u{1}", b"")), "400");
    assert_eq!(status(post(at, &format!("A: {}", "x".repeat(40_000)), b"")), "431");
    let chunked = format!("{KIND}\nTransfer-Encoding: chunked");
    assert_eq!(status(post(at, &chunked, b"zz\r\n")), "400");
    // In chunks, a body shows late that it is beyond the limit: whole parts before it stay.
    let endless = body(0..200);
    let chunk =
        [format!("{:x}\r\n", endless.len()).as_bytes(), &endless, b"\r\n0\r\n\r\n"].concat();
    assert_eq!(status(post(at, &chunked, &chunk)), "400");
    assert!((1..200).contains(&ours.waiting()));
    assert_eq!(
        status(post(at, &format!("{KIND}\nContent-Length: {}", body(0..1).len()), &body(0..1))),
        "200"
    );
}

#[test]
fn a_framing_that_makes_no_sense_is_refused() {
    let (_folder, ours) = started_web(&web());
    let status = |headers: &str, body: &[u8]| {
        post(ours.address, &format!("{KIND}\n{headers}"), body)[9..12].to_owned()
    };
    for length in ["+1", "-1", "1, 1", "", "99999999999999999999", "1\nContent-Length: 2"] {
        assert_eq!(status(&format!("Content-Length: {length}"), b"1"), "400", "{length}");
    }
    assert_eq!(status("Transfer-Encoding: gzip, chunked", b"0\r\n\r\n"), "501");
    assert!(ask(ours.address, "POST / HTTP/3", b"").contains(" 400 "));
    let long = [&b"1;"[..], &[b'x'; 50_000], b"\r\na\r\n0\r\n\r\n"].concat();
    let trailers = [b"0\r\n", b"a: b\r\n".repeat(10_000).as_slice(), b"\r\n"].concat();
    for body in [
        &b"-1\r\n"[..],
        b"1\r\nab\r\n0\r\n\r\n",
        b"FFFFFFFFFFFFFFFFF\r\n",
        b"\r\n",
        &long[..],
        &trailers,
    ] {
        assert_eq!(status("Transfer-Encoding: chunked", body), "400");
    }
    assert_eq!(ours.waiting(), 0);
}
