//! Connections: their number, the time a client may take to send a head and to take an answer, and
//! which of them makes room for others.
//!
//! A connection that waits for its client's next head makes room for others (`connections::Slots`). A
//! connection for which none makes room gets one of a few reserved slots, in which only probes are
//! answered. So probes are answered whatever else is full.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use connections::{Slot, Slots};
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Limits;
use super::body;
use super::error::Problem;
use super::timeout_stream::TimeoutStream;
use super::tls::Tls;

/// The paths of probes, which are answered even when all slots are taken.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];
/// The number of slots reserved for probes, and the time for a client there to send a head.
const APART: usize = 16;
const APART_HEAD: Duration = Duration::from_secs(1);
/// The pause after a failed accept, as when no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(50);

/// The client's address, among each request's extensions.
#[derive(Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Accepts connections until it is told to stop, and counts them in `open`. Then open requests are
/// answered, and idle connections closed.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    open: &Arc<AtomicUsize>,
    limits: Limits,
    stop: &Notify,
) {
    let tls = tls.map(Arc::new);
    let rooms = [Room::of_all(router.clone(), limits), Room::apart(router)];
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.notified() => break,
        };
        let Ok((stream, peer)) = accepted else {
            sleep(PAUSE).await;
            continue;
        };
        // If even the reserved slots are taken, dropping the stream closes the connection.
        let Some(connection) = rooms.iter().find_map(|room| room.admit(peer, open)) else {
            continue;
        };
        let _or_slower = stream.set_nodelay(true);
        let stream = TimeoutStream::new(stream, limits.transfer, &connection.slot);
        tokio::spawn(connection.live(stream, tls.clone(), graceful.watcher()));
    }
    drop(listener);
    let _or_as_much_as_was_done = timeout(limits.grace, graceful.shutdown()).await;
}

/// Slots, and the routes that are open to their connections.
struct Room {
    slots: Arc<Slots>,
    router: Router,
    head: Duration,
    /// True if a connection may send more than one request.
    keep_alive: bool,
}

impl Room {
    fn of_all(router: Router, limits: Limits) -> Self {
        Self { slots: Slots::new(limits.connections), router, head: limits.head, keep_alive: true }
    }

    fn apart(router: Router) -> Self {
        let router = router.layer(from_fn(probes_alone));
        Self { slots: Slots::new(APART), router, head: APART_HEAD, keep_alive: false }
    }

    /// Gives a connection a slot, if one is free or another connection makes room.
    fn admit(&self, peer: SocketAddr, open: &Arc<AtomicUsize>) -> Option<Connection> {
        let end = Arc::new(Notify::new());
        let ended = Arc::clone(&end);
        let slot = self.slots.take(peer.ip(), move || ended.notify_one())?;
        let (router, head, keep_alive) = (self.router.clone(), self.head, self.keep_alive);
        let slot = Arc::new(slot);
        Some(Connection {
            slot,
            end,
            _open: Open::count(open),
            router,
            peer: Peer(peer),
            head,
            keep_alive,
        })
    }
}

/// Answers probes. For other requests, it reads some of the body and asks the client to come back:
/// otherwise closing would discard the answer.
async fn probes_alone(request: axum::extract::Request, next: Next) -> Response {
    if PROBES.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    body::discard_some(request.into_body()).await;
    Problem::Busy.into_response()
}

/// A connection that has a slot.
struct Connection {
    slot: Arc<Slot>,
    /// The signal to make room.
    end: Arc<Notify>,
    _open: Open,
    router: Router,
    peer: Peer,
    head: Duration,
    keep_alive: bool,
}

impl Connection {
    /// Answers requests until the client leaves or the slot is needed.
    async fn live(self, stream: TimeoutStream, tls: Option<Arc<Tls>>, watcher: Watcher) {
        let answering = async {
            match tls {
                None => self.converse(stream, watcher).await,
                Some(tls) => {
                    if let Some(stream) = tls.accept(stream, self.head).await {
                        self.converse(stream, watcher).await;
                    }
                }
            }
        };
        tokio::select! {
            () = answering => {}
            () = self.end.notified() => {}
        }
    }

    /// Answers the requests of a stream. Each has the client's address among its extensions.
    async fn converse<S>(&self, stream: S, watcher: Watcher)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, peer) = (TowerToHyperService::new(self.router.clone()), self.peer);
        let slot = Arc::clone(&self.slot);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            // A request keeps the slot from its head to the end of its answer. After that the
            // stream keeps it until all is sent.
            let task = slot.task();
            let answer = router.call(request);
            async move {
                let keeping = move |frame| {
                    let _until_the_body_is_dropped = &task;
                    frame
                };
                answer.await.map(|response| response.map(|body| Body::new(body.map_frame(keeping))))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head)
            .keep_alive(self.keep_alive)
            .serve_connection(TokioIo::new(stream), service);
        let _client_went_away = watcher.watch(connection).await;
    }
}

