//! A running server, used as by a client. Every answer is compared with the server's own OpenAPI
//! document.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;
use ureq::http::Request;

use crate::common::{command, model, text};

#[path = "../../../server/tests/common/document.rs"]
mod document;

pub(crate) use document::Answer;
use document::Document;

/// A running server, which ends with the test.
pub(crate) struct Server {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    log: Arc<Mutex<String>>,
    /// The thread that reads the log until its end.
    reader: Option<JoinHandle<()>>,
    agent: ureq::Agent,
    document: Document,
    /// The headers sent with every request.
    pub(crate) headers: Vec<(String, String)>,
}

impl Server {
    /// Starts a server of a gallery, at a port of the system's choice unless the arguments have
    /// one.
    pub(crate) fn start(gallery: &Path, more: &[&str]) -> Self {
        let model = model();
        let fixed = ["serve", "--gallery", text(gallery), "--model", text(&model), "--json"];
        let port: &[&str] = if more.contains(&"--port") { &[] } else { &["--port", "0"] };
        let mut child = command(&[&fixed, port, more].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        while !said.contains('}') {
            assert!(stdout.read_line(&mut said).unwrap() > 0, "it does not start");
        }
        let log = Arc::new(Mutex::new(String::new()));
        let (mut stderr, written) =
            (BufReader::new(child.stderr.take().unwrap()), Arc::clone(&log));
        let reader = std::thread::spawn(move || {
            let mut line = String::new();
            while stderr.read_line(&mut line).unwrap() > 0 {
                written.lock().unwrap().push_str(&line);
                line.clear();
            }
        });
        let said: Value = serde_json::from_str(&said).unwrap();
        let address =
            said["address"].as_str().unwrap().trim_start_matches("http://").trim_end_matches('/');
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_global(Some(Duration::from_secs(30)))
            .build()
            .into();
        let (address, headers) = (address.to_owned(), Vec::new());
        let mut server = Self {
            child,
            address,
            log,
            reader: Some(reader),
            agent,
            document: Document::default(),
            headers,
        };
        server.document = Document(server.get("/api/openapi.json").json());
        server
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    pub(crate) fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path, &[], &[])
    }

    pub(crate) fn upload(&self, bytes: &[u8]) -> Answer {
        self.ask("POST", "/api/v1/queries", &[], bytes)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask("POST", path, &[("Content-Type", "application/json")], body.to_string().as_bytes())
    }

    /// Sends a request, and checks the answer against the document.
    pub(crate) fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let own = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in own.chain(headers.iter().copied()) {
            request = request.header(name, value);
        }
        let mut response = match method {
            "POST" => self.agent.run(request.body(body).unwrap()).unwrap(),
            _ => self.agent.run(request.body(()).unwrap()).unwrap(),
        };
        let bytes = response.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let answer = Answer { status, headers, bytes };
        self.document.check(method, path, &answer);
        answer
    }

    /// Sends raw bytes, and returns everything that comes back.
    pub(crate) fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let _cut = stream.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Tells whether the log contains a text, now or in a moment.
    pub(crate) fn logs(&self, text: &str) -> bool {
        let waits = || std::thread::sleep(Duration::from_millis(20));
        (0..250).any(|_| {
            self.log().contains(text) || {
                waits();
                false
            }
        })
    }

    /// The log so far.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Asks it to end. Returns its exit code.
    #[cfg(unix)]
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        let code = self.child.wait().unwrap().code();
        self.reader.take().unwrap().join().unwrap();
        code
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
