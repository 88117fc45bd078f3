//! The workers, which search, send, add and read.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use gallery::DATABASE;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::acknowledged::Acknowledged;
use crate::files::Files;
use crate::processes::Processes;
use crate::skiagraph;

/// The number of records of the samples; a search is for one of them.
const RECORDS: usize = 200;
/// The number of files in a folder that `index` adds.
const FOLDER: usize = 8;
/// The number of uploads of which one is hostile.
const HOSTILE: usize = 10;
const BOUNDARY: &str = "soak";

/// The data and processes of the soak.
pub(crate) struct Site {
    pub(crate) folder: PathBuf,
    pub(crate) gallery: PathBuf,
    pub(crate) inbox: PathBuf,
    /// The ports of `serve` and of STOW-RS.
    pub(crate) ports: [u16; 2],
    pub(crate) files: Files,
    pub(crate) processes: Processes,
    pub(crate) acknowledged: Acknowledged,
}

impl Site {
    pub(crate) fn server(&self) -> String {
        format!("http://127.0.0.1:{}", self.ports[0])
    }

    pub(crate) fn wait_until_up(&self) {
        while self.ports.iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
            thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A turn of a worker.
pub(crate) type Turn<'a> = fn(&mut Worker<'a>);

pub(crate) struct Worker<'a> {
    site: &'a Site,
    agent: ureq::Agent,
    random: StdRng,
    /// A number that its processes and folders are named by.
    number: u64,
    turns: usize,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(site: &'a Site, seed: u64, number: u64) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
            .into();
        let random = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(number));
        Self { site, agent, random, number, turns: 0 }
    }

    /// Takes turns until the time is over.
    pub(crate) fn run(&mut self, span: Duration, turn: Turn<'a>) {
        let start = Instant::now();
        while start.elapsed() < span {
            turn(self);
            self.turns += 1;
        }
    }

    pub(crate) fn search(&mut self) {
        let body = json!({ "like": [self.random.random_range(0..RECORDS) + 1], "k": 24 });
        self.post_json("search", "search", &body);
        thread::sleep(Duration::from_millis(100));
    }

    pub(crate) fn upload(&mut self) {
        let (kind, bytes) = self.hostile_or("upload", "hostile");
        if let Some(query) = self.post(kind, "/api/v1/queries", "image/*", &bytes) {
            let body = json!({ "queries": [query["id"]], "k": 24 });
            self.post_json("ask", "search", &body);
        }
        thread::sleep(Duration::from_millis(500));
    }

    /// Sends a job of one file.
    pub(crate) fn job(&mut self) {
        thread::sleep(Duration::from_secs(2));
        let Some(job) = self.post_json("job", "jobs", &json!({})) else { return };
        let id = job["id"].as_str().unwrap();
        let (kind, bytes) = self.hostile_or("file", "hostile");
        self.site.acknowledged.sent(1);
        let path = format!("/api/v1/jobs/{id}/files");
        if self.post(kind, &path, "image/*", &bytes).is_some() && kind == "file" {
            self.site.acknowledged.file("jobs", &bytes);
        }
        self.post_json("close", &format!("jobs/{id}/close"), &json!({}));
    }

    pub(crate) fn save(&mut self) {
        thread::sleep(Duration::from_secs(3));
        let like = self.random.random_range(0..RECORDS) + 1;
        let set = json!({ "name": "soak", "search": { "like": [like], "k": 8 } });
        if let Some(set) = self.post_json("save", "sets", &set) {
            self.site.acknowledged.set(set["id"].as_str().unwrap());
        }
    }

    /// Sends an instance by STOW-RS.
    pub(crate) fn send(&mut self) {
        thread::sleep(Duration::from_secs(2));
        let (mut bytes, uid) = self.site.files.dicom();
        let hostile = self.random.random_range(0..HOSTILE) == 0;
        if hostile {
            bytes = self.site.files.hostile(&mut self.random);
        }
        self.site.acknowledged.sent(1);
        let head = format!("--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n");
        let tail = format!("\r\n--{BOUNDARY}--\r\n");
        let body = [head.as_bytes(), &bytes, tail.as_bytes()].concat();
        let kind = format!("multipart/related; type=\"application/dicom\"; boundary={BOUNDARY}");
        let url = format!("http://127.0.0.1:{}/dicom-web/studies", self.site.ports[1]);
        let name = if hostile { "hostile" } else { "stow" };
        if self.answer(name, &url, &kind, &body).is_some() && !hostile {
            self.site.acknowledged.key("listen", uid);
        }
    }

    /// Adds a folder of new pictures by `index`, again until it succeeds.
    pub(crate) fn index(&mut self) {
        thread::sleep(Duration::from_secs(8));
        let folder = self.site.folder.join(format!("{}-{}", self.number, self.turns));
        fs::create_dir(&folder).unwrap();
        let files: Vec<_> = (0..FOLDER).map(|_| self.site.files.jpeg()).collect();
        for (number, bytes) in files.iter().enumerate() {
            fs::write(folder.join(format!("{number}.jpg")), bytes).unwrap();
        }
        self.site.acknowledged.sent(FOLDER);
        let name = format!("index {}", self.number);
        loop {
            let mut command = skiagraph(&["index", "--gallery"]);
            command.arg(&self.site.gallery).arg(&folder);
            match self.site.processes.run(&name, &mut command).code() {
                Some(0 | 3) => break,
                Some(code) => panic!("{name} ended with {code}; see the log"),
                None => {}
            }
        }
        files.iter().for_each(|bytes| self.site.acknowledged.file("index", bytes));
    }

    /// Reads the database with another SQLite program.
    pub(crate) fn read_database(&mut self) {
        const PYTHON: &str = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
            c.execute('SELECT count(*) FROM records').fetchone(); c.close()";
        thread::sleep(Duration::from_secs(3));
        let database = self.site.gallery.join(DATABASE);
        let backup = format!(".backup '{}'", self.site.folder.join("backup").display());
        let words = ["SELECT count(*) FROM records", "PRAGMA wal_checkpoint(TRUNCATE)", &backup];
        let mut command = match self.turns % 4 {
            0 => {
                let mut python = Command::new("python3");
                python.args(["-c", PYTHON]).arg(&database);
                python
            }
            turn => {
                let mut sqlite = Command::new("sqlite3");
                sqlite.arg(&database).arg(words[turn - 1]);
                sqlite
            }
        };
        // It may fail while another process is writing.
        let _ended = command.output().unwrap();
    }

    fn hostile_or(
        &mut self,
        sound: &'static str,
        hostile: &'static str,
    ) -> (&'static str, Vec<u8>) {
        match self.random.random_range(0..HOSTILE) {
            0 => (hostile, self.site.files.hostile(&mut self.random)),
            _ => (sound, self.site.files.jpeg()),
        }
    }

    fn post_json(&self, kind: &'static str, path: &str, body: &Value) -> Option<Value> {
        let path = format!("/api/v1/{path}");
        self.post(kind, &path, "application/json", body.to_string().as_bytes())
    }

    fn post(&self, kind: &'static str, path: &str, media: &str, body: &[u8]) -> Option<Value> {
        self.answer(kind, &format!("{}{path}", self.site.server()), media, body)
    }

    /// Posts a request, and notes the time and the status. Returns the answer if it is a success.
    fn answer(&self, kind: &'static str, url: &str, media: &str, body: &[u8]) -> Option<Value> {
        let start = Instant::now();
        let answer = self.agent.post(url).content_type(media).send(body);
        let read = answer.ok().and_then(|mut answer| {
            let bytes = answer.body_mut().read_to_vec().ok()?;
            Some((answer.status().as_u16(), bytes))
        });
        let (status, bytes) = read.unwrap_or_default();
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        self.site.acknowledged.answered(kind, status, milliseconds);
        if matches!(status, 0 | 429 | 503) {
            thread::sleep(Duration::from_millis(200));
        }
        let good = (200..300).contains(&status);
        good.then(|| serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}
