//! What every request shares: the model, the gallery's handles, the kept queries, the workers, the
//! keys, the counts.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::Bytes;
use network::Encoder;
use radiograph::memory;
use retrieval::Error;
use retrieval::gallery::{Facets, Gallery, MAP};

use super::client::Shares;
use super::error::Problem;
use super::jobs::Jobs;
use super::keys::{FileState, Key, Keys, Role, file_state};
use super::metrics::Metrics;
use super::oidc::Provider;
use super::queries::Queries;
use super::sessions::Sessions;
use super::sets::{self, Sets};
use super::trace::Tracing;
use super::views::{MapView, QualityView};
use super::work::Workers;
use super::{Limits, Settings};
use crate::audit::AuditLog;

/// Requests that read the gallery at a time.
const READERS: usize = 4;
/// The part of the budget of memory that kept queries may take at most, as a divisor.
const QUERIES: u64 = 4;
/// Requests to the identity provider at a time.
const SIGN_INS: usize = 4;
/// Probes at a time.
const PROBES: usize = 1;
/// The part of the memory for files that the bodies of one client may take, as a divisor.
const CLIENT_BODIES: u64 = 2;

/// The shared state, as handlers take it.
pub(super) type App = Arc<State>;

/// See the module.
pub(super) struct State {
    pub(super) settings: Settings,
    pub(super) encoder: Encoder,
    pub(super) keys: Option<Keys>,
    pub(super) provider: Option<Arc<Provider>>,
    pub(super) audit: Option<AuditLog>,
    pub(super) sessions: Sessions,
    pub(super) queries: Queries,
    pub(super) jobs: Jobs,
    pub(super) metrics: Metrics,
    pub(super) tracing: Option<Tracing>,
    /// Who decodes and encodes pictures.
    pub(super) encoding: Workers,
    /// Who reads the gallery.
    pub(super) reading: Workers,
    /// Who asks the identity provider.
    pub(super) signing_in: Workers,
    /// Workers for probes of readiness, apart from those that read the gallery.
    pub(super) probing: Workers,
    /// Shares of the memory for files that bodies of requests take, by client.
    pub(super) body_shares: Arc<Shares>,
    /// Taken at the front and put back at the end, so that none grows old.
    galleries: Mutex<VecDeque<Gallery>>,
    /// Where files that belong to the gallery are.
    folder: PathBuf,
    /// Milliseconds since what was last answered of was what is committed.
    age: AtomicU64,
    /// Opened when first wanted: a gallery may be one that is only read.
    sets: OnceLock<Sets>,
    pictures: AtomicUsize,
    facets: Mutex<Option<(GalleryState, Arc<Facets>)>>,
    /// As JSON, of a state of the gallery and of the map's file.
    map: Mutex<Option<((GalleryState, FileState), Bytes)>>,
    /// How good the model was found to be.
    pub(super) quality: Vec<QualityView>,
}

/// A gallery's generation, and its pictures.
type GalleryState = (u64, usize);

/// The most values of a field that are offered for filtering.
const FACET_VALUES: usize = 100;

