//! Acknowledged sets and files, and whether they are there after kills.

use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use gallery::Gallery;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::server::Server;

/// The time that the server may take to process waiting files.
const TIMEOUT: Duration = Duration::from_secs(300);

#[derive(Default)]
pub(crate) struct Kept {
    /// The ids of acknowledged saved answers.
    sets: Mutex<Vec<String>>,
    /// The keys of acknowledged pictures.
    files: Mutex<Vec<String>>,
}

impl Kept {
    pub(crate) fn set(&self, id: &str) {
        self.sets.lock().unwrap().push(id.to_owned());
    }

    pub(crate) fn file(&self, bytes: &[u8]) {
        let key = hex::encode(Sha256::digest(bytes));
        self.files.lock().unwrap().push(key);
    }

    /// Checks that all of it is there.
    pub(crate) fn check(&self, server: &Server, gallery: &Path) {
        let (sets, files) = (self.sets.lock().unwrap(), self.files.lock().unwrap());
        let sets_there =
            sets.iter().filter(|id| ask(server, &format!("sets/{id}")).is_some()).count();
        let waited = Instant::now();
        // A job whose closing was not answered may be open; all its files must be processed in any
        // case.
        let left = || {
            let jobs = ask(server, "jobs").unwrap();
            let waits = |job: &&Value| job["done"].as_u64() < job["received"].as_u64();
            jobs["jobs"].as_array().unwrap().iter().filter(waits).count()
        };
        while left() > 0 && waited.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_millis(500));
        }
        let opened = Gallery::open(gallery).unwrap();
        let there = |key: &String| opened.id_of(key).unwrap().is_some();
        let pictures_there = files.iter().filter(|key| there(key)).count();
        println!(
            "\nkilled {} times; acknowledged and there: {sets_there} of {} saved answers, {pictures_there} of {} pictures",
            server.kills,
            sets.len(),
            files.len()
        );
        assert!(sets_there == sets.len() && pictures_there == files.len(), "something was lost");
        assert_eq!(opened.verify().unwrap(), [], "the gallery is not sound");
    }
}

fn ask(server: &Server, path: &str) -> Option<Value> {
    let mut answer = ureq::get(format!("{}/api/v1/{path}", server.address)).call().ok()?;
    serde_json::from_slice(&answer.body_mut().read_to_vec().ok()?).ok()
}
