//! A real cluster on the loopback, from Debian's packages: etcd, and two PostgreSQL servers with
//! pgvector under Patroni. One server is in charge; the other is a synchronous standby.
#![allow(dead_code, reason = "a test and a bench use a part each")]

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

#[path = "../../../gallery/tests/common/debian.rs"]
mod debian;
pub(crate) use debian::free_port;
use debian::{bin, postgres_user};

/// The time that the cluster may take to reach an expected state.
const TIMEOUT: Duration = Duration::from_secs(120);
const PASSWORD: &str = "loopback";

/// A cluster: see the module. It is removed with its folder.
pub(crate) struct Cluster {
    dir: TempDir,
    etcd: Option<Child>,
    nodes: [Node; 2],
    etcd_ports: [u16; 2],
    user: Option<(u32, u32)>,
    /// True if each server has its own file system, which can become full.
    pub(crate) has_disks: bool,
}

/// A server under Patroni.
struct Node {
    name: &'static str,
    patroni: Option<Child>,
    port: u16,
    rest: u16,
}

impl Cluster {
    /// Starts a cluster, and waits until it has a standby. If `small_disks` and mounting is
    /// allowed, each server has its own small disk. `None` if a program is not installed, which is
    /// an error where tests must not be left out.
    pub(crate) fn start(small_disks: bool) -> Option<Self> {
        let found = ["/usr/bin/etcd", "/usr/bin/patroni", "/usr/sbin/haproxy"]
            .into_iter()
            .all(|program| Path::new(program).exists());
        let found = found && bin().is_some();
        assert!(
            found || std::env::var_os("CI").is_none(),
            "etcd, Patroni, HAProxy, PostgreSQL or pgvector is not installed"
        );
        if !found {
            eprintln!("left out: etcd, Patroni, HAProxy, PostgreSQL or pgvector is not installed");
            return None;
        }
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let node = |name| Node { name, patroni: None, port: free_port(), rest: free_port() };
        let nodes = [node("a"), node("b")];
        let mut cluster = Self {
            dir,
            etcd: None,
            nodes,
            etcd_ports: [free_port(), free_port()],
            user: postgres_user(),
            has_disks: false,
        };
        for name in ["etcd", "a", "b"] {
            let folder = cluster.dir.path().join(name);
            fs::create_dir(&folder).unwrap();
            cluster.has_disks = small_disks && name != "etcd" && mount(&folder);
            if let Some((user, group)) = cluster.user {
                chown(&folder, Some(user), Some(group)).unwrap();
            }
        }
        cluster.power_on();
        cluster.wait("a leader and its standby", |cluster| {
            cluster.leader().is_some() && cluster.has_synchronous_standby()
        });
        Some(cluster)
    }

    /// Starts the processes that do not run.
    pub(crate) fn power_on(&mut self) {
        if self.etcd.is_none() {
            let [client, peer] = self.etcd_ports.map(|port| format!("http://127.0.0.1:{port}"));
            let data = self.dir.path().join("etcd/data");
            let mut command = self.command("/usr/bin/etcd", "etcd");
            command.args(["--data-dir", data.to_str().unwrap(), "--listen-client-urls", &client]);
            command.args(["--advertise-client-urls", &client, "--listen-peer-urls", &peer]);
            command.args([
                "--initial-advertise-peer-urls",
                &peer,
                "--initial-cluster",
                &format!("default={peer}"),
            ]);
            self.etcd = Some(command.spawn().unwrap());
            self.wait("etcd", |cluster| {
                TcpStream::connect(("127.0.0.1", cluster.etcd_ports[0])).is_ok()
            });
        }
        for n in 0..2 {
            self.start_node(n);
        }
    }

    /// Starts a server's Patroni, unless it runs.
    pub(crate) fn start_node(&mut self, n: usize) {
        if self.nodes[n].patroni.is_some() {
            return;
        }
        let config = self.dir.path().join(format!("{}.yml", self.nodes[n].name));
        fs::write(&config, self.config(&self.nodes[n])).unwrap();
        let mut command = self.command("/usr/bin/patroni", self.nodes[n].name);
        self.nodes[n].patroni = Some(command.arg(&config).spawn().unwrap());
    }

    fn config(&self, node: &Node) -> String {
        let Node { name, port, rest, .. } = node;
        let (dir, bin, etcd) = (self.dir.path().display(), bin().unwrap(), self.etcd_ports[0]);
        let bin = bin.display();
        format!(
            "scope: skiagraph
name: {name}
restapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}
etcd3: {{host: '127.0.0.1:{etcd}'}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 2
    retry_timeout: 5
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 60, shared_buffers: 256MB, max_wal_size: 1GB}}
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}, data-checksums]
postgresql:
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: '{dir}/{name}/data'
  bin_dir: '{bin}'
  pgpass: '{dir}/{name}/pgpass'
  parameters: {{unix_socket_directories: '{dir}/{name}'}}
  pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication all 127.0.0.1/32 scram-sha-256', 'local all all trust']
  authentication:
    superuser: {{username: postgres, password: {PASSWORD}}}
    replication: {{username: replicator, password: {PASSWORD}}}
    rewind: {{username: rewinder, password: {PASSWORD}}}
