//! The state that all requests share: the model, the gallery's handles, the kept queries, the
//! workers, the keys, the counts.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use files::FileState;
use gallery::{Error, Facets, Gallery, MAP};
use network::Encoder;
use radiograph::memory;

use super::client::Shares;
use super::error::Problem;
use super::jobs::Jobs;
use super::keys::{Key, Keys, Role};
use super::metrics::Metrics;
use super::oidc::Provider;
use super::queries::Queries;
use super::sessions::Sessions;
use super::sets::{self, Sets};
use super::trace::Tracing;
use super::views::{MapView, QualityView};
use super::worker_pool::WorkerPool;
use super::{Limits, Settings};
use crate::audit::AuditLog;

/// The number of requests that read the gallery at a time.
const READERS: usize = 4;
/// The divisor of the memory budget that gives the most for kept queries.
const QUERIES: u64 = 4;
/// The number of requests to the identity provider at a time.
const SIGN_INS: usize = 4;
/// The number of probes at a time.
const PROBES: usize = 1;
/// The divisor of the memory for files that gives the most for the bodies of one client.
const CLIENT_BODIES: u64 = 2;

/// The shared state, as handlers take it.
pub(crate) type App = Arc<State>;

/// The shared state: see the module.
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) encoder: Encoder,
    pub(crate) keys: Option<Keys>,
    pub(crate) provider: Option<Arc<Provider>>,
    pub(crate) audit: Option<AuditLog>,
    pub(crate) sessions: Sessions,
    pub(crate) queries: Queries,
    pub(crate) jobs: Jobs,
    pub(crate) metrics: Metrics,
    pub(crate) tracing: Option<Tracing>,
    /// The workers that decode and encode pictures.
    pub(crate) encoding: WorkerPool,
    /// The workers that read the gallery.
    pub(crate) reading: WorkerPool,
    /// The workers that ask the identity provider.
    pub(crate) signing_in: WorkerPool,
    /// The workers for probes of readiness, apart from those that read the gallery.
    pub(crate) probing: WorkerPool,
    /// Shares of the memory for files, by client, for the bodies of requests.
    pub(crate) body_shares: Arc<Shares>,
    /// The gallery's idle handles. They are taken at the front and put back at the end, so that all
    /// are used.
    galleries: Mutex<VecDeque<Gallery>>,
    /// The folder of files that belong to the gallery.
    folder: PathBuf,
    /// The time since the state of the last answer was known to be the newest, in milliseconds.
    age: AtomicU64,
    /// The saved answers, opened at their first use, as the gallery's folder may be read-only.
    sets: OnceLock<Sets>,
    pictures: AtomicUsize,
    facets: Mutex<Option<(GalleryState, Arc<Facets>)>>,
    /// The map as JSON, with the state of the gallery and of the map's file that it was made of.
    map: Mutex<Option<((GalleryState, FileState), Bytes)>>,
    /// The figures of the model's evaluation.
    pub(crate) quality: Vec<QualityView>,
}

/// A gallery's generation, and its number of pictures.
type GalleryState = (u64, usize);

/// The most values of a field that are offered for filtering.
const FACET_VALUES: usize = 100;

impl State {
    /// Opens the gallery and makes the state.
    ///
    /// # Errors
    /// If the gallery cannot be opened, or is neither of this model nor being re-indexed to it.
    pub(crate) fn open(settings: Settings, encoder: Encoder, keys: Option<Keys>) -> Result<Self> {
        let provider = settings.oidc.clone().map(Provider::open).transpose()?;
        let gallery = Gallery::open(&settings.gallery)?;
        // A server with the next model waits for the switch, so that it answers from then on.
        if gallery.reindexing_to() != Some((encoder.model_id(), encoder.bits())) {
            gallery.check_model(encoder.model_id(), encoder.bits())?;
        }
        let none = || Error::NoFolder { gallery: gallery.location().clone() };
        let folder = gallery.folder().ok_or_else(none)?.to_owned();
        let Limits { encoders, queue, timeout, queries, query_bytes, query_life, .. } =
            settings.limits;
        // Decoders always keep the other half.
        let query_bytes =
            query_bytes.min((memory::total() / QUERIES).try_into().unwrap_or(usize::MAX));
        let evaluation = settings.evaluation.as_deref();
        let quality = evaluation
            .map(|folder| QualityView::read(folder, &encoder.model_id().0))
            .transpose()?;
        Ok(Self {
            quality: quality.unwrap_or_default(),
            map: Mutex::default(),
            pictures: AtomicUsize::new(gallery.len()),
            galleries: Mutex::new(VecDeque::from([gallery])),
            sets: OnceLock::new(),
            facets: Mutex::default(),
            encoding: WorkerPool::new("encoding", encoders, queue, timeout),
            reading: WorkerPool::new("reading", READERS, queue, timeout),
            signing_in: WorkerPool::new("signing_in", SIGN_INS, queue, timeout),
            probing: WorkerPool::new("probing", PROBES, queue, timeout),
            body_shares: Shares::new(
                (memory::for_files().bytes() / CLIENT_BODIES).try_into().unwrap_or(usize::MAX),
            ),
            jobs: Jobs::open(
                &settings.jobs.clone().unwrap_or_else(|| folder.join("jobs")),
                settings.limits.jobs,
                settings.log.clone(),
            )?,
            folder,
            age: AtomicU64::new(0),
            queries: Queries::new(queries, query_bytes, query_life),
            sessions: Sessions::new(settings.limits.session_life),
            audit: settings.audit.as_deref().map(AuditLog::open).transpose()?,
            metrics: Metrics::default(),
            tracing: settings.traces.as_deref().map(Tracing::to).transpose()?,
            settings,
            encoder,
            keys,
            provider: provider.map(Arc::new),
        })
    }

