//! Routes on a gallery of a few samples, asked in this process without a connection. Every answer
//! is compared with the server's own OpenAPI document.
#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod cases;
mod document;

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use connections::Peer;
pub(crate) use document::Answer;
use document::Document;
use gallery::Gallery;
use ingest::{AttemptNotes, Listed};
use network::{DeviceChoice, Encoder};
use serde_json::Value;
use server::keys::{self, Role};
use server::{GalleryService, Log, Settings};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

/// The most bytes of an answer.
const LARGEST: usize = 1 << 30;

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The first samples, in order of name.
pub(crate) fn samples(count: usize) -> Vec<PathBuf> {
    let listed = ingest::list_paths(&[workspace().join("samples/images")]).unwrap();
    listed.into_iter().take(count).map(|listed| listed.path).collect()
}

/// The bytes of one of the samples.
pub(crate) fn sample(number: usize) -> Vec<u8> {
    fs::read(&samples(number + 1)[number]).unwrap()
}

/// The model that ships.
pub(crate) fn encoder() -> Encoder {
    let model = workspace().join("models/skiagraph.safetensors");
    Encoder::load(&model, DeviceChoice::Cpu).unwrap()
}

/// A gallery of files in the folder `g` of `folder`.
pub(crate) fn gallery(folder: &Path, listed: Vec<Listed>) -> PathBuf {
    let (g, encoder, count) = (folder.join("g"), encoder(), listed.len());
    let mut made = Gallery::create(&*g, encoder.model_id(), encoder.bits()).unwrap();
    let notes = AttemptNotes::of(&made, |error| panic!("{error}")).unwrap();
    let report = ingest::fill(&mut made, &encoder, listed, &notes, |_| ()).unwrap();
    assert_eq!(report.added, count, "{:?}", report.rejected);
    g
}

/// A gallery of the first samples.
pub(crate) fn gallery_of_samples(folder: &Path, count: usize) -> PathBuf {
    gallery(folder, samples(count).iter().map(|path| Listed::bare(path)).collect())
}

/// A new key of a role: its id, and the header that shows it.
pub(crate) fn key(file: &Path, role: Role) -> (String, (String, String)) {
    let (text, key) = keys::make(role, None).unwrap();
    let id = key.id.clone();
    keys::change(file, |keys| {
        keys.push(key);
        Ok(())
    })
    .unwrap();
    (id, ("Authorization".to_owned(), format!("Bearer {text}")))
}

/// A server in this process, until it is dropped.
pub(crate) struct Server {
    /// The headers sent with every request.
    pub(crate) headers: Vec<(String, String)>,
    log: Arc<Mutex<String>>,
    document: Document,
    router: Router,
    runtime: Runtime,
    service: GalleryService,
}

impl Server {
    /// A server of a gallery.
    pub(crate) fn of(gallery: &Path) -> Self {
        Self::with(gallery, |_| ())
    }

    /// A server of a gallery with other settings.
    pub(crate) fn with(gallery: &Path, change: impl FnOnce(&mut Settings)) -> Self {
        let log = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&log);
        let mut settings = Settings::of(gallery.into(), "127.0.0.1:8042".parse().unwrap());
        settings.log = Log::to(move |line| *written.lock().unwrap() += &format!("{line}\n"));
        change(&mut settings);
        let service = GalleryService::begin(settings, || Ok(encoder())).unwrap();
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
        let mut server = Self {
            headers: Vec::new(),
            log,
            document: Document::default(),
            router: service.router(),
            runtime,
            service,
        };
        server.document = Document(server.get("/api/openapi.json").json());
        server
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], &[])
    }

    pub(crate) fn upload(&self, bytes: &[u8]) -> Answer {
        self.ask("POST", "/api/v1/queries", &[], bytes)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    /// Sends a request, and checks the answer against the document.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let all: Vec<_> = own.chain(headers.iter().copied()).collect();
        let mut request = Request::builder().method(method).uri(path);
        if !all.iter().any(|(name, _)| *name == "Host") {
            request = request.header("Host", "localhost:8042");
        }
        for (name, value) in all {
            request = request.header(name, value);
        }
        request = request.header("Content-Length", body.len());
        let peer = Peer(SocketAddr::from(([127, 0, 0, 1], 50_000)));
        let request = request.extension(peer).body(Body::from(body.to_vec())).unwrap();
        let answer = self.runtime.block_on(async {
            let (head, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
            let bytes = to_bytes(body, LARGEST).await.unwrap().to_vec();
            Answer { status: head.status.as_u16(), headers: head.headers, bytes }
        });
        self.document.check(method, path, &answer);
        answer
    }

    /// The document's operations: see [`Document::operations`].
    pub(crate) fn operations(&self) -> Vec<(String, String, Option<String>)> {
        self.document.operations()
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it. Returns the log.
    pub(crate) fn end(self) -> String {
        drop((self.runtime, self.router, self.service));
        self.log.lock().unwrap().clone()
    }

    /// Tells whether the log contains a text, now or in a moment.
    pub(crate) fn logs(&self, text: &str) -> bool {
        (0..250).any(|_| {
            self.log().contains(text) || {
                std::thread::sleep(Duration::from_millis(20));
                false
            }
        })
    }
}
