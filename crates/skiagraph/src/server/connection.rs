//! Connections: how many, and how long a client may take to send a head and to take an answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::Limits;
use super::hurried::Hurried;
use super::tls::Tls;

/// What is told to a client for whom there is no place.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
/// After a failed accept, as when no file descriptor is left.
const PAUSE: Duration = Duration::from_millis(50);

/// Who is at the other end: among each request's extensions.
#[derive(Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Accepts until it is told to stop, and counts those who are connected in `open`. Then open requests are answered, and idle
/// connections closed.
pub(super) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    router: Router,
    open: &Arc<AtomicUsize>,
    limits: Limits,
    stop: &Notify,
) {
    let tls = tls.map(Arc::new);
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.notified() => break,
        };
        match (accepted, Arc::clone(&places).try_acquire_owned()) {
            (Ok((stream, peer)), Ok(place)) => {
                let place = Place::take(place, open);
                let _or_slower = stream.set_nodelay(true);
                let stream = Hurried::new(stream, limits.transfer);
                let (service, watcher, tls) = ((router.clone(), Peer(peer)), graceful.watcher(), tls.clone());
                tokio::spawn(async move {
                    let _until_it_ends = place;
                    match tls {
                        None => converse(stream, service, limits.head, watcher).await,
                        Some(tls) => {
                            if let Some(stream) = tls.accept(stream, limits.head).await {
                                converse(stream, service, limits.head, watcher).await;
                            }
                        }
                    }
                });
            }
            (Ok((stream, _)), Err(_)) => drop(tokio::spawn(refuse(stream))),
            (Err(_), _) => sleep(PAUSE).await,
        }
    }
    drop(listener);
    let _or_as_much_as_was_done = timeout(limits.grace, graceful.shutdown()).await;
}

async fn refuse(stream: TcpStream) {
    let told = async {
        stream.writable().await?;
        stream.try_write(FULL)?;
        // What was asked is taken in: else closing would take the answer back.
        stream.readable().await?;
        stream.try_read(&mut [0; 4096])
    };
    let _or_it_has_gone = timeout(Duration::from_secs(1), told).await;
}

/// Answers what comes by a stream; each request has the client's address among its extensions.
async fn converse<S>(stream: S, (router, peer): (Router, Peer), head: Duration, watcher: Watcher)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), service);
    let _client_went_away = watcher.watch(connection).await;
}

/// An open connection among those that may be, counted.
struct Place {
    _permit: OwnedSemaphorePermit,
    open: Arc<AtomicUsize>,
}

impl Place {
    fn take(permit: OwnedSemaphorePermit, open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self { _permit: permit, open: Arc::clone(open) }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use std::io::{Read, Write};
    use std::thread;

    const LARGE: usize = 32 << 20;

    /// Stops the server, also when a client panics.
    struct Stops(Arc<Notify>);

    impl Drop for Stops {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    /// Runs `clients` against a server of two connections that is in a hurry, and stops it afterwards.
    fn served(clients: impl FnOnce(SocketAddr, &AtomicUsize) + Send + 'static) {
        let limits = Limits {
            connections: 2,
            head: Duration::from_millis(300),
            transfer: Duration::from_secs(1),
            ..Limits::default()
        };
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
        // A connection that is cut is at its end, too.
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
            let refused = String::from_utf8(all(ask(address, ""))).unwrap();
            assert!(refused.starts_with("HTTP/1.1 503") && refused.contains("Retry-After"), "{refused}");
            wait_for(open, 0);
            assert!(!String::from_utf8(all(half)).unwrap().contains("small"));
            drop(idle);
            let answer = all(ask(address, "GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
            assert!(answer.ends_with(b"small"));
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
