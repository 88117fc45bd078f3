//! A PostgreSQL server with pgvector, of Debian's packages, for one test.
#![allow(dead_code, reason = "each test uses its own part")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[path = "debian.rs"]
mod debian;
use debian::{bin, free_port, postgres_user};

/// A server on a free port of the loopback; it goes with its folder.
pub(crate) struct Server {
    dir: TempDir,
    pub(crate) port: u16,
}

impl Server {
    /// Starts a server. `None` if its programs are not installed, which is an error where tests
    /// must not be left out.
    pub(crate) fn start() -> Option<Self> {
        let bin = programs()?;
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let server = Self { dir, port: free_port() };
        let data = server.folder("data");
        run(
            &bin.join("initdb"),
            &[
                "-D",
                text(&data),
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-N",
                "-k",
            ],
        );
        server.control("start");
        Some(server)
    }

    /// Runs `pg_ctl` and waits for it.
    pub(crate) fn control(&self, action: &str) {
        let data = self.dir.path().join("data");
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off",
            self.port
        );
        let log = data.join("log");
        let all =
            ["-D", text(&data), "-l", text(&log), "-o", &options, "-w", "-m", "immediate", action];
        run(&programs().unwrap().join("pg_ctl"), &all);
    }

    /// Stops all its processes where they are, or lets them continue: `STOP` or `CONT`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = fs::read_to_string(self.dir.path().join("data/postmaster.pid")).unwrap();
        let (pid, signal) = (pid.lines().next().unwrap(), format!("-{signal}"));
        let _children = Command::new("pkill").args([&signal, "-P", pid]).status().unwrap();
        assert!(Command::new("kill").args([&signal, pid]).status().unwrap().success());
    }

    /// Makes it speak TLS alone from its next start on, with a self-signed certificate. Returns the
    /// certificate's file.
    pub(crate) fn demand_tls(&self) -> PathBuf {
        let (data, certificate) =
            (self.dir.path().join("data"), self.dir.path().join("data/server.crt"));
        let key = data.join("server.key");
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        let all = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            names,
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            text(&key),
            "-out",
            text(&certificate),
        ];
        run(Path::new("/usr/bin/openssl"), &all);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(data.join("pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n").unwrap();
        let config = data.join("postgresql.auto.conf");
        fs::write(&config, "ssl = on\n").unwrap();
        certificate
    }

    /// Makes a folder beside its data.
    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        if let Some((user, group)) = postgres_user() {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        folder
    }

    /// Makes it keep its log in a folder from its next start on.
    pub(crate) fn archive(&self) {
        let archive = self.folder("archive");
        let copy =
            format!("archive_mode = on\narchive_command = 'cp %p {}/%f'\n", archive.display());
        fs::write(self.dir.path().join("data/postgresql.auto.conf"), copy).unwrap();
    }

    /// A copy of all its data, from which [`Self::restored`] starts.
    pub(crate) fn base_backup(&self) -> PathBuf {
        let (to, port) = (self.folder("base"), self.port.to_string());
        let all = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-D", text(&to), "-c", "fast"];
        run(&programs().unwrap().join("pg_basebackup"), &all);
        to
    }

    /// Starts another server from a copy of this one's data and its log up to a time.
    pub(crate) fn restored(&self, base: &Path, time: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (data, archive) = (dir.path().join("data"), self.dir.path().join("archive"));
        assert!(Command::new("cp").arg("-a").arg(base).arg(&data).status().unwrap().success());
        let target = format!(
            "archive_mode = off\nrestore_command = 'cp {}/%f %p'\nrecovery_target_time = '{time}'\n\
             recovery_target_action = promote\n",
            archive.display()
        );
        for (name, content) in [("postgresql.auto.conf", target.as_str()), ("recovery.signal", "")]
        {
            fs::write(data.join(name), content).unwrap();
            if let Some((user, group)) = postgres_user() {
                chown(data.join(name), Some(user), Some(group)).unwrap();
            }
        }
        let restored = Self { dir, port: free_port() };
        restored.control("start");
        while restored.sql("postgres", "SELECT pg_is_in_recovery()") == "t" {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        restored
    }

    /// Copies a database into another by SQL.
    pub(crate) fn dump(&self, from: &str, to: &str) {
        let (bin, port) = (programs().unwrap(), self.port.to_string());
        let file = self.folder("dump").join("dump.sql");
        let at = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
        run(&bin.join("pg_dump"), &[&at[..], &["-f", text(&file), from]].concat());
        run(
            &bin.join("psql"),
            &[&at[..], &["-Xq", "-v", "ON_ERROR_STOP=1", "-f", text(&file), to]].concat(),
        );
    }

    /// Makes a database, and returns its address.
    pub(crate) fn database(&self, name: &str) -> PathBuf {
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        self.address(name).into()
    }

    /// The address of a database.
    pub(crate) fn address(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    /// The output of `psql`.
    pub(crate) fn sql(&self, database: &str, sql: &str) -> String {
        let port = self.port.to_string();
        let output = Command::new(programs().unwrap().join("psql"))
            .args([
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "postgres",
                "-d",
                database,
                "-XAtq",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                sql,
            ])
            .output()
            .unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(bin) = programs() {
            let data = self.dir.path().join("data");
            let _gone = as_postgres(&bin.join("pg_ctl"))
                .args(["-D", text(&data), "-m", "immediate", "stop"])
                .output();
        }
    }
}

/// The folder of the programs; `None` where tests may be left out.
fn programs() -> Option<PathBuf> {
    let bin = bin();
    assert!(
        bin.is_some() || std::env::var_os("CI").is_none(),
        "PostgreSQL with pgvector is not installed"
    );
    if bin.is_none() {
        eprintln!("left out: PostgreSQL with pgvector is not installed");
    }
    bin
}

fn as_postgres(program: &Path) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command.current_dir("/").stdout(Stdio::null());
    if let Some((user, group)) = postgres_user() {
        command.uid(user).gid(group);
    }
    command
}

fn run(program: &Path, arguments: &[&str]) {
    let status = as_postgres(program).args(arguments).status().unwrap();
    assert!(status.success(), "{} {arguments:?}", program.display());
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
