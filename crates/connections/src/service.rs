//! The service behind connections, and their limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use axum::Router;
use axum::response::Response;

use super::renewed_tls::RenewedTls;
use super::unheard::Unheard;

/// The client's address, among each request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The answer where no request was understood. It is also called where nobody can read an answer,
/// so that a log can have the reason. It must not block.
pub(crate) type OnUnheard = Arc<dyn Fn(SocketAddr, &Unheard) -> Response + Send + Sync>;

/// The service behind connections.
#[derive(Clone)]
pub struct Service {
    /// The routes for connections that have a slot.
    pub router: Router,
    /// The routes for connections beyond the limit. They have few slots, and one request each.
    pub busy: Router,
    /// The answer where no request was understood.
    pub unheard: OnUnheard,
    /// TLS; `None` for plain text.
    pub tls: Option<Arc<RenewedTls>>,
    /// True if a connection may carry several requests.
    pub keep_alive: bool,
    /// The number of open connections.
    pub open: Arc<AtomicUsize>,
}

/// The limits on connections.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most connections at a time.
    pub connections: usize,
    /// The time that a client may take for the TLS handshake, and then to send a request's head.
    pub head: Duration,
    /// The time that a client may take to take an answer.
    pub transfer: Duration,
    /// The time that open requests may continue when the service is asked to end.
    pub grace: Duration,
}
