//! Acknowledged changes, times of answers, and whether all changes are there in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use gallery::{DATABASE, Gallery};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::skiagraph;
use crate::workers::Site;

/// The time that the processes may take to process waiting files.
const TIMEOUT: Duration = Duration::from_secs(600);

#[derive(Default)]
pub(crate) struct Acknowledged {
    /// The keys of records, by the process that acknowledged them.
    keys: Mutex<BTreeMap<&'static str, BTreeSet<String>>>,
    /// The ids of saved answers.
    sets: Mutex<Vec<String>>,
    /// The number of files sent in all, acknowledged or not.
    sent: Mutex<usize>,
    /// The times of answers in milliseconds.
    times: Mutex<BTreeMap<&'static str, Vec<f64>>>,
    /// The number of answers with each status; 0 means no answer, as while the process was being
    /// started.
    statuses: Mutex<BTreeMap<(&'static str, u16), usize>>,
}

impl Acknowledged {
    pub(crate) fn file(&self, by: &'static str, bytes: &[u8]) {
        let key = hex::encode(Sha256::digest(bytes));
        self.key(by, key);
    }

    pub(crate) fn key(&self, by: &'static str, key: String) {
        self.keys.lock().unwrap().entry(by).or_default().insert(key);
    }

    pub(crate) fn set(&self, id: &str) {
        self.sets.lock().unwrap().push(id.to_owned());
    }

    pub(crate) fn sent(&self, files: usize) {
        *self.sent.lock().unwrap() += files;
    }

    pub(crate) fn answered(&self, kind: &'static str, status: u16, milliseconds: f64) {
        *self.statuses.lock().unwrap().entry((kind, status)).or_default() += 1;
        if (200..300).contains(&status) {
            self.times.lock().unwrap().entry(kind).or_default().push(milliseconds);
        }
    }

    /// Waits until neither jobs nor the inbox hold anything that is not in the gallery.
    pub(crate) fn wait_until_worked_off(&self, site: &Site) {
        let start = Instant::now();
        while waiting(site) != Some(0) && start.elapsed() < TIMEOUT {
            thread::sleep(Duration::from_secs(1));
        }
        println!("worked off after {:.0} s", start.elapsed().as_secs_f64());
    }

    /// Checks that all of it is there.
    pub(crate) fn check(&self, site: &Site, initial: usize) {
        self.report();
        let gallery = Gallery::open(&*site.gallery).unwrap();
        let mut lost = 0;
        for (by, keys) in &*self.keys.lock().unwrap() {
            let there = keys.iter().filter(|key| gallery.contains(key).unwrap()).count();
            println!("{by:10} acknowledged {:6}, there {there:6}", keys.len());
            lost += keys.len() - there;
        }
        let (all, sets) = self.saved_sets(site);
        println!("saved sets acknowledged {all:6}, there {sets:6}");
        let (records, sent) = (gallery.len(), *self.sent.lock().unwrap());
        let doubled = sql(site, "SELECT count(*) - count(DISTINCT key) FROM records");
        println!("records {records}; samples {initial}; sent {sent}; doubled {doubled}");
        println!("gallery verify: {} faults", gallery.verify().unwrap().len());
        assert_eq!((lost, all - sets, doubled.as_str()), (0, 0, "0"), "lost or doubled");
        assert!(records <= initial + sent, "more records than were sent");
        assert_eq!(gallery.verify().unwrap(), [], "the gallery is not sound");
    }

    fn saved_sets(&self, site: &Site) -> (usize, usize) {
        let sets = self.sets.lock().unwrap();
        let listed = Command::new("sqlite3")
            .arg(site.gallery.join("sets.sqlite"))
            .arg("SELECT id FROM result_set")
            .output()
            .unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let listed: BTreeSet<_> = listed.lines().collect();
        (sets.len(), sets.iter().filter(|id| listed.contains(id.as_str())).count())
    }

    fn report(&self) {
        println!("\nkind        answered   p50 ms   p99 ms   most ms");
        for (kind, times) in &mut *self.times.lock().unwrap() {
            times.sort_by(f64::total_cmp);
            let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
            let (n, half, most) = (times.len(), at(0.5), at(1.0));
            println!("{kind:10} {n:9} {half:8.1} {:8.1} {most:9.1}", at(0.99));
        }
        println!("statuses:");
        for ((kind, status), count) in &*self.statuses.lock().unwrap() {
            println!("  {kind:10} {status:3} {count:7}");
        }
    }
}

fn sql(site: &Site, query: &str) -> String {
    let mut command = Command::new("sqlite3");
    let output = command.arg(site.gallery.join(DATABASE)).arg(query).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The number of files that wait in jobs and in the inbox; `None` if a server does not answer.
fn waiting(site: &Site) -> Option<u64> {
    let mut answer = ureq::get(format!("{}/api/v1/jobs", site.server())).call().ok()?;
    let jobs: Value = serde_json::from_slice(&answer.body_mut().read_to_vec().ok()?).ok()?;
    let left = |job: &Value| {
        job["received"].as_u64().unwrap_or(0).saturating_sub(job["done"].as_u64().unwrap_or(0))
    };
    let in_jobs: u64 = jobs["jobs"].as_array()?.iter().map(left).sum();
    let status = skiagraph(&["inbox", "status", "--json"]).arg(&site.inbox).output().ok()?;
    let inbox: Value = serde_json::from_slice(&status.stdout).ok()?;
    Some(in_jobs + inbox["waiting"].as_u64()?)
}
