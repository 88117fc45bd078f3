//! Several machines: workers, search nodes, and a real cluster of PostgreSQL whose servers are
//! killed.
//!
//! The tests run one after the other on one cluster, as starting one takes time.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says what it measured"
)]

#[path = "../common/cluster.rs"]
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod failures;
mod ingest;
#[path = "../common/proxy.rs"]
mod proxy;
#[path = "../common/server.rs"]
mod server;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Stdio};

use gallery::{Entry, Gallery, Record};
use serde_json::{Value, json};

use cluster::Cluster;
use common::{command, model, text};
use ingest::Nodes;
use server::Server;

/// A database of the cluster.
const DATABASE: &str = "gallery";

#[test]
fn a_cluster_loses_nothing_and_answers_alike() {
    let Some(mut cluster) = Cluster::start(true) else { return };
    let folder = tempfile::tempdir().unwrap();
    cluster.sql("postgres", &format!("CREATE DATABASE {DATABASE}"));
    let at = cluster.address(DATABASE, "");
    workers_encode_each_picture_once(&cluster, &at, folder.path());
    let nodes = Nodes::start(&cluster, &at, folder.path());
    nodes_answer_as_a_folder_does(&at, folder.path(), &nodes.servers);
    what_one_node_acknowledges_another_shows(&at, &nodes.servers);
    failures::the_network_is_cut(&cluster, &nodes, folder.path());
    failures::a_search_node_is_killed(&cluster, &nodes, folder.path());
    failures::the_leader_is_killed(&mut cluster, &nodes);
    failures::a_standby_lags_when_the_leader_is_killed(&mut cluster, &nodes);
    failures::the_leaders_disk_is_full(&mut cluster, &nodes);
    failures::everything_is_killed(&mut cluster, &nodes);
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
    let put = common::json(&[
        "queue",
        "put",
        "--gallery",
        at,
        "--model",
        text(&model()),
        text(&pictures),
    ]);
    let count = put["put"].as_u64().unwrap();
    assert!(count > 40 && put["known"] == 0, "{put}");
    assert_eq!(common::json(&["queue", "info", at])["due"], count);
    let mut doomed = worker(at, &["--batch", "4"]);
    let count_records =
        |cluster: &Cluster| cluster.sql(DATABASE, "SELECT count(*) FROM skiagraph.records");
    cluster.wait("a first picture", |cluster| count_records(cluster) != "0");
    doomed.kill().unwrap();
    doomed.wait().unwrap();
    let workers = [
        worker(at, &["--until-empty", "--batch", "4"]),
        worker(at, &["--until-empty", "--batch", "7"]),
    ];
    let worked = workers.map(|worker| {
        let output = worker.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["added"].as_u64().unwrap()
    });
    assert!(worked.iter().sum::<u64>() > count / 2, "{worked:?}");
    let info = common::json(&["queue", "info", at]);
    let aside = info["set_aside"].as_array().unwrap();
    assert!(info["due"] == 0 && info["later"] == 0 && aside.len() == 2, "{info}");
    let there =
        cluster.sql(DATABASE, "SELECT count(*), count(DISTINCT key) FROM skiagraph.records");
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

/// The neighbours of every picture are compared by key, as ids differ.
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

/// The keys and distances of the nearest pictures, as a filter admits them.
fn keys(server: &Server, like: u64, gallery: &Gallery) -> BTreeSet<(u64, String)> {
    let body = json!({ "like": [like], "k": 1000, "within": 28, "filter": "width > 60" });
    let answer = server.post("/api/v1/search", &body);
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
    let hits = answer.json()["hits"].as_array().unwrap().clone();
    let key = |hit: &Value| {
        (
            hit["distance"].as_u64().unwrap(),
            gallery.record(hit["id"].as_u64().unwrap()).unwrap().key,
        )
    };
    hits.iter().map(key).collect()
}

/// A picture given to one node is found by the other at once, if the search asks for the newest
/// state.
fn what_one_node_acknowledges_another_shows(at: &str, nodes: &[Server; 2]) {
    let mut gallery = Gallery::open(Path::new(at)).unwrap();
    let like = gallery.ids()[0];
    for n in 0..20 {
        let entry = near(&gallery, like, &format!("newest-{n}"));
        gallery.insert(&entry).unwrap();
        gallery.commit().unwrap();
        let body = json!({ "like": [like], "k": 1000, "within": 0, "newest": true });
        let hits =
            nodes[n % 2].post("/api/v1/search", &body).json()["hits"].as_array().unwrap().clone();
        let names: Vec<&str> =
            hits.iter().filter_map(|hit| hit["record"]["name"].as_str()).collect();
        assert!(names.contains(&entry.record.name.as_str()), "{n}: {names:?}");
    }
    let ids: Vec<u64> =
        (0..20).map(|n| gallery.id_of(&format!("newest-{n}")).unwrap().unwrap()).collect();
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
