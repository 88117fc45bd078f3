//! A server under load: many clients at once that search, browse and upload; then how long answers took, how many were refused,
//! and whether its memory stays as it is.
//!
//! ```sh
//! cargo test --release --workspace --bench load                        # 64 clients for five minutes, of the samples
//! cargo test --release --workspace --bench load -- --seconds 1800 --clients 8
//! cargo test --release --workspace --bench load -- --gallery g
//! ```

#![expect(clippy::unwrap_used, reason = "a measurement that fails ends")]
#![expect(clippy::print_stdout, reason = "a measurement prints what it found")]
#![allow(missing_docs, reason = "a program")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Of a hundred requests: the others upload a picture and search for its like.
const SEARCHES: u64 = 60;
const BROWSES: u64 = 30;

fn main() {
    let option = |name: &str| {
        let mut given = std::env::args().skip_while(|argument| argument != name).skip(1);
        given.next()
    };
    let number = |name: &str, usual: u64| option(name).map_or(usual, |value| value.parse().unwrap());
    let (clients, seconds) = (number("--clients", 64), number("--seconds", 300));
    let folder = tempfile::tempdir().unwrap();
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples");
    let gallery = option("--gallery").map_or_else(|| index(folder.path(), &samples), PathBuf::from);
    let server = Server::start(&gallery);
    let picture = fs::read(samples.join("images/nih/00004048_015.jpg")).unwrap();
    let taken = Mutex::new(Vec::new());
    let start = Instant::now();
    let end = start + Duration::from_secs(seconds);
    println!("second  server's memory, MB");
    thread::scope(|scope| {
        for client in 0..clients {
            let (taken, address, picture) = (&taken, &server.address, &picture);
            scope.spawn(move || Client::new(address, client, picture).run(end, taken));
        }
        while Instant::now() < end {
            println!("{:6}  {:.0}", start.elapsed().as_secs(), server.megabytes());
            thread::sleep(Duration::from_secs((seconds / 20).max(1)).min(end - Instant::now()));
        }
    });
    println!("{:6}  {:.0}", start.elapsed().as_secs(), server.megabytes());
    report(&taken.into_inner().unwrap(), start.elapsed().as_secs_f64());
}

/// A gallery of the samples.
fn index(folder: &Path, samples: &Path) -> PathBuf {
    let gallery = folder.join("g");
    let mut command = Command::new(env!("CARGO_BIN_EXE_skiagraph"));
    command.arg("index").arg("--gallery").arg(&gallery).arg("--manifest").arg(samples.join("manifest.csv"));
    assert!(command.status().unwrap().success());
    gallery
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(gallery: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_skiagraph"));
        command.args(["serve", "--port", "0", "--json", "--gallery"]).arg(gallery);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // To the end of what it says: else nobody would read the rest, and it would end.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let said: Vec<String> = lines.take_while(|line| line != "}").collect();
        let address =
            said.iter().find(|line| line.contains("address")).and_then(|line| line.split('"').nth(3));
        let address = address.unwrap().trim_end_matches('/').to_owned();
        Self { child, address }
    }

    /// Resident memory.
    fn megabytes(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(f64::NAN) / 1024.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}

/// What was asked, the answer's status (0: none came), and milliseconds.
type Taken = (&'static str, u16, f64);

struct Client<'a> {
    agent: ureq::Agent,
    address: &'a str,
    picture: &'a [u8],
    records: u64,
    /// Of a generator that is good enough to mix requests.
    state: u64,
}

impl<'a> Client<'a> {
    fn new(address: &'a str, number: u64, picture: &'a [u8]) -> Self {
        let timeout = Some(Duration::from_secs(60));
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(timeout).build().into();
        let about = agent.get(format!("{address}/api/v1/gallery")).call();
        let about: Value =
            about.unwrap().body_mut().read_to_vec().map(|b| serde_json::from_slice(&b).unwrap()).unwrap();
        Self { agent, address, picture, records: about["pictures"].as_u64().unwrap(), state: number + 1 }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % below
    }

    fn run(mut self, end: Instant, taken: &Mutex<Vec<Taken>>) {
        let mut own = Vec::new();
        while Instant::now() < end {
            match self.draw(100) {
                kind if kind < SEARCHES => {
                    let like = self.draw(self.records) + 1;
                    self.ask("search", "search", &json!({ "like": [like], "k": 24 }), &mut own);
                }
                kind if kind < SEARCHES + BROWSES => self.browse(&mut own),
                _ => self.upload(&mut own),
            }
        }
        taken.lock().unwrap().extend(own);
    }

    fn ask(&self, kind: &'static str, path: &str, body: &Value, own: &mut Vec<Taken>) -> Option<Value> {
        let start = Instant::now();
        let request = self.agent.post(format!("{}/api/v1/{path}", self.address));
        let answer = request.content_type("application/json").send(body.to_string());
        self.taken(kind, start, answer, own)
    }

    fn browse(&mut self, own: &mut Vec<Taken>) {
        let offset = self.draw(self.records);
        self.ask("list", "records/list", &json!({ "offset": offset, "limit": 20 }), own);
        let id = self.draw(self.records) + 1;
        let start = Instant::now();
        let answer = self.agent.get(format!("{}/api/v1/records/{id}/thumbnail.jpg", self.address)).call();
        self.taken("thumbnail", start, answer, own);
    }

    fn upload(&self, own: &mut Vec<Taken>) {
        let start = Instant::now();
        let answer = self.agent.post(format!("{}/api/v1/queries", self.address)).send(self.picture);
        let Some(query) = self.taken("upload", start, answer, own) else { return };
        self.ask("search", "search", &json!({ "queries": [query["id"]], "k": 24 }), own);
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
        if status == 503 {
            // As it asks for, though not so long.
            thread::sleep(Duration::from_millis(200));
        }
        (status < 300).then(|| serde_json::from_slice(&bytes).ok()).flatten()
    }
}

fn report(taken: &[Taken], seconds: f64) {
    let mut kinds = BTreeMap::<&str, Vec<f64>>::new();
    let mut statuses = BTreeMap::<u16, usize>::new();
    for &(kind, status, milliseconds) in taken {
        *statuses.entry(status).or_default() += 1;
        if (200..300).contains(&status) {
            kinds.entry(kind).or_default().push(milliseconds);
        }
    }
    println!("\nkind        answered   a second   p50 ms   p99 ms   most ms");
    for (kind, mut times) in kinds {
        times.sort_by(f64::total_cmp);
        let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
        let rate = times.len() as f64 / seconds;
        println!("{kind:10} {:9} {rate:10.1} {:8.1} {:8.1} {:9.1}", times.len(), at(0.5), at(0.99), at(1.0));
    }
    let other: usize =
        statuses.iter().filter(|(s, _)| !matches!(s, 200..300 | 429 | 503)).map(|(_, n)| n).sum();
    println!("\nstatuses: {statuses:?}; neither answered nor told to come again: {other}");
}
