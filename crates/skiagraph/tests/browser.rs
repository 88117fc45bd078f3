//! The application in a real browser, with a real server of the samples: runs the journeys of
//! web/e2e.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "../../pacs/tests/common/mod.rs"]
mod peers;
#[path = "common/server.rs"]
mod server;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use common::{json, samples, succeed, text, workspace};
use peers::write_instances;
use server::Server;

/// The study of the first instances.
const STUDY: &str = "1.2.826.0.1.3680043.10.2.0";
/// The oldest version of Node that the application is built and tested with.
const NODE: [u32; 2] = [20, 19];

/// Tells whether a program is there. If not, it prints so, or fails where everything must be there.
fn is_there(what: &str, found: bool) -> bool {
    assert!(found || std::env::var_os("CI").is_none(), "{what} is not there, and `CI` is set");
    if !found {
        eprintln!("passed over: {what} is not there");
    }
    found
}

fn says(program: &str) -> Option<String> {
    let said = Command::new(program).arg("--version").output().ok()?;
    String::from_utf8(said.stdout).ok()
}

fn node_is_new_enough() -> bool {
    let Some(version) = says("node") else { return false };
    let mut numbers =
        version.trim().trim_start_matches('v').split('.').map(|part| part.parse().unwrap_or(0));
    [numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)] >= NODE
}

/// Tells whether the packages of the lock file were installed since it changed.
fn is_installed(web: &Path) -> bool {
    let changed = |name: &str| web.join(name).metadata().and_then(|file| file.modified()).ok();
    changed("node_modules/.package-lock.json") > changed("package-lock.json")
}

fn run(folder: &Path, command: &[&str], variables: &[(&str, String)]) {
    let mut run = Command::new(command[0]);
    run.args(&command[1..])
        .current_dir(folder)
        .envs(variables.iter().cloned())
        .stdin(Stdio::null());
    let ran = run.output().unwrap();
    let said =
        [ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(ran.status.success(), "{command:?} failed:\n{said}");
    eprintln!("{said}");
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// An identity provider, and a server that accepts its readers.
fn house(web: &Path, gallery: &Path) -> (Running, Server) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let url = format!("http://127.0.0.1:{port}");
    let mut provider = Command::new("node");
    provider.args(["e2e/provider.mjs", &url]).current_dir(web).stdin(Stdio::null());
    let mut provider = provider.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut issuer = String::new();
    // Its output must keep a reader: otherwise its next line would end it.
    BufReader::new(provider.stdout.as_mut().unwrap()).read_line(&mut issuer).unwrap();
    let oidc = ["--oidc-issuer", issuer.trim(), "--oidc-client", "skiagraph", "--oidc-url", &url];
    let server = Server::start(gallery, &[&["--port", &port], &oidc[..]].concat());
    (Running(provider), server)
}

#[test]
fn a_reader_does_what_readers_do() {
    let node = format!("node {}.{} or newer", NODE[0], NODE[1]);
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    let there = is_there(&node, node_is_new_enough())
        && is_there("npm", says("npm").is_some())
        && is_there(&chromium, says(&chromium).is_some());
    if !there {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (g, keys) = (folder.path().join("gallery"), folder.path().join("keys.toml"));
    succeed(&["index", "--gallery", text(&g), "--manifest", text(&samples().join("manifest.csv"))]);
    let instances = write_instances(folder.path(), 0..2);
    succeed(&["index", "--gallery", text(&g), text(&instances[0])]);
    succeed(&["gallery", "map", text(&g)]);
    let key = json(&["api-key", "new", "--role", "reader", "--file", text(&keys)])["key"].clone();
    let (server, locked) =
        (Server::start(&g, &[]), Server::start(&g, &["--api-keys", text(&keys)]));
    let web = workspace().join("web");
    if !is_installed(&web) {
        run(&web, &["npm", "ci", "--no-audit", "--no-fund"], &[]);
    }
    let (_provider, house) = house(&web, &g);
    let mut variables = vec![
        ("SKIAGRAPH_HOUSE", format!("http://{}", house.address)),
        ("SKIAGRAPH", format!("http://{}", server.address)),
        ("SKIAGRAPH_LOCKED", format!("http://{}", locked.address)),
        ("SKIAGRAPH_KEY", key.as_str().unwrap().to_owned()),
        ("SKIAGRAPH_DICOM", text(&instances[1]).to_owned()),
        ("SKIAGRAPH_STUDY", STUDY.to_owned()),
    ];
    let broken = workspace().join("../shared/data/dicom/broken");
    if broken.exists() {
        variables.push(("SKIAGRAPH_BROKEN", text(&broken).to_owned()));
    }
    for script in ["check", "test", "e2e"] {
        run(&web, &["npm", "run", script], &variables);
    }
}
