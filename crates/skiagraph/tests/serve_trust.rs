//! Security for hospitals: an audit log that cannot be changed unnoticed, TLS, and configuration in
//! a file.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::{command, fail, json, model, pictures, samples, succeed, text, workspace};
use serde_json::{Value, json};
use server::Server;

/// A gallery of two samples, and one of their files.
fn gallery(folder: &Path) -> (PathBuf, Vec<u8>) {
    let found = pictures(&samples().join("images"));
    let g = folder.join("g");
    succeed(&["index", "--gallery", text(&g), text(&found[0]), text(&found[1])]);
    (g, fs::read(&found[0]).unwrap())
}

/// The entries of a log, in FHIR or as they are.
fn entries(log: &Path, format: &str) -> Vec<Value> {
    let printed = succeed(&["audit", "export", text(log), "--format", format]).stdout;
    printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// A server, and the address that it prints.
fn start(arguments: &[&str], variables: &[(&str, &str)]) -> (Running, String) {
    let mut command = command(arguments);
    command.envs(variables.iter().copied()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    // Its output is read to the end: otherwise nobody would read the rest, and it would end.
    let mut said = String::new();
    for line in lines {
        said += &line;
        if line == "}" {
            break;
        }
    }
    let said: Value = serde_json::from_str(&said).expect("it starts");
    (Running(child), said["address"].as_str().unwrap().to_owned())
}

#[test]
fn every_access_is_in_the_log_and_changes_show() {
    let folder = tempfile::tempdir().unwrap();
    let ((g, file), keys, log) =
        (gallery(folder.path()), folder.path().join("keys.toml"), folder.path().join("audit"));
    let made = json(&["api-key", "new", "--role", "reader", "--file", text(&keys)]);
    let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
    let mut server = Server::start(&g, &["--api-keys", text(&keys), "--audit", text(&log)]);
    assert_eq!(server.get("/api/v1/records/1").status, 401);
    server.headers = vec![("Authorization".to_owned(), format!("Bearer {key}"))];
    assert_eq!(server.get("/api/v1/records/1").status, 200);
    let query = server.upload(&file).json()["id"].as_str().unwrap().to_owned();
    let found =
        server.post("/api/v1/search", &json!({ "queries": [query], "k": 2, "own": true })).json();
    let shown: Vec<&Value> =
        found["hits"].as_array().unwrap().iter().map(|hit| &hit["id"]).collect();
    assert_eq!(server.post("/api/v1/records/list", &json!({})).status, 200);
    let set = json!({ "name": "a", "search": { "queries": [query], "k": 2, "own": true } });
    let set = server.post("/api/v1/sets", &set).json()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/api/v1/sets/{set}/report.html")).status, 200);
    assert_eq!(server.get("/healthz").status, 200);
    fail(
        &["serve", "--gallery", text(&g), "--audit", text(&log), "--port", "0"],
        &["another process"],
    );
    server.kill();

    let written = entries(&log, "json");
    let actions: Vec<_> = written.iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    let one = "GET /api/v1/records/{id}";
    let [upload, search, list] =
        ["queries", "search", "records/list"].map(|what| format!("POST /api/v1/{what}"));
    let (save, read) = ("POST /api/v1/sets", "GET /api/v1/sets/{id}/report.html");
    assert_eq!(actions, ["log begins", one, one, &upload, &search, &list, save, read]);
    for entry in &written[6..] {
        assert_eq!((&entry["set"], &entry["records"]), (&json!(set), &written[4]["records"]));
    }
    assert_eq!((&written[1]["status"], &written[1]["who"]), (&401.into(), &Value::Null));
    assert_eq!((&written[2]["who"], &written[2]["role"]), (&id.into(), &"reader".into()));
    assert_eq!((&written[2]["records"], &written[2]["from"]), (&json!([1]), &"127.0.0.1".into()));
    assert_eq!(written[3]["queries"], json!([query]));
    assert_eq!(written[4]["records"].as_array().unwrap().iter().collect::<Vec<_>>(), shown);
    assert_eq!(entries(&log, "fhir")[2]["entity"][0]["what"]["identifier"]["value"], "1");

    let verified = json(&["audit", "verify", text(&log)]);
    assert_eq!((&verified["entries"], &verified["complete"]), (&8.into(), &true.into()));
    let head = verified["head"].as_str().unwrap();
    let mut server = Server::start(&g, &["--api-keys", text(&keys), "--audit", text(&log)]);
    server.headers = vec![("Authorization".to_owned(), format!("Bearer {key}"))];
    assert_eq!(server.get("/api/v1/gallery").status, 200);
    server.kill();
    succeed(&["audit", "verify", text(&log), "--head", head]);
    let file = fs::read_dir(&log).unwrap().map(|entry| entry.unwrap().path());
    let file = file.into_iter().find(|path| path.extension().is_some()).unwrap();
    let lines = fs::read_to_string(&file).unwrap();
    fs::write(&file, lines.replace("\"status\":401", "\"status\":200")).unwrap();
    fail(&["audit", "verify", text(&log)], &["line 2", "the chain breaks here"]);
    // The log is cut off at its end: only the kept hash shows it.
    fs::write(&file, lines.lines().take(3).map(|line| format!("{line}\n")).collect::<String>())
        .unwrap();
    succeed(&["audit", "verify", text(&log)]);
    fail(&["audit", "verify", text(&log), "--head", head], &["does not hold the hash", "cut off"]);
}

/// A client of the test authority.
fn trusting() -> ureq::Agent {
    let pem = fs::read(workspace().join("crates/pacs/tests/tls/authority.pem")).unwrap();
    let root = ureq::tls::Certificate::from_pem(&pem).unwrap();
    let roots = ureq::tls::RootCerts::new_with_certs(&[root]);
    let tls = ureq::tls::TlsConfig::builder().root_certs(roots).build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into()
}

#[test]
fn tls_is_spoken_and_a_renewed_certificate_counts_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let tls = workspace().join("crates/pacs/tests/tls");
    let (certificate, key) = (folder.path().join("server.pem"), folder.path().join("server.key"));
    fs::copy(tls.join("server.pem"), &certificate).unwrap();
    fs::copy(tls.join("server.key"), &key).unwrap();
    let model = model();
    let fixed = ["serve", "--gallery", text(&g), "--model", text(&model), "--port", "0", "--json"];
    let ours = ["--tls-certificate", text(&certificate), "--tls-key", text(&key)];
    let (_server, address) = start(&[&fixed[..], &ours].concat(), &[]);
    let ask = || trusting().get(format!("{address}api/v1/gallery")).call();
    let answer = ask().unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    assert!(ureq::get(format!("{address}healthz")).call().is_err(), "nobody else vouches for it");
    let place = address.trim_start_matches("https://").trim_end_matches('/');
    let mut plain = TcpStream::connect(place).unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _cut = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "nothing in plain text");
    // A client that never completes the handshake is disconnected.
    let (start, mut silent) = (Instant::now(), TcpStream::connect(place).unwrap());
    let _closed = silent.read_to_end(&mut Vec::new());
    assert!(start.elapsed() < Duration::from_secs(30));
    // While the new files cannot be read, the old certificate stays valid; then the new one is
    // used.
    fs::write(&certificate, "no certificate").unwrap();
    assert!(ask().is_ok());
    fs::copy(tls.join("client.pem"), &certificate).unwrap();
    fs::copy(tls.join("client.key"), &key).unwrap();
    assert!(ask().is_err(), "a certificate of clients alone is none of a server");
    fail(&[&fixed[..], &["--tls-certificate", text(&certificate)]].concat(), &["--tls-key"]);
    fail(
        &[&fixed[..], &["--tls-certificate", "/nowhere.pem", "--tls-key", text(&key)]].concat(),
        &["/nowhere.pem"],
    );
}

