//! STOW-RS over HTTP (PS3.18 10.5): instances posted to `/dicom-web/studies` go into an inbox. A
//! connection carries one request.

mod body;
mod config;
mod router;

pub use config::Config;

use crate::error::{Error, Result, network};
use crate::event::{Event, SharedEvents};
use crate::inbox::Inbox;
use axum::response::{IntoResponse, Response};
use connections::{Limits, RenewedTls, ServerTls, Service, Unheard};
use router::{Stow, busy, router};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

/// The time that a request may continue after the server is asked to stop.
const GRACE: Duration = Duration::from_secs(5);
/// The time that a thread may take to notice that its request has ended.
const LAST_WORK: Duration = Duration::from_secs(5);
/// The number of threads for connections. Bodies are received on others.
const THREADS: usize = 2;

/// A socket that listens for HTTP, and the configuration of its server.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
    config: Config,
    stopper: Stopper,
}

/// A handle that ends a listener from another thread, such as one that waits for signals.
#[derive(Clone, Debug, Default)]
pub struct Stopper(Arc<Notify>);

impl Stopper {
    /// Asks the listener to stop. No connection is accepted any more, and a request that has begun
    /// has five seconds.
    pub fn stop(&self) {
        self.0.notify_one();
    }
}

impl Listener {
    /// Opens the socket. Connections are answered from [`Listener::serve`] on.
    ///
    /// # Errors
    /// [`Error::Setting`], [`Error::Tls`], and [`Error::Address`] where the address is taken or not
    /// ours.
    pub fn bind(config: &Config) -> Result<Self> {
        config.check()?;
        // The files are read again when connections come, so that a renewed certificate counts.
        config.tls.as_ref().map(ServerTls::config).transpose()?;
        let failed = |source| Error::Address { address: config.address.to_string(), source };
        let tcp = TcpListener::bind(config.address).map_err(failed)?;
        tcp.set_nonblocking(true).map_err(failed)?;
        let address = tcp.local_addr().map_err(failed)?;
        Ok(Self { tcp, address, config: config.clone(), stopper: Stopper::default() })
    }

    /// The address, with the port that the system chose where none was given.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The handle that ends [`Listener::serve`].
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Receives instances into the inbox until it is stopped and the last request is answered.
    ///
    /// # Errors
    /// [`Error::Address`] if the socket is of no use, [`Error::Tls`]. What goes wrong with one
    /// request is an [`Event::Ended`].
    pub fn serve(self, inbox: Arc<Inbox>, events: SharedEvents) -> Result<()> {
        let failed = |source| Error::Address { address: self.address.to_string(), source };
        let (limits, config) = (limits(&self.config), self.config);
        let tls = config.tls.clone().map(|files| follow(files, &events)).transpose()?;
        let service = service(Arc::new(Stow { config, inbox, events }), tls);
        let runtime = runtime().map_err(failed)?;
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.tcp).map_err(failed)?;
            connections::serve(listener, service, limits, &self.stopper.0).await;
            Ok(())
        });
        runtime.shutdown_timeout(LAST_WORK);
        served
    }
}

fn limits(config: &Config) -> Limits {
    let Config { max_requests: connections, idle, .. } = *config;
    Limits { connections, head: idle, transfer: idle, grace: GRACE }
}

/// TLS by files that are read again when they change.
fn follow(files: ServerTls, events: &SharedEvents) -> Result<RenewedTls> {
    let events = Arc::clone(events);
    Ok(RenewedTls::open(files, move |error| events(&Event::Certificate { error }))?)
}

fn service(stow: Arc<Stow>, tls: Option<RenewedTls>) -> Service {
    Service {
        router: router(&stow),
        busy: busy(&stow),
        unheard: Arc::new(move |peer, reason| unheard(&stow, peer, reason)),
        tls: tls.map(Arc::new),
        keep_alive: false,
        open: Arc::default(),
    }
}

/// The answer where no request was understood, of which the log is told.
fn unheard(stow: &Stow, peer: SocketAddr, reason: &Unheard) -> Response {
    let error = match reason {
        Unheard::Broken(source) => network(std::io::Error::new(source.kind(), source.to_string())),
        other => Error::Refused { reason: other.reason() },
    };
    let status = reason.status().map_or(400, |status| status.as_u16());
    stow.refuse(peer, status, error).into_response()
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(THREADS).enable_io().enable_time().build()
}
