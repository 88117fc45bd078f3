//! Failures of machines, networks and disks: nothing acknowledged is lost or there twice, and reads
//! continue.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::DATABASE;
use super::cluster::{Cluster, free_port};
use super::ingest::{Nodes, ingest, lost_and_doubled};
use super::proxy::Proxy;
use super::server::Server;

/// The name of the ingestion that fills a disk. Its thumbnails are large, so that room runs out
/// soon.
const FULL: &str = "full";

/// Inserts and searches while something fails, and counts.
fn while_failing(
    cluster: &mut Cluster,
    nodes: &Nodes,
    name: &str,
    fail: impl FnOnce(&mut Cluster),
) {
    let stop = AtomicBool::new(false);
    let (ingested, failed, asked) = scope(|scope| {
        let ingesting =
            scope.spawn(|| ingest(&nodes.at, name, if name == FULL { 200_000 } else { 0 }, &stop));
        let asking = scope.spawn(|| nodes.ask(&stop));
        sleep(Duration::from_secs(2));
        fail(cluster);
        sleep(Duration::from_secs(4));
        stop.store(true, Ordering::Relaxed);
        let (failed, asked) = asking.join().unwrap();
        (ingesting.join().unwrap(), failed, asked)
    });
    let (lost, doubled) = lost_and_doubled(cluster, &ingested, name);
    let (count, gap) = (ingested.acknowledged.len(), ingested.gap.as_secs_f64());
    println!(
        "{name}: {count} acknowledged, {lost} lost, {doubled} doubled, no write for {gap:.1} s; {failed} of {asked} reads failed"
    );
    assert!(count > 50 && asked > 50, "{count} {asked}");
    assert_eq!((lost, doubled, failed), (0, 0, 0));
    for n in 0..2 {
        cluster.start_node(n);
    }
    cluster.wait("a standby", Cluster::has_synchronous_standby);
    nodes.wait_until_alike(cluster);
}

fn kill_leader(cluster: &mut Cluster) {
    let leader = cluster.leader().unwrap();
    cluster.kill(leader);
    cluster.wait("another leader", |cluster| cluster.leader().is_some_and(|new| new != leader));
}

pub(super) fn the_leader_is_killed(cluster: &mut Cluster, nodes: &Nodes) {
    while_failing(cluster, nodes, "leader", kill_leader);
}

/// The standby has received everything, but shows nothing of it until it leads.
pub(super) fn a_standby_lags_when_the_leader_is_killed(cluster: &mut Cluster, nodes: &Nodes) {
    while_failing(cluster, nodes, "lagging", |cluster| {
        let standby = 1 - cluster.leader().unwrap();
        cluster.sql_at(standby, "SELECT pg_wal_replay_pause()");
        sleep(Duration::from_secs(3));
        kill_leader(cluster);
    });
}

/// Writes are refused until there is room again.
pub(super) fn the_leaders_disk_is_full(cluster: &mut Cluster, nodes: &Nodes) {
    if !cluster.has_disks {
        println!("left out: a full disk, as no file system may be mounted here");
        return;
    }
    while_failing(cluster, nodes, FULL, |cluster| {
        let full = cluster.leader().unwrap();
        let ballast = cluster.data(full).with_file_name("ballast");
        let mut file = File::create(&ballast).unwrap();
        while file.write_all(&[1; 1 << 16]).is_ok() {}
        sleep(Duration::from_secs(8));
        let still = cluster.leader();
        fs::remove_file(&ballast).unwrap();
        println!(
            "the leader's disk was full for 8 s; then it was {}",
            if still == Some(full) { "still in charge" } else { "not in charge" }
        );
        cluster.wait("a leader", |cluster| cluster.leader().is_some());
    });
}

/// A node that is cut off from the database answers from its cache, says so, and catches up later.
pub(super) fn the_network_is_cut(cluster: &Cluster, nodes: &Nodes, folder: &Path) {
    let ways = [Proxy::to(cluster.port(0)), Proxy::to(cluster.port(1))];
    let ports = ways.each_ref().map(|way| way.port);
    let options = format!("snapshots={}", folder.join("far").display());
    let node = Server::start(
        Path::new(&Cluster::address_by(ports, DATABASE, &options)),
        &["--stale", "60"],
    );
    let question = nodes.question(4);
    let before = node.post("/api/v1/search", &question).json()["hits"].clone();
    sleep(Duration::from_secs(2));
    ways.iter().for_each(|way| way.cut(true));
    sleep(Duration::from_secs(3));
    let (mut answered, mut oldest, mut slowest) = (0, 0.0_f64, 0.0_f64);
    for _ in 0..20 {
        let start = Instant::now();
        let answer = node.post("/api/v1/search", &question);
        slowest = slowest.max(start.elapsed().as_secs_f64());
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.bytes));
        assert_eq!(answer.json()["hits"], before);
        oldest = oldest.max(answer.json()["stale_seconds"].as_f64().unwrap_or(0.0));
        answered += 1;
        sleep(Duration::from_millis(300));
    }
    println!(
        "network cut: {answered} of 20 reads answered, the slowest in {slowest:.1} s, the last {oldest:.1} s old"
    );
    assert!(oldest > 5.0);
    ways.iter().for_each(|way| way.cut(false));
    cluster.wait("a node that has caught up", |_| {
        node.post("/api/v1/search", &question).json()["stale_seconds"] == Value::Null
    });
}

