//! The server: a gallery and a model behind HTTP, for the browser application and for programs.
//!
//! `router.rs` has every route; `guard.rs` controls access; `worker_pool.rs` limits how much work
//! runs at a time, `turns.rs` gives clients turns; the crate `connections` limits what a slow
//! client may hold; `client.rs` divides resources among clients; `error/` alone knows the status
//! codes of failures.

pub mod audit;
mod body;
mod caller;
mod client;
mod error;
mod exposition;
#[cfg(not(all(feature = "oidc", feature = "telemetry")))]
mod features;
mod gallery_service;
mod guard;
mod handlers;
mod jobs;
pub mod keys;
mod log;
mod metrics;
#[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "a provider makes these"))]
mod oidc;
mod openapi;
#[cfg(any(feature = "oidc", feature = "telemetry"))]
mod outbound;
mod pictures;
mod probes;
mod queries;
mod request_telemetry;
mod route;
mod router;
mod sessions;
mod sets;
mod settings;
mod state;
#[cfg(feature = "telemetry")]
mod trace;
#[cfg(not(feature = "telemetry"))]
#[path = "trace_absent.rs"]
mod trace;
mod turns;
mod views;
mod worker_pool;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use connections::{RenewedTls, ServerTls};
use network::Encoder;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

pub use gallery_service::GalleryService;
pub use jobs::JobLimits;
pub use log::Log;
pub use oidc::{NameClaim, OidcSettings, Roles};
pub use sets::Sets;
pub use settings::{Limits, Settings};

/// The time that work which has begun may continue after the last connection is closed.
const LAST_WORK: Duration = Duration::from_secs(5);

/// Serves until the process is interrupted. `listening` gets the address.
///
/// # Errors
/// If the address is open to other machines, but there are neither keys nor an identity provider,
/// or no audit log. If the address cannot be listened on, or the gallery has another model.
pub fn run(
    settings: Settings,
    encoder: impl FnOnce() -> Result<Encoder>,
    listening: impl FnOnce(SocketAddr) -> Result<()>,
) -> Result<()> {
    check_openness(&settings)?;
    let tls = settings.tls.clone().map(|files| follow(files, &settings.log)).transpose()?;
    let (address, limits) = (settings.address, limits(&settings));
    let gallery_service = GalleryService::begin(settings, encoder)?;
    let service = gallery_service.on_connections(tls);
    let stop = stop_when_interrupted()?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen at {address}"))?;
        listening(listener.local_addr()?)?;
        tokio::spawn(gallery_service.sweep());
        connections::serve(listener, service, limits, &stop).await;
        anyhow::Ok(())
    })?;
    gallery_service.stop();
    runtime.shutdown_timeout(LAST_WORK);
    Ok(())
}

/// Checks that an address open to other machines has keys or an identity provider, and a log.
fn check_openness(settings: &Settings) -> Result<()> {
    if settings.keys.is_none() && settings.oidc.is_none() && !settings.address.ip().is_loopback() {
        bail!(
            "{} is not this machine's alone, and nobody would have to show a key; expected \
             --api-keys FILE (`skiagraph api-key new` makes one), --oidc-issuer URL, or an \
             address such as 127.0.0.1",
            settings.address.ip()
        );
    }
    if settings.audit.is_none() && !settings.address.ip().is_loopback() {
        bail!(
            "{} is not this machine's alone, and nobody would know who looked at what; expected \
             --audit FOLDER, or an address such as 127.0.0.1",
            settings.address.ip()
        );
    }
    Ok(())
}

fn limits(settings: &Settings) -> connections::Limits {
    let Limits { connections, head, transfer, grace, .. } = settings.limits;
    connections::Limits { connections, head, transfer, grace }
}

/// TLS by files that are read again when they change.
fn follow(files: ServerTls, log: &Log) -> Result<RenewedTls> {
    let log = log.clone();
    let complain = move |error| log.error(&format!("the certificate stays as it was: {error}"));
    Ok(RenewedTls::open(files, complain)?)
}

fn runtime() -> Result<Runtime> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_io().enable_time().build();
    runtime.context("cannot start the server's threads")
}

/// A signal for SIGINT and SIGTERM.
fn stop_when_interrupted() -> Result<Arc<Notify>> {
    let stop = Arc::new(Notify::new());
    let notified = Arc::clone(&stop);
    ctrlc::set_handler(move || notified.notify_one()).context("cannot listen for interrupts")?;
    Ok(stop)
}
