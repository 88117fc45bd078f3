//! A gallery and a model behind routes, and the work beside the requests.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::response::IntoResponse;
use connections::{RenewedTls, Service, Unheard};
use network::Encoder;

use super::Settings;
use super::error::Problem;
use super::jobs;
use super::keys::Keys;
use super::probes::probes_alone;
use super::router::router;
use super::state::State;

/// The interval at which expired queries are removed.
const SWEEP: Duration = Duration::from_secs(30);
/// The interval at which a gallery on a server is checked for changes.
const FOLLOW: Duration = Duration::from_millis(100);

/// A gallery and a model behind routes. Files that are sent are indexed until it is dropped. Its
/// routes need a Tokio runtime with time.
pub struct GalleryService {
    state: Arc<State>,
    over: Arc<AtomicBool>,
    /// The threads that work beside the requests.
    threads: Vec<JoinHandle<()>>,
}

impl fmt::Debug for GalleryService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GalleryService").finish_non_exhaustive()
    }
}

impl GalleryService {
    /// Opens the gallery, and begins the work beside the requests.
    ///
    /// # Errors
    /// If the keys, the model or the gallery cannot be opened, or the gallery has another model.
    pub fn begin(settings: Settings, encoder: impl FnOnce() -> Result<Encoder>) -> Result<Self> {
        let keys = settings.keys.as_deref();
        let keys = keys.map(|path| Keys::open(path, settings.log.clone())).transpose()?;
        let state = Arc::new(State::open(settings, encoder()?, keys)?);
        let mut service = Self { state, over: Arc::default(), threads: Vec::new() };
        service.meanwhile("indexing", jobs::work)?;
        service.meanwhile("following", follow)?;
        Ok(service)
    }

    /// The routes. The address of the client is a [`connections::Peer`] among the extensions of a
    /// request.
    pub fn router(&self) -> Router {
        router(&self.state)
    }

    /// The routes on connections.
    pub(crate) fn on_connections(&self, tls: Option<RenewedTls>) -> Service {
        let router = self.router();
        Service {
            busy: probes_alone(router.clone()),
            router,
            unheard: Arc::new(|_, unheard: &Unheard| Problem::from(unheard).into_response()),
            tls: tls.map(Arc::new),
            keep_alive: true,
            open: Arc::clone(&self.state.metrics.connections),
        }
    }

    /// Removes expired queries for ever, even without requests.
    pub(crate) fn sweep(&self) -> impl Future<Output = ()> + Send + 'static {
        let state = Arc::clone(&self.state);
        async move {
            loop {
                tokio::time::sleep(SWEEP).await;
                state.queries.sweep();
            }
        }
    }

    /// Tells the work beside the requests to stop.
    pub(crate) fn stop(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.state.jobs.wake();
    }

    /// Runs work beside the requests, on a thread, until it is told to stop.
    fn meanwhile(&mut self, name: &str, work: fn(&Arc<State>, &AtomicBool)) -> Result<()> {
        let (state, over) = (Arc::clone(&self.state), Arc::clone(&self.over));
        let thread = std::thread::Builder::new().name(name.to_owned());
        let thread = thread.spawn(move || work(&state, &over));
        self.threads.push(thread.with_context(|| format!("cannot start the thread {name}"))?);
        Ok(())
    }
}

impl Drop for GalleryService {
    fn drop(&mut self) {
        self.stop();
        // The present batch is finished. Waiting files are there when the server starts again.
        for thread in self.threads.drain(..) {
            let _or_it_panicked = thread.join();
        }
        if let Some(tracing) = &self.state.tracing {
            tracing.end();
        }
    }
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
