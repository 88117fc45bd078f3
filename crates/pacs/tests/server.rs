//! STOW-RS over HTTP: by this project's client, in chunks, under TLS, and by hostile clients.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::posts::{KIND, answer, ask, body, post, started_web};
use common::{every_syntax, uid, wait_until, web, write_instances};
use pacs::dicomweb::server::{Config, Listener};
use pacs::dicomweb::{Client, Sent};
use pacs::{Authorization, Server, ServerTls};
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::tempdir;

fn secret(folder: &Path, text: &str) -> std::path::PathBuf {
    let path = folder.join(text);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn our_client_stores_with_a_token_and_every_syntax_is_taken() {
    let folder = tempdir().unwrap();
    let wanted = Authorization::bearer(&secret(folder.path(), "sesame")).unwrap();
    let (_inbox, ours) = started_web(&Config { authorization: Some(wanted.clone()), ..web() });
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
    let (_folder, ours) = started_web(&web());
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
fn the_slow_the_broken_and_the_many() {
    let (_folder, ours) =
        started_web(&Config { idle: Duration::from_secs(3), max_requests: 2, ..web() });
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
    let (_folder, ours) = started_web(&Config { idle: Duration::from_secs(30), ..web() });
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
    let (folder, ours) = started_web(&Config { tls: Some(server.clone()), ..web() });
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

/// A request of which half came may go on for a while; what it brought whole is kept.
#[test]
fn a_stop_waits_five_seconds_for_half_a_body() {
    let (_folder, ours) = started_web(&Config { idle: Duration::from_secs(60), ..web() });
    let (inbox, whole) = (Arc::clone(&ours.inbox), body(0..2));
    let head = format!(
        "POST /dicom-web/studies HTTP/1.1\r\n{KIND}\r\nContent-Length: {}\r\n\r\n",
        whole.len()
    );
    let mut stream = TcpStream::connect(ours.address).unwrap();
    let half = &whole[..whole.len() - 10];
    stream.write_all(&[head.as_bytes(), half].concat()).unwrap();
    wait_until("the first is kept", || ours.waiting() == 1);
    let begin = Instant::now();
    drop(ours);
    let took = begin.elapsed();
    assert!((Duration::from_secs(4)..Duration::from_secs(12)).contains(&took), "{took:?}");
    assert_eq!(inbox.counts().unwrap().waiting, 1);
    assert_eq!(fs::read_dir(inbox.folder().join("incoming")).unwrap().count(), 2);
}