    /// Tells whether callers need a key or must sign in.
    pub(crate) fn is_guarded(&self) -> bool {
        self.keys.is_some() || self.provider.is_some()
    }

    /// Finds a key by its text.
    ///
    /// # Errors
    /// [`Problem::WrongKey`] if it is unknown, or there are no keys.
    pub(crate) fn find_key(&self, shown: &str) -> Result<Key, Problem> {
        let keys = self.keys.as_ref().ok_or(Problem::WrongKey)?;
        keys.find(shown).ok_or(Problem::WrongKey)
    }

    /// The role of a key, if it is still valid.
    pub(crate) fn role_of_key(&self, id: &str) -> Option<Role> {
        self.keys.as_ref()?.role_of(id)
    }

    /// Runs `work` with the gallery in its present state, whoever changed it. A gallery on a server
    /// may be a moment behind; while the database is unreachable, its last known state is used.
    /// Blocks, so it must run on a worker.
    ///
    /// # Errors
    /// [`Problem::OtherModel`] if it was re-indexed to another model, [`Problem::Unreachable`] if
    /// no server has answered for too long; else what `work` gives.
    pub(crate) fn with_gallery<T>(
        &self,
        work: impl FnOnce(&Gallery) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.with(Gallery::refresh, self.settings.limits.stale, work)
    }

    /// Runs `work` as [`State::with_gallery`] does, with everything that was committed before.
    pub(crate) fn with_newest_gallery<T>(
        &self,
        work: impl FnOnce(&Gallery) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.with(Gallery::refresh_now, Duration::ZERO, work)
    }

    fn with<T>(
        &self,
        refresh: fn(&mut Gallery) -> gallery::Result<bool>,
        stale: Duration,
        work: impl FnOnce(&Gallery) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let mut gallery = self.idle_gallery()?;
        let refreshed = refresh(&mut gallery);
        self.age.store(gallery.age().as_millis() as u64, Ordering::Relaxed);
        match refreshed {
            Err(Error::Unreachable { .. }) if gallery.age() < stale => {}
            refreshed => drop(refreshed?),
        }
        gallery.check_model(self.encoder.model_id(), self.encoder.bits())?;
        self.pictures.store(gallery.len(), Ordering::Relaxed);
        let done = work(&gallery);
        // A handle that failed is not put back, so that it is opened anew.
        if !matches!(done, Err(Problem::Internal(_))) {
            self.galleries.lock().unwrap_or_else(PoisonError::into_inner).push_back(gallery);
        }
        done
    }

    /// An idle handle. It is one connection to the database; there are hardly more of them than
    /// workers. One is always left, so that the next request can be answered while the database is
    /// unreachable.
    fn idle_gallery(&self) -> Result<Gallery, Problem> {
        let mut idle = self.galleries.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(gallery) = idle.pop_front() else {
            return Ok(Gallery::open(&self.settings.gallery)?);
        };
        if idle.is_empty() {
            idle.extend(gallery.another().ok());
        }
        Ok(gallery)
    }

    /// The saved answers. Blocks, so it must run on a worker.
    ///
    /// # Errors
    /// If their file cannot be written.
    pub(crate) fn sets(&self) -> Result<&Sets, Problem> {
        if let Some(sets) = self.sets.get() {
            return Ok(sets);
        }
        let sets = self.settings.sets.clone();
        let opened = Sets::open(&sets.unwrap_or_else(|| self.folder.join(sets::FILE)))?;
        Ok(self.sets.get_or_init(|| opened))
    }

    /// The saved answers without pictures deleted from the gallery. If the gallery is unreachable,
    /// they are as they were last. Blocks.
    ///
    /// # Errors
    /// As [`State::sets`]; if the gallery fails.
    pub(crate) fn current_sets(&self) -> Result<&Sets, Problem> {
        let sets = self.sets()?;
        match self.with_gallery(|gallery| sets.follow(gallery)) {
            Ok(_) | Err(Problem::Unreachable(_) | Problem::OtherModel) => Ok(sets),
            Err(problem) => Err(problem),
        }
    }

    /// The values to filter by, counted once for each state of the gallery.
    pub(crate) fn facets(&self, gallery: &Gallery) -> Result<Arc<Facets>, Problem> {
        let state = (gallery.generation(), gallery.len());
        let mut known = self.facets.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some((of, facets)) if *of == state => Ok(Arc::clone(facets)),
            _ => {
                let facets = Arc::new(gallery.facets(FACET_VALUES)?);
                *known = Some((state, Arc::clone(&facets)));
                Ok(facets)
            }
        }
    }

    /// The gallery's map as JSON, written once for each state of the gallery. `None` if none was
    /// drawn.
    pub(crate) fn map(&self, gallery: &Gallery) -> Result<Option<Bytes>, Problem> {
        let state = ((gallery.generation(), gallery.len()), files::state(&self.folder.join(MAP)));
        let mut known = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, map)) = &*known
            && *of == state
        {
            return Ok(Some(map.clone()));
        }
        let Some(plot) = gallery.plot()? else { return Ok(None) };
        let map =
            serde_json::to_vec(&MapView::from(plot)).context("cannot write the map as JSON")?;
        let map = Bytes::from(map);
        *known = Some((state, map.clone()));
        Ok(Some(map))
    }

    /// The number of pictures in the gallery when it was last read.
    pub(crate) fn pictures(&self) -> usize {
        self.pictures.load(Ordering::Relaxed)
    }

    /// The time since the state of the last answer was known to be the newest, in seconds.
    pub(crate) fn age(&self) -> f64 {
        self.age.load(Ordering::Relaxed) as f64 / 1000.0
    }
}
