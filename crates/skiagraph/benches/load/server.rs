//! The server that is measured.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A server of a gallery, which ends with the measurement.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
    gallery: PathBuf,
    /// The number of times it was killed.
    pub(crate) kills: usize,
    /// Its memory budget in MB, if it is given one.
    limit: Option<u64>,
}

impl Server {
    pub(crate) fn start(gallery: &Path, limit: Option<u64>) -> Self {
        // The port is free, and stays the same when the server is started again.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let (child, address) = Self::run(gallery, port, limit);
        Self { child, address, gallery: gallery.to_owned(), kills: 0, limit }
    }

    pub(crate) fn kill_and_start_again(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.kills += 1;
        let port = self.address.rsplit_once(':').unwrap().1.parse().unwrap();
        (self.child, self.address) = Self::run(&self.gallery, port, self.limit);
    }

    fn run(gallery: &Path, port: u16, limit: Option<u64>) -> (Child, String) {
        let log = OpenOptions::new().create(true).append(true).open(log_file(gallery)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_skiagraph"));
        command.args(limit.map(|megabytes| format!("--memory-limit={megabytes}")));
        command.args(["serve", "--port", &port.to_string(), "--json", "--gallery"]).arg(gallery);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        // Its output is read to the end: otherwise nobody would read the rest, and it would end.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let said: Vec<String> = lines.take_while(|line| line != "}").collect();
        let address = said
            .iter()
            .find(|line| line.contains("address"))
            .and_then(|line| line.split('"').nth(3));
        let address = address.unwrap().trim_end_matches('/').to_owned();
        (child, address)
    }

    /// The reasons of failures that are not the client's fault, and how often each occurred.
    pub(crate) fn failures(&self) -> BTreeMap<String, usize> {
        let mut failures = BTreeMap::new();
        for line in fs::read_to_string(log_file(&self.gallery)).unwrap().lines() {
            if let Ok(Value::Object(line)) = serde_json::from_str(line)
                && let Some(error) = line.get("error")
            {
                *failures
                    .entry(format!("{} {error}", line.get("route").unwrap_or(&Value::Null)))
                    .or_default() += 1;
            }
        }
        failures
    }

    /// The resident memory in MB.
    pub(crate) fn megabytes(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The most resident memory that it has had, in MB.
    pub(crate) fn peak_megabytes(&self) -> f64 {
        self.status("VmHWM:")
    }

    /// A line of the kernel's account of it, in MB.
    fn status(&self, name: &str) -> f64 {
        let status =
            fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name));
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

/// The log file, beside the gallery's folder.
fn log_file(gallery: &Path) -> PathBuf {
    gallery.with_extension("log")
}
