//! The life of one connection: the handshake, its requests, and its end.

use std::convert::Infallible;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{HttpService, Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::service::{Peer, Service};
use super::slots::Slot;
use super::timeout_stream::TimeoutStream;
use super::unheard::{MAX_HEAD, MAX_HEADERS, Unheard, write};

/// The most bytes that are read and discarded at the end of a connection, and the longest time for
/// it.
const DISCARD: usize = 64 << 20;
const DISCARD_TIME: Duration = Duration::from_secs(1);

/// The terms of a connection.
pub(crate) struct Terms {
    pub(crate) service: Service,
    /// The time for a head.
    pub(crate) head: Duration,
    /// The time for taking an answer.
    pub(crate) transfer: Duration,
}

/// A connection that has a slot.
pub(crate) struct Connection {
    pub(crate) peer: SocketAddr,
    pub(crate) slot: Arc<Slot>,
    /// The signal to make room.
    pub(crate) end: Arc<Notify>,
    pub(crate) terms: Arc<Terms>,
    /// True once the head of a request was understood.
    pub(crate) understood: Arc<AtomicBool>,
    pub(crate) _open: Open,
}

/// The future of an answer.
type Answering = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

impl Connection {
    /// Answers requests until the client leaves, the slot is needed or the service ends.
    pub(crate) async fn live(self, stream: TcpStream, stopping: watch::Receiver<()>) {
        let answering = async {
            match &self.terms.service.tls {
                None => self.converse(stream, stopping).await,
                Some(tls) => match tls.accept(stream, self.terms.head).await {
                    Ok(stream) => self.converse(stream, stopping).await,
                    Err(error) => drop(self.unheard(&Unheard::Broken(error))),
                },
            }
        };
        tokio::select! {
            () = answering => {}
            () = self.end.notified() => {
                if !self.understood.load(Ordering::Relaxed) {
                    drop(self.unheard(&Unheard::MadeRoom));
                }
            }
        }
    }

    fn unheard(&self, reason: &Unheard) -> Response {
        (self.terms.service.unheard)(self.peer, reason)
    }

    /// Answers the requests of a stream, and ends it.
    async fn converse<S>(&self, stream: S, mut stopping: watch::Receiver<()>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Terms { service, head, transfer } = &*self.terms;
        let stream = TimeoutStream::new(stream, *transfer, &self.slot, &self.understood);
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(*head)
            .max_header_size(MAX_HEAD)
            .max_headers(MAX_HEADERS)
            .keep_alive(service.keep_alive)
            .serve_connection(TokioIo::new(stream), self.answers());
        let outcome = loop {
            tokio::select! {
                outcome = poll_fn(|context| connection.poll_without_shutdown(context)) => {
                    break outcome;
                }
                Ok(()) = stopping.changed() => Pin::new(&mut connection).graceful_shutdown(),
            }
        };
        let parts = connection.into_parts();
        self.end(parts.io.into_inner(), outcome, !parts.read_buf.is_empty()).await;
    }

    /// The answers to requests. Each request has the client's address among its extensions.
    fn answers(
        &self,
    ) -> impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future = Answering> + Unpin
    {
        let router = TowerToHyperService::new(self.terms.service.router.clone());
        let (peer, slot, understood) =
            (Peer(self.peer), Arc::clone(&self.slot), Arc::clone(&self.understood));
        service_fn(move |mut request: Request<Incoming>| -> Answering {
            understood.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(peer);
            // A request keeps the slot from its head to the end of its answer. After that the
            // stream keeps it until all is sent.
            let task = slot.task();
            let answer = router.call(request);
            Box::pin(async move {
                let keeping = move |frame| {
                    let _until_the_body_is_dropped = &task;
                    frame
                };
                answer.await.map(|response| response.map(|body| Body::new(body.map_frame(keeping))))
            })
        })
    }

    /// Ends a stream. If no request was understood, the client is told why.
    async fn end<S>(&self, mut stream: TimeoutStream<S>, outcome: hyper::Result<()>, begun: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut sound = outcome.as_ref().map_or_else(hyper::Error::is_parse, |()| true);
        if !self.understood.load(Ordering::Relaxed) {
            let reason = Unheard::of(outcome, begun);
            let answer = self.unheard(&reason);
            stream.unmute();
            sound = reason.status().is_some() && write(&mut stream, answer).await.is_ok();
        }
        if sound {
            let _enough = timeout(DISCARD_TIME, close(&mut stream)).await;
        }
    }
}

/// Closes the writing side, and reads and discards what still comes. If a connection is closed with
/// unread bytes, the answer before them may be lost.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let mut piece = vec![0; 16 << 10];
    let (mut discarded, mut open) = (0, stream.shutdown().await.is_ok());
    while open && discarded < DISCARD {
        let read = stream.read(&mut piece).await.unwrap_or_default();
        (discarded, open) = (discarded + read, read > 0);
    }
}

/// An open connection, counted until it ends.
pub(crate) struct Open(Arc<AtomicUsize>);

impl Open {
    pub(crate) fn count(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(open))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
