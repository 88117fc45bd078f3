//! The server: a gallery and a model behind HTTP, for the browser application and for programs.
//!
//! `router.rs` has every route; `guard.rs` controls access; `worker_pool.rs` limits how much work
//! runs at a time, `turns.rs` gives clients turns; `connection.rs` limits what a slow client may
//! hold; `client.rs` divides resources among clients; `error.rs` alone knows the status codes of
//! failures.

mod body;
mod caller;
mod client;
mod connection;
mod error;
mod exposition;
mod guard;
mod handlers;
mod jobs;
pub(crate) mod keys;
mod metrics;
pub(crate) mod oidc;
mod openapi;
mod outbound;
mod pictures;
mod queries;
mod request_telemetry;
mod route;
mod router;
mod sessions;
mod sets;
mod state;
mod timeout_stream;
mod tls;
mod trace;
mod turns;
mod views;
mod worker_pool;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{JoinHandle, available_parallelism};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use network::Encoder;
use pacs::ServerTls;
use retrieval::gallery::Location;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

use keys::Keys;
pub(crate) use sets::Sets;
use state::State;
use tls::Tls;

/// The time that work which has begun may continue after the last connection is closed.
const LAST_WORK: Duration = Duration::from_secs(5);
/// The interval at which expired queries are removed.
const SWEEP: Duration = Duration::from_secs(30);
/// The interval at which a gallery on a server is checked for changes.
const FOLLOW: Duration = Duration::from_millis(100);

/// The settings of a server: what it serves, to whom, and its limits.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The gallery's location.
    pub(crate) gallery: Location,
    /// The address to listen on; port 0 lets the system choose.
    pub(crate) address: SocketAddr,
    /// The file of keys. Without it, and without an identity provider, everybody on this machine
    /// has access.
    pub(crate) keys: Option<PathBuf>,
    /// The identity provider with which people sign in.
    pub(crate) oidc: Option<oidc::Settings>,
    /// The folder of the audit log.
    pub(crate) audit: Option<PathBuf>,
    /// The file of saved answers; by default one in the gallery's folder.
    pub(crate) sets: Option<PathBuf>,
    /// The folder where files wait to be indexed; by default one in the gallery's folder.
    pub(crate) jobs: Option<PathBuf>,
    /// The folder of a comparison of methods, whose report is shown.
    pub(crate) comparison: Option<PathBuf>,
    /// The folder of the model's evaluation, whose figures and report are shown.
    pub(crate) evaluation: Option<PathBuf>,
    /// The server's TLS settings; `None` for plain text.
    pub(crate) tls: Option<ServerTls>,
    /// The address of a collector of traces.
    pub(crate) traces: Option<String>,
    /// The address of a viewer with `{study}` in it.
    pub(crate) viewer: Option<String>,
    pub(crate) limits: Limits,
}

impl Settings {
    /// The default settings for a gallery at an address.
    pub(crate) fn of(gallery: Location, address: SocketAddr) -> Self {
        Self {
            gallery,
            address,
            keys: None,
            oidc: None,
            audit: None,
            sets: None,
            jobs: None,
            comparison: None,
            evaluation: None,
            tls: None,
            traces: None,
            viewer: None,
            limits: Limits::default(),
        }
    }
}

/// The limits on what is accepted, processed and kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The most bytes of a file.
    pub(crate) upload_bytes: usize,
    /// The most pixels of a picture.
    pub(crate) pixels: u64,
    /// The most queries kept.
    pub(crate) queries: usize,
    /// The most bytes of kept queries.
    pub(crate) query_bytes: usize,
    /// The time that a query is kept after its last use.
    pub(crate) query_life: Duration,
    /// The most connections at a time.
    pub(crate) connections: usize,
    /// The most pictures that are decoded and encoded at a time.
    pub(crate) encoders: usize,
    /// The most requests that wait for each kind of worker.
    pub(crate) queue: usize,
    /// The time that a request waits for a worker.
    pub(crate) timeout: Duration,
    /// The limits on files that wait to be indexed, and on jobs.
    pub(crate) jobs: jobs::Limits,
    /// The greatest age of answers while the gallery's database is unreachable.
    pub(crate) stale: Duration,
    /// The length of a browser's session.
    pub(crate) session_life: Duration,
    /// The time that a client may take to send a request's head.
    pub(crate) head: Duration,
    /// The time that a client may take to send a body, and to take an answer.
    pub(crate) transfer: Duration,
    /// The time that open requests may continue when the server is asked to end.
    pub(crate) grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            upload_bytes: 256 << 20,
            pixels: 64_000_000,
            queries: 256,
            query_bytes: 1 << 30,
            query_life: Duration::from_secs(30 * 60),
            connections: 512,
            encoders: available_parallelism().map_or(2, usize::from).clamp(1, 4),
            queue: 32,
            timeout: Duration::from_secs(10),
            jobs: jobs::Limits { bytes: 4 << 30, open: 100, over: 100 },
            stale: Duration::from_secs(600),
            session_life: Duration::from_secs(12 * 3600),
            head: Duration::from_secs(10),
            transfer: Duration::from_secs(60),
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves until the process is interrupted. `listening` gets the address.
///
/// # Errors
/// If the address is open to other machines, but there are neither keys nor an identity provider,
/// or no audit log. If the address cannot be listened on, or the gallery has another model.
pub(crate) fn run(
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
