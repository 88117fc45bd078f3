//! STOW-RS over HTTP: by this project's client, in chunks, under TLS, and by hostile clients.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Ours, every_syntax, instance, uid, wait_until, web, write_instances};
use pacs::dicomweb::server::{Config, Listener};
use pacs::dicomweb::{Client, Limits, Sent};
use pacs::{Authorization, Server, ServerTls};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

const KIND: &str = "Content-Type: multipart/related; type=\"application/dicom\"; boundary=xyz";

fn started(config: &Config) -> (TempDir, Ours) {
    let folder = tempdir().unwrap();
    let ours = Ours::start_web(&folder.path().join("inbox"), config);
    (folder, ours)
}

fn secret(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join(text);
    fs::write(&path, text).unwrap();
    path
}

fn body(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let part = |number| {
        [b"--xyz\r\nContent-Type: application/dicom\r\n\r\n".as_slice(), &instance(number), b"\r\n"]
            .concat()
    };
    [numbers.flat_map(part).collect(), b"--xyz--\r\n".to_vec()].concat()
}

/// Everything that comes back on a connection, to its end.
fn answer(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = Vec::new();
    let _a_reset_ends_it_too = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn ask(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{head}\r\n\r\n").replace("\r\n", "\n").replace('\n', "\r\n");
    let _where_it_closes_early =
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    answer(&mut stream)
}

fn post(address: SocketAddr, headers: &str, body: &[u8]) -> String {
    ask(address, &format!("POST /dicom-web/studies HTTP/1.1\nHost: us\n{headers}"), body)
}

#[test]
fn our_client_stores_with_a_token_and_every_syntax_is_taken() {
    let folder = tempdir().unwrap();
    let wanted = Authorization::bearer(&secret(folder.path(), "sesame")).unwrap();
    let (_inbox, ours) = started(&Config { authorization: Some(wanted.clone()), ..web() });
    let server = Server::new(&format!("http://{}/dicom-web", ours.address));
    let known = Client::new(&Server { authorization: Some(wanted), ..server.clone() }).unwrap();
    let mut files = write_instances(folder.path(), 0..20);
    files.extend(
        every_syntax(folder.path()).into_iter().filter(|path| path.starts_with(folder.path())),
    );
    for _again in 0..2 {
        for path in &files {
            assert_eq!(known.store(path).unwrap(), Sent::Stored, "{path:?}");
        }
        assert_eq!(ours.waiting(), files.len() as u64);
    }
    let other = Authorization::basic(&secret(folder.path(), "a:sesame")).unwrap();
    for authorization in [None, Some(other)] {
        let stranger = Client::new(&Server { authorization, ..server.clone() }).unwrap();
        assert!(stranger.store(&files[0]).unwrap_err().to_string().contains("401"));
    }
    assert!(!ours.log().contains("SECRET") && !ours.log().contains("sesame"), "{}", ours.log());
}

#[test]
fn a_body_in_chunks_that_waits_to_be_wanted() {
    let (_folder, ours) = started(&web());
    let mut stream = TcpStream::connect(ours.address).unwrap();
    let head = format!(
        "POST /dicom-web/studies/?x=y HTTP/1.1\r\n{KIND}\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut wanted = [0; 25];
    stream.read_exact(&mut wanted).unwrap();
    assert_eq!(&wanted, b"HTTP/1.1 100 Continue\r\n\r\n");
    for piece in body(0..3).chunks(700) {
        let chunk = [format!("{:X}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        stream.write_all(&chunk).unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let answer = answer(&mut stream);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\r\ndate: "), "{answer}");
    assert!(answer.contains("application/dicom+json") && answer.contains(&uid(2)), "{answer}");
    assert_eq!(ours.waiting(), 3);
}

#[test]
fn what_is_not_served_is_said_before_its_body() {
    let limits = Limits { max_body_bytes: 100_000, ..Limits::default() };
    let (_folder, ours) = started(&Config { limits, ..web() });
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
    let (_folder, ours) = started(&web());
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

#[test]
fn the_slow_the_broken_and_the_many() {
    let (_folder, ours) =
        started(&Config { idle: Duration::from_secs(3), max_requests: 2, ..web() });
    let begin = Instant::now();
    let whole = body(0..2);
    let head = format!(
        "POST /dicom-web/studies HTTP/1.1\r\n{KIND}\r\nContent-Length: {}\r\n\r\n",
        whole.len()
    );
    let open = |bytes: &[u8]| {
        let mut stream = TcpStream::connect(ours.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    };
    // Two that are asked for their bodies and send all but the end, and a third.
    let served = || {
        let mut stream =
            open(head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n").as_bytes());
        stream.read_exact(&mut [0; 25]).unwrap();
        stream.write_all(&whole[..whole.len() - 10]).unwrap();
        stream
    };
    let mut slow = [served(), served()];
    assert!(ask(ours.address, "GET / HTTP/1.1", b"").contains(" 503 "), "{}", ours.log());
    for stream in &mut slow {
        assert!(answer(stream).contains(" 408 "), "{}", ours.log());
    }
    assert!(answer(&mut open(&head.as_bytes()[..30])).contains(" 408 "), "{}", ours.log());
    drop(open(&[head.as_bytes(), &whole[..whole.len() - 700]].concat()));
    wait_until("all have ended", || ours.log().matches("ended").count() >= 5);
    assert_eq!(ours.waiting(), 1, "what came whole is kept, and no more");
    let bodies = |range| {
        let whole = body(range);
        post(ours.address, &format!("{KIND}\nContent-Length: {}", whole.len()), &whole)
    };
    wait_until("there is room again", || bodies(2..4).contains(" 200 "));
    assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", begin.elapsed());
}

#[test]
fn half_heads_shut_nobody_out() {
    let (_folder, ours) = started(&Config { idle: Duration::from_secs(30), ..web() });
    let half = || {
        let mut stream = TcpStream::connect(ours.address).unwrap();
        stream.write_all(b"POST /dicom-web/studies HTTP/1.1\r\nHost:").unwrap();
        stream
    };
    let flood: Vec<_> = (0..40).map(|_| half()).collect();
    let (begin, whole) = (Instant::now(), body(0..2));
    let stored = post(ours.address, &format!("{KIND}\nContent-Length: {}", whole.len()), &whole);
    assert!(stored.contains(" 200 "), "{stored}");
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    wait_until("the oldest were told of", || ours.log().contains("its slot was needed"));
    drop(flood);
}

#[test]
fn under_tls_and_only_where_clients_are_known() {
    let tls = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
    let server = ServerTls {
        certificate: tls("server.pem"),
        key: tls("server.key"),
        client_authorities: None,
    };
    let (folder, ours) = started(&Config { tls: Some(server.clone()), ..web() });
    let url = format!("https://localhost:{}/dicom-web", ours.address.port());
    let client =
        Client::new(&Server { authorities: Some(tls("authority.pem")), ..Server::new(&url) })
            .unwrap();
    for path in write_instances(folder.path(), 0..3) {
        assert_eq!(client.store(&path).unwrap(), Sent::Stored);
    }
    assert_eq!(ours.waiting(), 3);
    assert!(!post(ours.address, "", b"").contains("HTTP"), "no plain text");
    let everywhere = Config { address: "0.0.0.0:0".parse().unwrap(), ..web() };
    let refused = Listener::bind(&everywhere).unwrap_err().to_string();
    assert!(refused.contains("loopback") && refused.contains("token"), "{refused}");
    let tls = Some(ServerTls { client_authorities: Some(tls("authority.pem")), ..server });
    Listener::bind(&Config { tls, ..everywhere }).unwrap();
}