#[test]
fn a_file_and_the_environment_configure_it() {
    let folder = tempfile::tempdir().unwrap();
    let (g, _) = gallery(folder.path());
    let (file, model) = (folder.path().join("serve.toml"), model());
    let write = |text: &str| fs::write(&file, text).unwrap();
    write(&format!(
        "gallery = '{}'\nport = 1\njson = true\nmodel = '{}'\n",
        text(&g),
        text(&model)
    ));
    let variables = [("SKIAGRAPH_SERVE_PORT", "2"), ("SKIAGRAPH_SERVE_MAX_UPLOAD", "1")];
    let (_server, address) = start(&["serve", "--config", text(&file), "--port", "0"], &variables);
    assert_eq!(ureq::get(format!("{address}healthz")).call().unwrap().status(), 200);
    let large = vec![0; 2 << 20];
    let refused = ureq::post(format!("{address}api/v1/queries")).send(&large);
    assert!(
        matches!(refused, Err(ureq::Error::StatusCode(413)) | Err(ureq::Error::Io(_))),
        "{refused:?}"
    );
    write("galery = 'g'");
    fail(&["serve", "--config", text(&file)], &["`galery`", "gallery, "]);
    write("port = 'eighty'");
    fail(&["serve", "--config", text(&file), "--gallery", text(&g)], &["eighty", "--port"]);
    // The documented file has only options that exist, also where they are comments.
    let shown = workspace().join("configs/serve.toml");
    fail(&["serve", "--config", text(&shown), "--gallery", "/nowhere"], &["/nowhere"]);
    let shown = fs::read_to_string(shown).unwrap();
    let setting = |line: &str| {
        let comment = line.strip_prefix("# ").filter(|rest| rest.contains(" = "));
        comment.unwrap_or(line).to_owned()
    };
    let all: Vec<String> = shown.lines().map(setting).collect();
    assert!(all.iter().any(|line| line.starts_with("viewer = ")));
    write(&all.join("\n"));
    fail(&["serve", "--config", text(&file)], &["keys.toml", "no key"]);
}

#[test]
fn beyond_this_machine_keys_and_a_log_are_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let (g, keys) = (folder.path().join("g"), folder.path().join("keys.toml"));
    json(&["api-key", "new", "--role", "reader", "--file", text(&keys)]);
    let open = ["serve", "--gallery", text(&g), "--address", "0.0.0.0", "--port", "0"];
    fail(&open, &["0.0.0.0", "--api-keys"]);
    fail(&[&open[..], &["--api-keys", text(&keys)]].concat(), &["0.0.0.0", "--audit"]);
}