/// A node dies under load, and a balancer asks another one. At most one answer may be cut off, as
/// one is being sent. No balancer can undo that, but the request succeeds when repeated.
pub(super) fn a_search_node_is_killed(cluster: &Cluster, nodes: &Nodes, folder: &Path) {
    let at = |name: &str| {
        cluster.address(DATABASE, &format!("snapshots={}", folder.join(name).display()))
    };
    let [mut doomed, other] =
        ["third", "fourth"].map(|name| Server::start(Path::new(&at(name)), &[]));
    let balancer = Balancer::start(folder, &[&doomed.address, &other.address], &nodes.question(0));
    let (mut refused, mut cut, mut asked) = (Vec::new(), 0, 0);
    scope(|scope| {
        let kill = scope.spawn(|| {
            sleep(Duration::from_secs(2));
            doomed.kill();
        });
        while !kill.is_finished() || asked < 300 {
            asked += 1;
            let question = nodes.question(asked);
            let mut status = balancer.search(&question);
            if status == CUT {
                cut += 1;
                status = balancer.search(&question);
            }
            refused.extend(Some(status).filter(|&status| status != 200));
            sleep(Duration::from_millis(10));
        }
    });
    println!(
        "search node killed: {} of {asked} reads failed, {cut} were cut and asked again",
        refused.len()
    );
    let direct = other.post("/api/v1/search", &nodes.question(1));
    let direct = String::from_utf8_lossy(&direct.bytes).into_owned();
    assert!(
        refused.is_empty() && cut <= 1,
        "{refused:?} {cut}; the node that lives answers {direct}"
    );
}

/// A substitute for a status: no answer, or not all of it.
const CUT: u16 = 0;

/// HAProxy in front of some nodes.
struct Balancer {
    child: Child,
    port: u16,
}

impl Balancer {
    fn start(folder: &Path, nodes: &[&str], question: &Value) -> Self {
        let port = free_port();
        let servers: String = (1..)
            .zip(nodes)
            .map(|(n, node)| format!("  server n{n} {node} check inter 500ms\n"))
            .collect();
        let config = format!(
            "defaults\n  mode http\n  timeout connect 1s\n  timeout client 30s\n  timeout server 30s\n  retries 3\n  \
             option redispatch 1\n  retry-on conn-failure empty-response junk-response response-timeout\n\
             frontend all\n  bind 127.0.0.1:{port}\n  default_backend nodes\n\
             backend nodes\n  balance roundrobin\n  option httpchk\n  http-check send meth GET uri /readyz ver HTTP/1.1 hdr Host localhost\n{servers}"
        );
        let file = folder.join("haproxy.cfg");
        fs::write(&file, config).unwrap();
        let child = Command::new("/usr/sbin/haproxy")
            .arg("-f")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let balancer = Self { child, port };
        let answers = (0..200).any(|_| {
            sleep(Duration::from_millis(100));
            balancer.search(question) == 200
        });
        assert!(answers, "HAProxy does not answer");
        balancer
    }

    /// The status of a search, or [`CUT`].
    fn search(&self, body: &Value) -> u16 {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent: ureq::Agent =
            config.timeout_global(Some(Duration::from_secs(20))).build().into();
        let request = agent.post(format!("http://127.0.0.1:{}/api/v1/search", self.port));
        let answer = request.header("Content-Type", "application/json").send(body.to_string());
        let Ok(mut answer) = answer else { return CUT };
        let whole = answer.body_mut().read_to_string();
        whole.map_or(CUT, |_| answer.status().as_u16())
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _gone = (self.child.kill(), self.child.wait());
    }
}

/// While the database is unreachable, the nodes answer from their caches, and say how old the
/// answers are. Afterwards everything is as before.
pub(super) fn everything_is_killed(cluster: &mut Cluster, nodes: &Nodes) {
    let question = nodes.question(4);
    let before = nodes.servers[0].post("/api/v1/search", &question).json()["hits"].clone();
    let stop = AtomicBool::new(false);
    let ingested = scope(|scope| {
        let ingesting = scope.spawn(|| ingest(&nodes.at, "all", 0, &stop));
        sleep(Duration::from_secs(2));
        cluster.power_off();
        sleep(Duration::from_secs(8));
        let dark = nodes.servers[0].post("/api/v1/search", &question);
        assert_eq!(dark.status, 200, "{}", String::from_utf8_lossy(&dark.bytes));
        assert_eq!(dark.json()["hits"], before);
        assert!(dark.json()["stale_seconds"].as_f64().unwrap() > 5.0);
        let mut filtered = question.clone();
        filtered["filter"] = json!("width > 1");
        let filtered = nodes.servers[1].post("/api/v1/search", &filtered);
        assert_eq!(filtered.failure(503), "no_database");
        stop.store(true, Ordering::Relaxed);
        ingesting.join().unwrap()
    });
    cluster.power_on();
    cluster.wait("a leader", |cluster| cluster.leader().is_some());
    cluster.wait("a standby", Cluster::has_synchronous_standby);
    let (lost, doubled) = lost_and_doubled(cluster, &ingested, "all");
    println!(
        "everything killed: {} acknowledged, {lost} lost, {doubled} doubled",
        ingested.acknowledged.len()
    );
    assert!(ingested.acknowledged.len() > 20);
    assert_eq!((lost, doubled), (0, 0));
    nodes.wait_until_alike(cluster);
}
