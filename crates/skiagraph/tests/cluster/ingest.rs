//! A writer that inserts one picture after the other, a reader that searches, and the outcome.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use gallery::{Entry, Gallery, Record};
use retrieval::{Embedding, HashCode};
use serde_json::{Value, json};

use super::DATABASE;
use super::cluster::Cluster;
use super::server::Server;

/// The record of a writer that inserts one picture after the other.
pub(super) struct Ingested {
    pub(super) acknowledged: Vec<String>,
    /// The longest time between two acknowledgements.
    pub(super) gap: Duration,
}

/// Inserts pictures with thumbnails of so many bytes until told to stop. Failed insertions are
/// repeated.
pub(super) fn ingest(at: &str, name: &str, size: usize, stop: &AtomicBool) -> Ingested {
    let mut gallery = None;
    let (mut acknowledged, mut gap, mut last, mut n) =
        (Vec::new(), Duration::ZERO, Instant::now(), 0_u64);
    while !stop.load(Ordering::Relaxed) {
        let key = format!("{name}-{n}");
        let insert = |gallery: &mut Gallery| {
            let entry = Entry {
                record: Record { key: key.clone(), name: key.clone(), ..Record::default() },
                code: HashCode::from_words(&[n.wrapping_mul(0x9e37_79b9_7f4a_7c15), n], 128)
                    .unwrap(),
                embedding: Embedding::new(vec![0.5; 256]),
                thumbnail: [&[0xff, 0xd8][..], &vec![7; size], &[0xff, 0xd9]].concat(),
            };
            gallery.insert(&entry).and_then(|_| gallery.commit())
        };
        let done = match gallery.as_mut() {
            Some(gallery) => insert(gallery),
            None => Gallery::open(Path::new(at)).and_then(|opened| insert(gallery.insert(opened))),
        };
        match done {
            Ok(()) => {
                gap = gap.max(last.elapsed());
                (last, n) = (Instant::now(), n + 1);
                acknowledged.push(key);
            }
            Err(_) => sleep(Duration::from_millis(100)),
        }
    }
    Ingested { acknowledged, gap }
}

/// Counts acknowledged pictures that are missing, and pictures that are there twice.
pub(super) fn lost_and_doubled(
    cluster: &Cluster,
    ingested: &Ingested,
    name: &str,
) -> (usize, usize) {
    let there = cluster
        .sql(DATABASE, &format!("SELECT key FROM skiagraph.records WHERE key LIKE '{name}-%'"));
    let all: Vec<&str> = there.lines().collect();
    let keys: BTreeSet<&str> = all.iter().copied().collect();
    let lost = ingested.acknowledged.iter().filter(|key| !keys.contains(key.as_str())).count();
    (lost, all.len() - keys.len())
}

/// Two search nodes on one gallery.
pub(super) struct Nodes {
    pub(super) at: String,
    pub(super) servers: [Server; 2],
    /// The pictures to search for. A killed worker loses the ids that it had drawn, so some numbers
    /// are missing.
    known: Vec<u64>,
}

impl Nodes {
    pub(super) fn start(cluster: &Cluster, at: &str, folder: &Path) -> Self {
        let servers = ["one", "two"].map(|name| {
            let snapshots = format!("snapshots={}", folder.join(name).display());
            Server::start(Path::new(&cluster.address(DATABASE, &snapshots)), &["--stale", "60"])
        });
        let known = Gallery::open(Path::new(at)).unwrap().ids().into_iter().take(20).collect();
        Self { at: at.to_owned(), servers, known }
    }

    /// A search like one of the pictures.
    pub(super) fn question(&self, n: usize) -> Value {
        json!({ "like": [self.known[n % self.known.len()]], "k": 5 })
    }

    /// Searches on both nodes until told to stop. Returns the number of failed requests and of all.
    pub(super) fn ask(&self, stop: &AtomicBool) -> (usize, usize) {
        let (mut failed, mut asked) = (0, 0);
        while !stop.load(Ordering::Relaxed) {
            for node in &self.servers {
                let answer = node.post("/api/v1/search", &self.question(asked));
                asked += 1;
                failed += usize::from(answer.status != 200);
            }
            sleep(Duration::from_millis(30));
        }
        (failed, asked)
    }

    /// Waits until both nodes have everything.
    pub(super) fn wait_until_alike(&self, cluster: &Cluster) {
        cluster.wait("nodes that have caught up", |_| {
            let Ok(gallery) = Gallery::open(Path::new(&self.at)) else { return false };
            let pictures = |node: &Server| node.get("/api/v1/gallery").json()["pictures"].as_u64();
            self.servers.iter().all(|node| pictures(node) == Some(gallery.len() as u64))
        });
        assert_eq!(Gallery::open(Path::new(&self.at)).unwrap().verify().unwrap(), []);
    }
}