impl State {
    /// # Errors
    /// If the gallery does not open, or is neither of this model nor being re-indexed to it.
    pub(super) fn open(settings: Settings, encoder: Encoder, keys: Option<Keys>) -> Result<Self> {
        let provider = settings.oidc.clone().map(Provider::open).transpose()?;
        let gallery = Gallery::open(&settings.gallery)?;
        // One of the next model waits for the switch, so that there is somebody who answers when it
        // comes.
        if gallery.reindexing_to() != Some((encoder.model_id(), encoder.bits())) {
            gallery.check_model(encoder.model_id(), encoder.bits())?;
        }
        let none = || Error::NoFolder { gallery: gallery.location().clone() };
        let folder = gallery.folder().ok_or_else(none)?.to_owned();
        let Limits { encoders, queue, patience, queries, query_bytes, query_life, .. } =
            settings.limits;
        // So that decoders always have the other half.
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
            encoding: Workers::new("encoding", encoders, queue, patience),
            reading: Workers::new("reading", READERS, queue, patience),
            signing_in: Workers::new("signing_in", SIGN_INS, queue, patience),
            probing: Workers::new("probing", PROBES, queue, patience),
            body_shares: Shares::new(
                (memory::for_files().bytes() / CLIENT_BODIES).try_into().unwrap_or(usize::MAX),
            ),
            jobs: Jobs::open(
                &settings.jobs.clone().unwrap_or_else(|| folder.join("jobs")),
                settings.limits.jobs,
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

    /// Whether whoever asks has to say who they are.
    pub(super) fn is_guarded(&self) -> bool {
        self.keys.is_some() || self.provider.is_some()
    }

    /// The key that somebody shows.
    ///
    /// # Errors
    /// [`Problem::WrongKey`] if it is none of ours, or there are none.
    pub(super) fn find_key(&self, shown: &str) -> Result<Key, Problem> {
        let keys = self.keys.as_ref().ok_or(Problem::WrongKey)?;
        keys.find(shown).ok_or(Problem::WrongKey)
    }

    /// The role of a key, if it still counts.
    pub(super) fn role_of_key(&self, id: &str) -> Option<Role> {
        self.keys.as_ref()?.role_of(id)
    }

    /// Gives `work` the gallery as it is now, whoever changed it: of a server as it was a moment
    /// ago, and while none answers as it was then. Blocks: for workers.
    ///
    /// # Errors
    /// [`Problem::OtherModel`] if it was re-indexed to another model, [`Problem::Unreachable`] if
    /// no server has answered for too long; else what `work` gives.
    pub(super) fn with_gallery<T>(
        &self,
        work: impl FnOnce(&Gallery) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.with(Gallery::refresh, self.settings.limits.stale, work)
    }

    /// The same, of all that was committed before.
    pub(super) fn with_newest_gallery<T>(
        &self,
        work: impl FnOnce(&Gallery) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        self.with(Gallery::refresh_now, Duration::ZERO, work)
    }

    fn with<T>(
        &self,
        refresh: fn(&mut Gallery) -> retrieval::Result<bool>,
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
        // One that failed is opened anew.
        if !matches!(done, Err(Problem::Internal(_))) {
            self.galleries.lock().unwrap_or_else(PoisonError::into_inner).push_back(gallery);
        }
        done
    }

    /// A handle that nobody uses. It is one connection to the database; there are hardly more of
    /// them than workers. One stays for whoever comes next, who so needs no server to answer.
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

    /// The saved answers. Blocks: for workers.
    ///
    /// # Errors
    /// If their file cannot be written.
    pub(super) fn sets(&self) -> Result<&Sets, Problem> {
        if let Some(sets) = self.sets.get() {
            return Ok(sets);
        }
        let sets = self.settings.sets.clone();
        let opened = Sets::open(&sets.unwrap_or_else(|| self.folder.join(sets::FILE)))?;
        Ok(self.sets.get_or_init(|| opened))
    }

    /// The saved answers without what was deleted from the gallery; where the gallery cannot be
    /// asked, as they were last. Blocks.
    ///
    /// # Errors
    /// As [`State::sets`]; if the gallery fails.
    pub(super) fn current_sets(&self) -> Result<&Sets, Problem> {
        let sets = self.sets()?;
        match self.with_gallery(|gallery| sets.follow(gallery)) {
            Ok(_) | Err(Problem::Unreachable(_) | Problem::OtherModel) => Ok(sets),
            Err(problem) => Err(problem),
        }
    }

    /// What can be filtered for, counted once for each state of the gallery.
    pub(super) fn facets(&self, gallery: &Gallery) -> Result<Arc<Facets>, Problem> {
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

    /// The gallery's map, written once for each state of the gallery; none if none was drawn.
    pub(super) fn map(&self, gallery: &Gallery) -> Result<Option<Bytes>, Problem> {
        let state = ((gallery.generation(), gallery.len()), file_state(&self.folder.join(MAP)));
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

    /// Pictures in the gallery when it was last looked at.
    pub(super) fn pictures(&self) -> usize {
        self.pictures.load(Ordering::Relaxed)
    }

    /// Seconds since what was last answered of was what is committed.
    pub(super) fn age(&self) -> f64 {
        self.age.load(Ordering::Relaxed) as f64 / 1000.0
    }
}