/// An open connection, counted until it ends.
struct Open(Arc<AtomicUsize>);

impl Open {
    fn count(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::io::{Read, Write};
    use std::thread;

    /// More than the buffers of a connection take, which may be 36 MiB.
    const LARGE: usize = 64 << 20;

    /// Stops the server, even if a client panics.
    struct Stops(Arc<Notify>);

    impl Drop for Stops {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    /// Runs `clients` against a server with two connections and short timeouts, and stops it
    /// afterwards.
    fn served(clients: impl FnOnce(SocketAddr, &AtomicUsize) + Send + 'static) {
        served_within(Duration::from_secs(1), clients);
    }

    /// Runs `clients` as [`served`] does, with this time for an answer.
    fn served_within(
        transfer: Duration,
        clients: impl FnOnce(SocketAddr, &AtomicUsize) + Send + 'static,
    ) {
        let head = Duration::from_millis(300);
        let limits = Limits { connections: 2, head, transfer, ..Limits::default() };
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (address, open) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
            let (stop, counted) = (Arc::new(Notify::new()), Arc::clone(&open));
            let stopping = Stops(Arc::clone(&stop));
            let clients = thread::spawn(move || {
                let _at_last = stopping;
                clients(address, &counted);
            });
            let router = Router::new().route("/small", get(|| async { "small" }));
            let router = router.route("/healthz", get(|| async { "alive" }));
            let router = router.route("/large", get(|| async { vec![0_u8; LARGE] }));
            serve(listener, None, router, &open, limits, &stop).await;
            clients.join().unwrap();
        });
    }

    fn ask(address: SocketAddr, request: &str) -> std::net::TcpStream {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    fn all(mut stream: std::net::TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A connection that is cut off is at its end, too.
        let _cut = stream.read_to_end(&mut bytes);
        bytes
    }

    fn wait_for(open: &AtomicUsize, count: usize) {
        let start = std::time::Instant::now();
        while open.load(Ordering::Relaxed) != count {
            assert!(start.elapsed() < Duration::from_secs(10), "not {count} connections");
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn who_sends_no_head_is_let_go() {
        served(|address, open| {
            let half = ask(address, "GET /small HTTP/1.1\r\nHost:");
            let idle = ask(address, "");
            wait_for(open, 2);
            wait_for(open, 0);
            assert!(!String::from_utf8(all(half)).unwrap().contains("small"));
            drop(idle);
            let answer =
                all(ask(address, "GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
            assert!(answer.ends_with(b"small"));
        });
    }

    #[test]
    fn who_sends_no_head_makes_room() {
        served(|address, _| {
            let halves: Vec<_> =
                (0..20).map(|_| ask(address, "GET /small HTTP/1.1\r\nHost:")).collect();
            let answer =
                all(ask(address, "GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
            assert!(answer.ends_with(b"small"), "{}", String::from_utf8_lossy(&answer));
            assert!(halves.into_iter().take(18).all(|half| all(half).is_empty()));
        });
    }

    #[test]
    fn whatever_is_full_probes_are_answered() {
        served_within(Duration::from_secs(20), |address, open| {
            let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
            let mut slow: Vec<_> = (0..2).map(|_| ask(address, &get("/large"))).collect();
            for stream in &mut slow {
                stream.read_exact(&mut [0; 1000]).unwrap();
            }
            wait_for(open, 2);
            let _flood: Vec<_> =
                (0..40).map(|_| ask(address, "GET /healthz HTTP/1.1\r\nHost:")).collect();
            let alive = String::from_utf8(all(ask(address, &get("/healthz")))).unwrap();
            assert!(alive.starts_with("HTTP/1.1 200") && alive.ends_with("alive"), "{alive}");
            let other = String::from_utf8(all(ask(address, &get("/small")))).unwrap();
            assert!(other.starts_with("HTTP/1.1 503") && other.contains("retry-after"), "{other}");
        });
    }

    #[test]
    fn who_does_not_take_the_answer_is_let_go() {
        served(|address, open| {
            let request = "GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
            let mut slow = ask(address, request);
            slow.read_exact(&mut [0; 1000]).unwrap();
            wait_for(open, 1);
            wait_for(open, 0);
            assert!(all(slow).len() < LARGE);
            assert!(all(ask(address, request)).len() > LARGE, "one who takes it gets it whole");
        });
    }

    #[test]
    fn an_idle_connection_does_not_hold_the_end_up() {
        let start = std::time::Instant::now();
        served(|address, open| {
            let stream = ask(address, "GET /small HTTP/1.1\r\nHost: a\r\n\r\n");
            wait_for(open, 1);
            std::mem::forget(stream);
        });
        assert!(start.elapsed() < Limits::default().grace);
    }
}
