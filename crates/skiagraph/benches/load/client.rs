//! The clients.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::kept::Kept;

/// The number of searches in a hundred requests; the others upload a picture and search for it.
const SEARCHES: u64 = 60;
const BROWSES: u64 = 30;

/// The kind of a request, the status of its answer (0: no answer), and its time in milliseconds.
pub(crate) type Taken = (&'static str, u16, f64);

pub(crate) struct Client<'a> {
    agent: ureq::Agent,
    address: &'a str,
    picture: &'a [u8],
    records: u64,
    /// True if it only uploads.
    uploads: bool,
    random: StdRng,
}

impl<'a> Client<'a> {
    pub(crate) fn new(address: &'a str, number: u64, picture: &'a [u8], uploads: bool) -> Self {
        let timeout = Some(Duration::from_secs(60));
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(timeout)
            .build()
            .into();
        let about = agent.get(format!("{address}/api/v1/gallery")).call();
        let about: Value = about
            .unwrap()
            .body_mut()
            .read_to_vec()
            .map(|b| serde_json::from_slice(&b).unwrap())
            .unwrap();
        let records = about["pictures"].as_u64().unwrap();
        Self { agent, address, picture, records, uploads, random: StdRng::seed_from_u64(number) }
    }

    /// Sends requests until `end`, and notes the outcomes. With `kept` it also saves answers and
    /// sends files.
    pub(crate) fn run(mut self, end: Instant, taken: &Mutex<Vec<Taken>>, kept: Option<&Kept>) {
        let mut own = Vec::new();
        while Instant::now() < end {
            if let Some(kept) = kept
                && self.random.random_range(0..10) == 0
            {
                self.keep(kept, &mut own);
            }
            match self.random.random_range(0..100) {
                _ if self.uploads => self.upload(&mut own),
                kind if kind < SEARCHES => {
                    let like = self.random.random_range(0..self.records) + 1;
                    self.ask("search", "search", &json!({ "like": [like], "k": 24 }), &mut own);
                }
                kind if kind < SEARCHES + BROWSES => self.browse(&mut own),
                _ => self.upload(&mut own),
            }
        }
        taken.lock().unwrap().extend(own);
    }

    fn ask(
        &self,
        kind: &'static str,
        path: &str,
        body: &Value,
        own: &mut Vec<Taken>,
    ) -> Option<Value> {
        let start = Instant::now();
        let request = self.agent.post(format!("{}/api/v1/{path}", self.address));
        let answer = request.content_type("application/json").send(body.to_string());
        self.taken(kind, start, answer, own)
    }

    fn browse(&mut self, own: &mut Vec<Taken>) {
        let offset = self.random.random_range(0..self.records);
        self.ask("list", "records/list", &json!({ "offset": offset, "limit": 20 }), own);
        let id = self.random.random_range(0..self.records) + 1;
        let start = Instant::now();
        let answer =
            self.agent.get(format!("{}/api/v1/records/{id}/thumbnail.jpg", self.address)).call();
        self.taken("thumbnail", start, answer, own);
    }

    fn upload(&self, own: &mut Vec<Taken>) {
        let start = Instant::now();
        let answer = self.agent.post(format!("{}/api/v1/queries", self.address)).send(self.picture);
        let Some(query) = self.taken("upload", start, answer, own) else { return };
        self.ask("search", "search", &json!({ "queries": [query["id"]], "k": 24 }), own);
    }

    /// Saves an answer, or begins a job with a new picture.
    fn keep(&mut self, kept: &Kept, own: &mut Vec<Taken>) {
        if self.random.random_range(0..2) == 0 {
            let like = self.random.random_range(0..self.records) + 1;
            let set = json!({ "name": "kept", "search": { "like": [like], "k": 8 } });
            if let Some(set) = self.ask("save", "sets", &set, own) {
                kept.set(set["id"].as_str().unwrap());
            }
            return;
        }
        let Some(job) = self.ask("job", "jobs", &json!({}), own) else { return };
        let id = job["id"].as_str().unwrap();
        // Bytes behind a JPEG's end change the key, but not the picture.
        let file = [self.picture, &self.random.random::<[u8; 8]>()].concat();
        let start = Instant::now();
        let answer =
            self.agent.post(format!("{}/api/v1/jobs/{id}/files", self.address)).send(&file[..]);
        if self.taken("file", start, answer, own).is_some() {
            kept.file(&file);
        }
        self.ask("close", &format!("jobs/{id}/close"), &json!({}), own);
    }

    fn taken(
        &self,
        kind: &'static str,
        start: Instant,
        answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        own: &mut Vec<Taken>,
    ) -> Option<Value> {
        let read = answer.ok().and_then(|mut answer| {
            let bytes = answer.body_mut().read_to_vec().ok()?;
            Some((answer.status().as_u16(), bytes))
        });
        let (status, bytes) = read.unwrap_or_default();
        own.push((kind, status, start.elapsed().as_secs_f64() * 1000.0));
        if matches!(status, 0 | 503) {
            // It waits as the server asks, but not so long; or the server is not there.
            thread::sleep(Duration::from_millis(200));
        }
        (status < 300).then(|| serde_json::from_slice(&bytes).ok()).flatten()
    }
}
