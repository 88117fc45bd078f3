//! The server: a gallery and a model behind HTTP, for the browser application and for programs.
//!
//! `router.rs` has every route; `guard.rs` controls access; `worker_pool.rs` limits how much work
//! runs at a time, `turns.rs` gives clients turns; `connection.rs` limits what a slow client may
//! hold; `client.rs` divides resources among clients; `error.rs` alone knows the status codes of
//! failures.

pub mod audit;
mod body;
mod caller;
mod client;
mod connection;
mod error;
mod exposition;
#[cfg(not(all(feature = "oidc", feature = "telemetry")))]
mod features;
mod guard;
mod handlers;
mod jobs;
pub mod keys;
mod metrics;
#[cfg_attr(not(feature = "oidc"), expect(dead_code, reason = "a provider makes these"))]
mod oidc;
mod openapi;
#[cfg(any(feature = "oidc", feature = "telemetry"))]
mod outbound;
mod pictures;
mod queries;
mod request_telemetry;
mod route;
mod router;
mod sessions;
mod sets;
mod settings;
mod state;
mod timeout_stream;
mod tls;
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
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use network::Encoder;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

pub use jobs::JobLimits;
pub use oidc::{NameClaim, OidcSettings, Roles};
pub use sets::Sets;
pub use settings::{Limits, Settings};

use keys::Keys;
use state::State;
use tls::Tls;

/// The time that work which has begun may continue after the last connection is closed.
const LAST_WORK: Duration = Duration::from_secs(5);
/// The interval at which expired queries are removed.
const SWEEP: Duration = Duration::from_secs(30);
/// The interval at which a gallery on a server is checked for changes.
const FOLLOW: Duration = Duration::from_millis(100);

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
    let keys = settings.keys.as_deref().map(Keys::open).transpose()?;
    if keys.is_none() && settings.oidc.is_none() && !settings.address.ip().is_loopback() {
        bail!(
            "{} is not this machine's alone, and nobody would have to show a key; expected --api-keys FILE \
             (`skiagraph api-key new` makes one), --oidc-issuer URL, or an address such as 127.0.0.1",
            settings.address.ip()
        );
    }
    if settings.audit.is_none() && !settings.address.ip().is_loopback() {
        bail!(
            "{} is not this machine's alone, and nobody would know who looked at what; expected --audit FOLDER, \
             or an address such as 127.0.0.1",
            settings.address.ip()
        );
    }
    let tls = settings.tls.clone().map(Tls::open).transpose()?;
    let (address, limits) = (settings.address, settings.limits);
    let state = Arc::new(State::open(settings, encoder()?, keys)?);
    let stop = stop_when_interrupted()?;
    let over = Arc::new(AtomicBool::new(false));
    let indexing = meanwhile("indexing", &state, &over, jobs::work)?;
    let following = meanwhile("following", &state, &over, follow)?;
    let runtime = runtime()?;
    runtime.block_on(async {
        let listener = TcpListener::bind(address)
            .await
            .with_context(|| format!("cannot listen at {address}"))?;
        listening(listener.local_addr()?)?;
        tokio::spawn(sweep(Arc::clone(&state)));
        let open = &state.metrics.connections;
        connection::serve(listener, tls, router::router(&state), open, limits, &stop).await;
        anyhow::Ok(())
    })?;
    over.store(true, Ordering::Relaxed);
    state.jobs.wake();
    runtime.shutdown_timeout(LAST_WORK);
    // The present batch is finished. Waiting files are still there when the server starts again.
    let _or_it_panicked = (indexing.join(), following.join());
    if let Some(tracing) = &state.tracing {
        tracing.end();
    }
    Ok(())
}

/// Runs work beside the requests, on a thread, until it is told to stop.
fn meanwhile(
    name: &str,
    state: &Arc<State>,
    over: &Arc<AtomicBool>,
    work: fn(&Arc<State>, &AtomicBool),
) -> Result<JoinHandle<()>> {
    let (state, over) = (Arc::clone(state), Arc::clone(over));
    let thread = std::thread::Builder::new().name(name.to_owned());
    thread
        .spawn(move || work(&state, &over))
        .with_context(|| format!("cannot start the thread {name}"))
}

/// Follows the changes of a gallery on a server even without requests. So requests need not wait,
/// and the cache is recent when the database becomes unreachable.
fn follow(state: &Arc<State>, over: &AtomicBool) {
    let mut ready = false;
    while state.settings.gallery.folder().is_none() && !over.load(Ordering::Relaxed) {
        // A failure here also fails the next request, which reports it.
        let seen =
            state.with_gallery(|gallery| if ready { Ok(()) } else { Ok(gallery.keep_ready()?) });
        ready |= seen.is_ok();
        std::thread::sleep(FOLLOW);
    }
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

/// Removes expired queries, even without requests.
async fn sweep(state: Arc<State>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        state.queries.sweep();
    }
}
