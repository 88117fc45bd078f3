//! The settings of a server, and its limits.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use connections::ServerTls;
use gallery::Location;

use crate::jobs::JobLimits;
use crate::log::Log;
use crate::oidc::OidcSettings;

/// The settings of a server: what it serves, to whom, and its limits.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The gallery's location.
    pub gallery: Location,
    /// The address to listen on; port 0 lets the system choose.
    pub address: SocketAddr,
    /// The file of keys. Without it, and without an identity provider, everybody on this machine
    /// has access.
    pub keys: Option<PathBuf>,
    /// The identity provider with which people sign in.
    pub oidc: Option<OidcSettings>,
    /// The folder of the audit log.
    pub audit: Option<PathBuf>,
    /// The file of saved answers; by default one in the gallery's folder.
    pub sets: Option<PathBuf>,
    /// The folder where files wait to be indexed; by default one in the gallery's folder.
    pub jobs: Option<PathBuf>,
    /// The folder of a comparison of methods, whose report is shown.
    pub comparison: Option<PathBuf>,
    /// The folder of the model's evaluation, whose figures and report are shown.
    pub evaluation: Option<PathBuf>,
    /// The server's TLS settings; `None` for plain text.
    pub tls: Option<ServerTls>,
    /// The address of a collector of traces.
    pub traces: Option<String>,
    /// The address of a viewer with `{study}` in it.
    pub viewer: Option<String>,
    /// The log of requests and errors.
    pub log: Log,
    /// The limits on what is accepted, processed and kept.
    pub limits: Limits,
}

impl Settings {
    /// The default settings for a gallery at an address.
    pub fn of(gallery: Location, address: SocketAddr) -> Self {
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
            log: Log::default(),
            limits: Limits::default(),
        }
    }
}

/// The limits on what is accepted, processed and kept.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The most bytes of a file.
    pub upload_bytes: usize,
    /// The most pixels of a picture.
    pub pixels: u64,
    /// The most queries kept.
    pub queries: usize,
    /// The most bytes of kept queries.
    pub query_bytes: usize,
    /// The time that a query is kept after its last use.
    pub query_life: Duration,
    /// The most connections at a time.
    pub connections: usize,
    /// The most pictures that are decoded and encoded at a time.
    pub encoders: usize,
    /// The most requests that wait for each kind of worker.
    pub queue: usize,
    /// The time that a request waits for a worker.
    pub timeout: Duration,
    /// The limits on files that wait to be indexed, and on jobs.
    pub jobs: JobLimits,
    /// The greatest age of answers while the gallery's database is unreachable.
    pub stale: Duration,
    /// The length of a browser's session.
    pub session_life: Duration,
    /// The time that a client may take to send a request's head.
    pub head: Duration,
    /// The time that a client may take to send a body, and to take an answer.
    pub transfer: Duration,
    /// The time that open requests may continue when the server is asked to end.
    pub grace: Duration,
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
            jobs: JobLimits { bytes: 4 << 30, open: 100, over: 100 },
            stale: Duration::from_secs(600),
            session_life: Duration::from_secs(12 * 3600),
            head: Duration::from_secs(10),
            transfer: Duration::from_secs(60),
            grace: Duration::from_secs(10),
        }
    }
}
