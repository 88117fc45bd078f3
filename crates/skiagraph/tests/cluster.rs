//! More than one machine: workers, search nodes, and a real cluster of PostgreSQL whose servers are killed.
//!
//! One test after the other on one cluster, as starting one takes its time.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

#[path = "common/cluster.rs"]
mod cluster;
mod common;
#[path = "common/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use retrieval::gallery::{Entry, Gallery, Record};
use retrieval::{Embedding, HashCode};
use serde_json::{Value, json};

use cluster::Cluster;
use common::{command, model, text};
use server::Server;

/// A database of the cluster.
const DATABASE: &str = "gallery";

#[test]
fn a_cluster_loses_nothing_and_answers_alike() {
    let Some(mut cluster) = Cluster::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    cluster.sql("postgres", &format!("CREATE DATABASE {DATABASE}"));
    let at = cluster.address(DATABASE, "");
    workers_encode_each_picture_once(&cluster, &at, folder.path());
    let nodes = ["one", "two"].map(|name| {
        let snapshots = folder.path().join(name);
        let at = cluster.address(DATABASE, &format!("snapshots={}", snapshots.display()));
        Server::start(Path::new(&at), &["--stale", "60"])
    });
    nodes_answer_as_a_folder_does(&at, folder.path(), &nodes);
    what_one_node_acknowledges_another_shows(&at, &nodes);
    the_leader_is_killed(&mut cluster, &at, &nodes);
    everything_is_killed(&mut cluster, &at, &nodes);
}

/// Two workers, of which one is killed in the middle, and two files that are no pictures.
fn workers_encode_each_picture_once(cluster: &Cluster, at: &str, folder: &Path) {
    let pictures = folder.join("pictures");
    common::subset(&pictures, 24, |_| true);
    for broken in ["broken.png", "empty.png"] {
        std::fs::write(
            pictures.join(broken),
            if broken == "broken.png" { "\u{89}PNG, but no more" } else { "" },
        )
        .unwrap();
    }
    let put = common::json(&["queue", "put", "--gallery", at, "--model", text(&model()), text(&pictures)]);
    let count = put["put"].as_u64().unwrap();
    assert!(count > 40 && put["known"] == 0, "{put}");
    assert_eq!(common::json(&["queue", "info", at])["due"], count);
    let mut doomed = worker(at, &["--batch", "4"]);
    while cluster.sql(DATABASE, "SELECT count(*) FROM skiagraph.records") == "0" {
        sleep(Duration::from_millis(20));
    }
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    let workers =
        [worker(at, &["--until-empty", "--batch", "4"]), worker(at, &["--until-empty", "--batch", "7"])];
    let worked = workers.map(|worker| {
        let output = worker.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["added"].as_u64().unwrap()
    });
    assert!(worked.iter().sum::<u64>() > count / 2, "{worked:?}");
    let info = common::json(&["queue", "info", at]);
    let aside = info["set_aside"].as_array().unwrap();
    assert!(info["due"] == 0 && info["later"] == 0 && aside.len() == 2, "{info}");
    let there = cluster.sql(DATABASE, "SELECT count(*), count(DISTINCT key) FROM skiagraph.records");
    assert_eq!(there, format!("{0}|{0}", count - 2));
    assert_eq!(common::json(&["gallery", "verify", at])["sound"], true);
    assert_eq!(common::json(&["queue", "retry", at])["retried"], 2);
    common::fail(
        &["worker", "--gallery", text(&folder.join("none")), "--model", text(&model())],
        &["has no queue"],
    );
}

