//! Clients that are slow, many, or speak no HTTP, on a service with two connections and short
//! timeouts.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use connections::{Limits, Service, Unheard, serve};
use tokio::net::TcpListener;
use tokio::sync::Notify;

/// More than the buffers of a connection take, which may be 36 MiB.
const LARGE: usize = 64 << 20;
const GRACE: Duration = Duration::from_secs(10);

/// The service as its clients see it, beside its answers.
struct Seen {
    address: SocketAddr,
    open: Arc<AtomicUsize>,
    unheard: Arc<Mutex<Vec<&'static str>>>,
}

/// Stops the service, even if a client panics.
struct Stops(Arc<Notify>);

impl Drop for Stops {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

fn service(open: &Arc<AtomicUsize>, unheard: &Arc<Mutex<Vec<&'static str>>>) -> Service {
    let heard = Arc::clone(unheard);
    let router = Router::new()
        .route("/small", get(|| async { "small" }))
        .route("/large", get(|| async { vec![0_u8; LARGE] }))
        .route("/unread", post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "unread") }));
    Service {
        router,
        busy: Router::new().fallback(|| async { (StatusCode::SERVICE_UNAVAILABLE, "busy") }),
        unheard: Arc::new(move |_, reason: &Unheard| {
            heard.lock().unwrap().push(reason.reason());
            (reason.status().unwrap_or_default(), reason.reason()).into_response()
        }),
        tls: None,
        keep_alive: true,
        open: Arc::clone(open),
    }
}

/// Runs `clients` against a service, and stops it afterwards.
fn served(clients: impl FnOnce(&Seen) + Send + 'static) {
    served_within(Duration::from_secs(1), clients);
}

/// Runs `clients` as [`served`] does, with this time for an answer.
fn served_within(transfer: Duration, clients: impl FnOnce(&Seen) + Send + 'static) {
    let head = Duration::from_millis(300);
    let limits = Limits { connections: 2, head, transfer, grace: GRACE };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Seen { address, open: Arc::default(), unheard: Arc::default() };
        let service = service(&seen.open, &seen.unheard);
        let stop = Arc::new(Notify::new());
        let stopping = Stops(Arc::clone(&stop));
        let clients = thread::spawn(move || {
            let _at_last = stopping;
            clients(&seen);
        });
        serve(listener, service, limits, &stop).await;
        clients.join().unwrap();
    });
}

fn ask(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream
}

fn all(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection that is cut off is at its end, too.
    let _cut = stream.read_to_end(&mut bytes);
    bytes
}

fn text(stream: TcpStream) -> String {
    String::from_utf8(all(stream)).unwrap()
}

fn last(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
}

impl Seen {
    fn wait_for(&self, count: usize) {
        let start = Instant::now();
        while self.open.load(Ordering::Relaxed) != count {
            assert!(start.elapsed() < Duration::from_secs(10), "not {count} connections");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn has_unheard(&self, reason: &str) -> bool {
        self.unheard.lock().unwrap().iter().any(|one| one.contains(reason))
    }
}

#[test]
fn who_sends_no_head_is_let_go() {
    served(|seen| {
        let half = ask(seen.address, "GET /small HTTP/1.1\r\nHost:");
        let idle = ask(seen.address, "");
        seen.wait_for(2);
        seen.wait_for(0);
        assert!(text(half).starts_with("HTTP/1.1 408 "), "half a head is answered");
        assert!(all(idle).is_empty(), "silence is not");
        assert!(text(ask(seen.address, &last("/small"))).ends_with("small"));
    });
}

#[test]
fn who_sends_no_head_makes_room() {
    served(|seen| {
        let halves: Vec<_> =
            (0..20).map(|_| ask(seen.address, "GET /small HTTP/1.1\r\nHost:")).collect();
        let answer = text(ask(seen.address, &last("/small")));
        assert!(answer.ends_with("small"), "{answer}");
        assert!(halves.into_iter().take(18).all(|half| all(half).is_empty()));
        assert!(seen.has_unheard("its slot was needed"));
    });
}

#[test]
fn what_is_no_head_is_told_why() {
    served(|seen| {
        let long = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(1 << 20));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(65));
        for (head, status) in [
            ("\u{16}\u{3}\u{1}\r\n\r\n", "400 Bad Request"),
            ("GET / HTTP/3\r\n\r\n", "400 Bad Request"),
            (&long, "431 Request Header Fields Too Large"),
            (&many, "431 Request Header Fields Too Large"),
        ] {
            let answer = text(ask(seen.address, head));
            assert!(answer.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{answer}");
            assert!(answer.ends_with(", expected HTTP/1.1") || answer.ends_with(", expected less"));
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        }
    });
}

#[test]
fn whatever_is_full_the_others_are_answered_at_once() {
    served_within(Duration::from_secs(20), |seen| {
        let mut slow: Vec<_> = (0..2).map(|_| ask(seen.address, &last("/large"))).collect();
        for stream in &mut slow {
            stream.read_exact(&mut [0; 1000]).unwrap();
        }
        seen.wait_for(2);
        let _flood: Vec<_> =
            (0..40).map(|_| ask(seen.address, "GET /small HTTP/1.1\r\nHost:")).collect();
        let other = text(ask(seen.address, "GET /small HTTP/1.1\r\nHost: a\r\n\r\n"));
        assert!(other.starts_with("HTTP/1.1 503") && other.ends_with("busy"), "{other}");
    });
}

#[test]
fn who_does_not_take_the_answer_is_let_go() {
    served(|seen| {
        let mut slow = ask(seen.address, &last("/large"));
        slow.read_exact(&mut [0; 1000]).unwrap();
        seen.wait_for(1);
        seen.wait_for(0);
        assert!(all(slow).len() < LARGE);
        assert!(
            all(ask(seen.address, &last("/large"))).len() > LARGE,
            "who takes it gets it whole"
        );
    });
}

/// A client that sends all of a body before it listens.
#[test]
fn an_answer_before_the_body_is_read_by_who_sends_it_all() {
    served(|seen| {
        let head =
            format!("POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 8 << 20);
        let answer = text(ask(seen.address, &(head + &"a".repeat(8 << 20))));
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.ends_with("unread"), "{answer}");
    });
}

#[test]
fn an_idle_connection_does_not_hold_the_end_up() {
    let start = Instant::now();
    served(|seen| {
        let stream = ask(seen.address, "GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
        seen.wait_for(1);
        std::mem::forget(stream);
    });
    assert!(start.elapsed() < GRACE);
}
