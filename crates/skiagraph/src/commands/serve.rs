//! `skiagraph serve`: serves a gallery and a model over HTTP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use gallery::Location;
use network::Encoder;
use serde_json::json;
use server::{Limits, Settings};

use crate::model::{FinderArgs, ModelArgs};
use crate::oidc::OidcArgs;
use crate::output;
use crate::tls::TlsArgs;

const PORT: u16 = 8042;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph serve --gallery g
  skiagraph serve --gallery g --viewer 'https://pacs.example/viewer?StudyInstanceUIDs={study}'
  skiagraph serve --config configs/serve.toml
  skiagraph api-key new --role reader --file keys.toml
  skiagraph serve --gallery g --address 0.0.0.0 --port 8080 --api-keys keys.toml --audit audit/
  skiagraph serve --gallery g --oidc-issuer https://id.example/realms/house \\
      --oidc-client skiagraph --oidc-url https://skiagraph.example --audit audit/

If other machines may ask, give it a certificate (--tls-certificate), or put a proxy with TLS in
front of it. It follows changes that `index` and `listen` make to the gallery. It logs each request
as one line of JSON on standard error. docs/http-api.md describes the API.";

/// Serve a gallery to browsers and programs (HTTP), until interrupted
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ServeArgs {
    /// File of options (TOML), by their names here; environment variables, such as
    /// SKIAGRAPH_SERVE_GALLERY, override it, and the command line overrides both
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    finder: FinderArgs,
    /// The gallery's folder, or its address on a PostgreSQL server with snapshots=FOLDER
    #[arg(long, value_name = "GALLERY")]
    gallery: Location,
    /// Address to listen on; the default is for this machine alone, and one open to others needs
    /// --audit, and --api-keys or --oidc-issuer
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,
    /// Port; 0 lets the system choose
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// File of API keys from `skiagraph api-key`; read again when it changes
    #[arg(long, value_name = "FILE")]
    api_keys: Option<PathBuf>,
    #[command(flatten)]
    oidc: OidcArgs,
    /// Folder of the audit log, which records who looked at what; if it cannot be written, no data
    /// is shown
    #[arg(long, value_name = "FOLDER")]
    audit: Option<PathBuf>,
    /// File of saved answers [default: sets.sqlite in the gallery's folder]
    #[arg(long, value_name = "FILE")]
    sets: Option<PathBuf>,
    /// Folder where uploaded files wait to be indexed [default: jobs in the gallery's folder]
    #[arg(long, value_name = "FOLDER")]
    jobs: Option<PathBuf>,
    /// Folder of `skiagraph compare`, whose report is shown to readers
    #[arg(long, value_name = "FOLDER")]
    comparison: Option<PathBuf>,
    /// Folder of `skiagraph eval --out`, whose figures and report are shown to readers
    #[arg(long, value_name = "FOLDER")]
    evaluation: Option<PathBuf>,
    #[command(flatten)]
    tls: TlsArgs,
    /// Send a span of each request to this OpenTelemetry collector (OTLP, HTTP with JSON), such as
    /// http://localhost:4318
    #[arg(long, value_name = "URL", value_parser = web_address)]
    traces: Option<String>,
    /// Address of your viewer, with {study} in place of the Study Instance UID
    #[arg(long, value_name = "TEMPLATE", value_parser = viewer)]
    viewer: Option<String>,
    /// Largest uploaded file, in MB
    #[arg(long, value_name = "MB", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
    max_upload: u32,
    /// Largest uploaded picture, in millions of pixels
    #[arg(long, value_name = "MEGAPIXELS", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=1000))]
    max_pixels: u32,
    /// Memory for uploaded pictures, in MB; the least recently used ones are dropped first
    #[arg(long, value_name = "MB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    query_memory: u32,
    /// Time that an uploaded picture is kept after its last use, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    query_minutes: u32,
    /// Maximum number of connections
    #[arg(long, value_name = "N", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..=65536))]
    max_connections: u32,
    /// Maximum number of pictures encoded at the same time [default: one for each processor, at
    /// most 4]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    encoders: Option<u32>,
    /// Maximum number of waiting requests; further ones are refused (503)
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=65536))]
    queue: u32,
    /// Time that a request waits for its turn, in seconds
    #[arg(
        long = "patience",
        value_name = "SECONDS",
        default_value_t = 10,
        value_parser = clap::value_parser!(u32).range(1..=110),
    )]
    timeout: u32,
    /// Greatest age of answers while the gallery's database is unreachable, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    stale: u32,
    /// Length of a browser's session, in minutes
    #[arg(long, value_name = "MINUTES", default_value_t = 720, value_parser = clap::value_parser!(u32).range(1..=43200))]
    session_minutes: u32,
    /// Print the address it listens on as JSON
    #[arg(long)]
    json: bool,
}

/// Serves until interrupted.
pub(crate) fn run(args: &ServeArgs) -> Result<()> {
    let settings = Settings {
        keys: args.api_keys.clone(),
        oidc: args.oidc.settings(),
        audit: args.audit.clone(),
        tls: args.tls.server(),
        sets: args.sets.clone(),
        jobs: args.jobs.clone(),
        comparison: args.comparison.clone(),
        evaluation: args.evaluation.clone(),
        traces: args.traces.clone(),
        viewer: args.viewer.clone(),
        limits: args.limits(),
        ..Settings::of(args.gallery.clone(), SocketAddr::new(args.address, args.port))
    };
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    server::run(
        settings,
        || args.finder.attach(args.model.load()?),
        |address| announce(scheme, address, args.json),
    )
}

/// Serves a gallery of this model to this machine alone.
pub(crate) fn run_here(gallery: Location, encoder: Encoder, json: bool) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    server::run(
        Settings::of(gallery, address),
        || Ok(encoder),
        |address| announce("http", address, json),
    )
}

/// Prints the address that the server listens on.
fn announce(scheme: &str, address: SocketAddr, json: bool) -> Result<()> {
    let address = format!("{scheme}://{address}/");
    if json {
        output::json(&json!({ "address": address }))
    } else {
        output::text(&format!("serving at {address}"))
    }
}

impl ServeArgs {
    fn limits(&self) -> Limits {
        let defaults = Limits::default();
        Limits {
            upload_bytes: (self.max_upload as usize) << 20,
            pixels: u64::from(self.max_pixels) * 1_000_000,
            query_bytes: (self.query_memory as usize) << 20,
            query_life: Duration::from_secs(60 * u64::from(self.query_minutes)),
            connections: self.max_connections as usize,
            queue: self.queue as usize,
            timeout: Duration::from_secs(self.timeout.into()),
            stale: Duration::from_secs(self.stale.into()),
            session_life: Duration::from_secs(60 * u64::from(self.session_minutes)),
            encoders: self.encoders.map_or(defaults.encoders, |encoders| encoders as usize),
            ..defaults
        }
    }
}

fn web_address(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() => Ok(text.to_owned()),
        _ => Err("expected an address that begins with https:// or http://".to_owned()),
    }
}

/// Checks a viewer's address.
fn viewer(text: &str) -> Result<String, String> {
    if web_address(text).is_ok() && text.contains("{study}") {
        return Ok(text.to_owned());
    }
    Err("expected an address that begins with https:// or http:// and has {study} in it".to_owned())
}