fn worker(at: &str, more: &[&str]) -> Child {
    let model = model();
    let fixed = ["worker", "--gallery", at, "--model", text(&model), "--lease", "4", "--json"];
    command(&[&fixed, more].concat()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Neighbours of every picture, by key: ids differ.
fn nodes_answer_as_a_folder_does(at: &str, folder: &Path, nodes: &[Server; 2]) {
    let (export, copy) = (folder.join("export"), folder.join("copy"));
    common::json(&["gallery", "export", at, text(&export)]);
    common::json(&["gallery", "import", text(&export), text(&copy)]);
    let (theirs, ours) = (Gallery::open(Path::new(at)).unwrap(), Server::start(&copy, &[]));
    let local = Gallery::open(&copy).unwrap();
    for id in theirs.ids() {
        let key = theirs.record(id).unwrap().key;
        let here = local.id_of(&key).unwrap().unwrap();
        let expected = keys(&ours, here, &local);
        for node in nodes {
            assert_eq!(keys(node, id, &theirs), expected, "{key}");
        }
    }
}

/// Keys and distances of the pictures that are near, as a filter admits.
fn keys(server: &Server, like: u64, gallery: &Gallery) -> BTreeSet<(u64, String)> {
    let body = json!({ "like": [like], "k": 1000, "within": 28, "filter": "width > 60" });
    let answer = server.post("/api/v1/search", &body);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let hits = answer.json()["hits"].as_array().unwrap().clone();
    let key = |hit: &Value| {
        (hit["distance"].as_u64().unwrap(), gallery.record(hit["id"].as_u64().unwrap()).unwrap().key)
    };
    hits.iter().map(key).collect()
}

/// A picture that one node was given is found by the other at once, if it is asked for the newest.
fn what_one_node_acknowledges_another_shows(at: &str, nodes: &[Server; 2]) {
    let mut gallery = Gallery::open(Path::new(at)).unwrap();
    let like = gallery.ids()[0];
    for n in 0..20 {
        let entry = near(&gallery, like, &format!("newest-{n}"));
        gallery.insert(&entry).unwrap();
        gallery.commit().unwrap();
        let body = json!({ "like": [like], "k": 1000, "within": 0, "newest": true });
        let hits = nodes[n % 2].post("/api/v1/search", &body).json()["hits"].as_array().unwrap().clone();
        let names: Vec<&str> = hits.iter().filter_map(|hit| hit["record"]["name"].as_str()).collect();
        assert!(names.contains(&entry.record.name.as_str()), "{n}: {names:?}");
    }
    let ids: Vec<u64> = (0..20).map(|n| gallery.id_of(&format!("newest-{n}")).unwrap().unwrap()).collect();
    assert_eq!(gallery.delete(&ids).unwrap(), 20);
}

/// An entry with the code of another.
fn near(gallery: &Gallery, like: u64, key: &str) -> Entry {
    Entry {
        record: Record {
            key: key.to_owned(),
            name: format!("{key}.png"),
            width: 64,
            height: 64,
            ..Record::default()
        },
        code: gallery.code(like).unwrap(),
        embedding: gallery.embedding(like).unwrap(),
        thumbnail: vec![0xff, 0xd8, 0xff, 0xd9],
    }
}

/// What somebody who inserts one picture after the other saw.
struct Ingested {
    acknowledged: Vec<String>,
    /// The longest time between two acknowledgements.
    gap: Duration,
}

/// Inserts until told to stop; what fails is done again.
fn ingest(at: &str, name: &str, stop: &AtomicBool) -> Ingested {
    let mut gallery = None;
    let (mut acknowledged, mut gap, mut last, mut n) = (Vec::new(), Duration::ZERO, Instant::now(), 0_u64);
    while !stop.load(Ordering::Relaxed) {
        let key = format!("{name}-{n}");
        let insert = |gallery: &mut Gallery| {
            let entry = Entry {
                record: Record { key: key.clone(), name: key.clone(), ..Record::default() },
                code: HashCode::from_words(&[n.wrapping_mul(0x9e37_79b9_7f4a_7c15), n], 128).unwrap(),
                embedding: Embedding::new(vec![0.5; 512]),
                thumbnail: vec![0xff, 0xd8, 0xff, 0xd9],
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
            Err(error) => {
                println!("{error}");
                sleep(Duration::from_millis(100));
            }
        }
    }
    Ingested { acknowledged, gap }
}

/// Counts what was acknowledged and is not there, and what is there twice.
fn lost_and_doubled(cluster: &Cluster, ingested: &Ingested, name: &str) -> (usize, usize) {
    let there =
        cluster.sql(DATABASE, &format!("SELECT key FROM skiagraph.records WHERE key LIKE '{name}-%'"));
    let all: Vec<&str> = there.lines().collect();
    let keys: BTreeSet<&str> = all.iter().copied().collect();
    let lost = ingested.acknowledged.iter().filter(|key| !keys.contains(key.as_str())).count();
    (lost, all.len() - keys.len())
}

/// Reads go on, writes after a while, and nothing that was acknowledged is lost.
fn the_leader_is_killed(cluster: &mut Cluster, at: &str, nodes: &[Server; 2]) {
    let stop = AtomicBool::new(false);
    let (killed, ingested, failed, asked) = scope(|scope| {
        let ingesting = scope.spawn(|| ingest(at, "leader", &stop));
        let asking = scope.spawn(|| ask(nodes, &stop));
        sleep(Duration::from_secs(3));
        let leader = cluster.leader().unwrap();
        cluster.kill(leader);
        cluster.wait("another leader", |cluster| cluster.leader().is_some_and(|new| new != leader));
        sleep(Duration::from_secs(5));
        stop.store(true, Ordering::Relaxed);
        let (failed, asked) = asking.join().unwrap();
        (leader, ingesting.join().unwrap(), failed, asked)
    });
    let (lost, doubled) = lost_and_doubled(cluster, &ingested, "leader");
    let count = ingested.acknowledged.len();
    println!(
        "leader killed: {count} acknowledged, {lost} lost, {doubled} doubled, no write for {:.1} s; {failed} of {asked} reads failed",
        ingested.gap.as_secs_f64()
    );
    assert!(count > 50 && asked > 50, "{count} {asked}");
    assert_eq!((lost, doubled, failed), (0, 0, 0));
    cluster.start_node(killed);
    cluster.wait("the killed one as a standby", Cluster::has_synchronous_standby);
    alike(cluster, at, nodes);
}

/// Asks both nodes until told to stop: how many requests failed, of how many.
fn ask(nodes: &[Server; 2], stop: &AtomicBool) -> (usize, usize) {
    let (mut failed, mut asked) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        for node in nodes {
            let answer = node.post("/api/v1/search", &json!({ "like": [1 + asked as u64 % 20], "k": 5 }));
            asked += 1;
            failed += usize::from(answer.status != 200);
        }
        sleep(Duration::from_millis(30));
    }
    (failed, asked)
}

/// Both nodes know what there is.
fn alike(cluster: &Cluster, at: &str, nodes: &[Server; 2]) {
    cluster.wait("nodes that have caught up", |_| {
        let Ok(gallery) = Gallery::open(Path::new(at)) else { return false };
        let pictures = |node: &Server| node.get("/api/v1/gallery").json()["pictures"].as_u64();
        nodes.iter().all(|node| pictures(node) == Some(gallery.len() as u64))
    });
    assert_eq!(Gallery::open(Path::new(at)).unwrap().verify().unwrap(), []);
}

/// While no server answers, the nodes answer of what they know, and say how old it is; then all is as it was.
fn everything_is_killed(cluster: &mut Cluster, at: &str, nodes: &[Server; 2]) {
    let question = json!({ "like": [5], "k": 5 });
    let before = nodes[0].post("/api/v1/search", &question).json()["hits"].clone();
    let stop = AtomicBool::new(false);
    let ingested = scope(|scope| {
        let ingesting = scope.spawn(|| ingest(at, "all", &stop));
        sleep(Duration::from_secs(2));
        cluster.power_off();
        sleep(Duration::from_secs(8));
        let dark = nodes[0].post("/api/v1/search", &json!({ "like": [5], "k": 5 }));
        assert_eq!(dark.status, 200, "{}", String::from_utf8_lossy(&dark.bytes));
        assert_eq!(dark.json()["hits"], before);
        assert!(dark.json()["stale_seconds"].as_f64().unwrap() > 5.0);
        let filtered = nodes[1].post("/api/v1/search", &json!({ "like": [5], "filter": "width > 1" }));
        assert_eq!(filtered.failure(503), "no_database");
        stop.store(true, Ordering::Relaxed);
        ingesting.join().unwrap()
    });
    cluster.power_on();
    cluster.wait("a leader", |cluster| cluster.leader().is_some());
    cluster.wait("a standby", Cluster::has_synchronous_standby);
    let (lost, doubled) = lost_and_doubled(cluster, &ingested, "all");
    println!("all killed: {} acknowledged, {lost} lost, {doubled} doubled", ingested.acknowledged.len());
    assert!(ingested.acknowledged.len() > 20);
    assert_eq!((lost, doubled), (0, 0));
    alike(cluster, at, nodes);
}