"
        )
    }

    /// A program as the user `postgres`, in its own process group. Its output goes to a file.
    fn command(&self, program: &str, name: &str) -> Command {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.dir.path().join(format!("{name}.log")))
            .unwrap();
        let mut command = Command::new(program);
        command
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .process_group(0);
        command
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .env_remove("PYTHONPATH")
            .env_remove("PYTHONHOME");
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// The server that says that it is in charge.
    pub(crate) fn leader(&self) -> Option<usize> {
        (0..2).find(|&n| self.asks(n, "/primary"))
    }

    /// Tells whether a standby has everything acknowledged.
    pub(crate) fn has_synchronous_standby(&self) -> bool {
        (0..2).any(|n| self.asks(n, "/synchronous"))
    }

    /// Tells whether Patroni confirms a state of a server.
    fn asks(&self, n: usize, path: &str) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.nodes[n].rest)) else {
            return false;
        };
        let _slow = stream.set_read_timeout(Some(Duration::from_secs(2)));
        let asked = stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes());
        let mut answer = String::new();
        asked.is_ok()
            && std::io::Read::read_to_string(&mut stream, &mut answer).is_ok()
            && answer.split(' ').nth(1) == Some("200")
    }

    /// Kills a server and its Patroni at once.
    pub(crate) fn kill(&mut self, n: usize) {
        let data = self.data(n);
        if let Some(mut patroni) = self.nodes[n].patroni.take() {
            let _gone = patroni.kill();
            let _reaped = patroni.wait();
        }
        kill_postmaster(&data);
    }

    /// Kills all processes at once.
    pub(crate) fn power_off(&mut self) {
        for n in 0..2 {
            if let Some(patroni) = &mut self.nodes[n].patroni {
                let _gone = patroni.kill();
            }
        }
        (0..2).for_each(|n| kill_postmaster(&self.data(n)));
        let programs = self.nodes.iter_mut().map(|node| &mut node.patroni).chain([&mut self.etcd]);
        for program in programs {
            if let Some(mut program) = program.take() {
                let _gone = program.kill();
                let _reaped = program.wait();
            }
        }
    }

    /// A server's data folder.
    pub(crate) fn data(&self, n: usize) -> PathBuf {
        self.dir.path().join(self.nodes[n].name).join("data")
    }

    /// A server's port.
    pub(crate) fn port(&self, n: usize) -> u16 {
        self.nodes[n].port
    }

    /// The address of a database at either server. `options` follow the question mark.
    pub(crate) fn address(&self, database: &str, options: &str) -> String {
        Self::address_by([self.port(0), self.port(1)], database, options)
    }

    /// The address of a database at these ports.
    pub(crate) fn address_by([a, b]: [u16; 2], database: &str, options: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{a},127.0.0.1:{b}/{database}?{options}")
    }

    /// Runs SQL by `psql` at one of the servers.
    pub(crate) fn sql_at(&self, n: usize, sql: &str) {
        let port = self.nodes[n].port.to_string();
        let mut command = Command::new(bin().unwrap().join("psql"));
        command.env("PGPASSWORD", PASSWORD).args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "postgres",
            "-XAtqc",
            sql,
        ]);
        assert!(command.status().unwrap().success(), "{sql}");
    }

    /// The output of `psql` at the server in charge.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let (start, mut output) = (Instant::now(), self.psql(database, sql).output().unwrap());
        // The server in charge may change meanwhile; `psql` ends with 2 if it finds none.
        while output.status.code() == Some(2) && start.elapsed() < TIMEOUT {
            sleep(Duration::from_millis(500));
            output = self.psql(database, sql).output().unwrap();
        }
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    /// `psql` at the server in charge.
    pub(crate) fn psql(&self, database: &str, sql: &str) -> Command {
        let hosts = format!(
            "host=127.0.0.1,127.0.0.1 port={},{} user=postgres dbname={database} target_session_attrs=read-write",
            self.nodes[0].port, self.nodes[1].port
        );
        let mut command = Command::new(bin().unwrap().join("psql"));
        command.env("PGPASSWORD", PASSWORD).args([
            "-d",
            &hosts,
            "-XAtq",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql,
        ]);
        command
    }

    /// Waits until a condition holds.
    pub(crate) fn wait(&self, what: &str, so: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !so(self) {
            assert!(start.elapsed() < TIMEOUT, "no {what}: {}", self.logs());
            sleep(Duration::from_millis(100));
        }
    }

    /// The ends of the logs.
    fn logs(&self) -> String {
        let end = |name: &str| {
            let text =
                fs::read_to_string(self.dir.path().join(format!("{name}.log"))).unwrap_or_default();
            let lines: Vec<&str> = text.lines().rev().take(15).collect();
            format!("\n{name}:\n{}", lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
        };
        ["etcd", "a", "b"].map(end).concat()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.power_off();
        // The last processes may need a moment to release it.
        for name in ["a", "b"] {
            let _gone = Command::new("umount")
                .arg("-l")
                .arg(self.dir.path().join(name))
                .stderr(Stdio::null())
                .status();
        }
    }
}

/// Mounts a small file system. Returns whether that is allowed.
fn mount(folder: &Path) -> bool {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", "size=1g", "none"]).arg(folder).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Kills a server by the number of its first process; the others end by themselves.
fn kill_postmaster(data: &Path) {
    let pid = fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    if let Some(pid) = pid.lines().next() {
        let _gone = Command::new("kill").args(["-9", pid]).stderr(Stdio::null()).status();
    }
}
