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
use ureq::http::{HeaderMap, Request};

use crate::common::{command, model, text};

/// A running server, which ends with the test.
pub(crate) struct Server {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    log: Arc<Mutex<String>>,
    /// The thread that reads the log until its end.
    reader: Option<JoinHandle<()>>,
    agent: ureq::Agent,
    document: Value,
    /// The headers sent with every request.
    pub(crate) headers: Vec<(String, String)>,
}

/// A server's answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The failure's code; the status must be this one.
    pub(crate) fn failure(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        let error = &problem["error"];
        assert!(error["message"].as_str().unwrap().len() > 20, "{error}");
        assert_eq!((&problem["detail"], &problem["status"]), (&error["message"], &status.into()));
        assert!(!problem["title"].as_str().unwrap().is_empty(), "{problem}");
        error["code"].as_str().unwrap().to_owned()
    }
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
            document: Value::Null,
            headers,
        };
        server.document = server.get("/api/openapi.json").json();
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
        self.check(method, path, &answer);
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

    /// The document's operations: method, path, and the required role; `None` for those open to
    /// anybody.
    pub(crate) fn operations(&self) -> Vec<(String, String, Option<String>)> {
        let paths = self.document["paths"].as_object().unwrap();
        let of_path = |(path, operations): (&String, &Value)| {
            let operations = operations.as_object().unwrap().clone().into_iter();
            let path = path.clone();
            operations.map(move |(method, operation)| {
                let role = operation["x-role"].as_str().map(str::to_owned);
                assert_eq!(role.is_none(), operation["security"].is_null(), "{path}");
                (method.to_uppercase(), path.clone(), role)
            })
        };
        paths.iter().flat_map(of_path).collect()
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

    fn check(&self, method: &str, path: &str, answer: &Answer) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(
            answer.header("content-security-policy").starts_with("default-src 'self';"),
            "{path}"
        );
        assert!(
            path.starts_with("/assets/") || answer.header("cache-control") == "no-store",
            "{path}"
        );
        let path = path.split('?').next().unwrap();
        let Some(operation) = self.operation(method, path) else { return };
        let responses = &operation["responses"];
        let response = match &responses[answer.status.to_string()] {
            Value::Null => &responses["default"],
            response => response,
        };
        assert!(
            answer.status >= 400 || response != &responses["default"],
            "{method} {path}: {}",
            answer.status
        );
        let Some(content) = response["content"].as_object() else {
            return assert!(answer.bytes.is_empty(), "{path}");
        };
        let kind = answer.header("content-type").split(';').next().unwrap();
        let schema =
            &content.get(kind).unwrap_or_else(|| panic!("{method} {path} gives {kind}"))["schema"];
        if kind == "application/json" || kind == "application/problem+json" {
            self.fits(&answer.json(), schema, path);
        }
    }

    fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let alike = |template: &str| {
            template.split('/').count() == path.split('/').count()
                && template
                    .split('/')
                    .zip(path.split('/'))
                    .all(|(a, b)| a.starts_with('{') || a == b)
        };
        let paths = self.document["paths"].as_object()?;
        // A literal path takes precedence over one with a placeholder.
        let (_, found) = paths
            .iter()
            .filter(|(template, _)| alike(template))
            .min_by_key(|(t, _)| t.contains('{'))?;
        found.get(method.to_lowercase())
    }

    /// Checks that a value matches the schema, and has no property that the schema lacks.
    fn fits(&self, value: &Value, schema: &Value, at: &str) {
        if let Some(name) = schema["$ref"].as_str() {
            return self.fits(value, self.document.pointer(&name[1..]).unwrap(), at);
        }
        if let Some(any) = schema["anyOf"].as_array() {
            let null = |schema: &&Value| schema["type"] == "null";
            if value.is_null() && any.iter().any(|schema| null(&schema)) {
                return;
            }
            return self.fits(value, any.iter().find(|schema| !null(schema)).unwrap(), at);
        }
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let kinds =
            schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
        let fits =
            kinds.iter().any(|wanted| wanted == kind || (wanted == "number" && kind == "integer"));
        assert!(fits || schema["type"].is_null(), "{at} is {kind}, not {kinds:?}");
        for (name, inside) in value.as_object().into_iter().flatten() {
            let known = &schema["properties"][name];
            assert!(!known.is_null() || schema["properties"].is_null(), "{at} has {name}");
            self.fits(inside, known, &format!("{at}.{name}"));
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            assert!(value.get(name.as_str().unwrap()).is_some(), "{at} has no {name}");
        }
        for inside in value.as_array().into_iter().flatten() {
            self.fits(inside, &schema["items"], &format!("{at}[]"));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _waited = self.child.wait();
    }
}
