//! A server of DICOMweb that answers as a test says.

use pacs::dicomweb::Client;
use pacs::{Query, Server};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A server's answer: status, headers, body.
pub(crate) type Answer = (u16, String, Vec<u8>);

/// A server that answers as a function of method and address says, and keeps what it was asked.
pub(crate) struct Theirs {
    pub(crate) address: SocketAddr,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Theirs {
    pub(crate) fn start(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, asked) = (listener.local_addr().unwrap(), Arc::default());
        let kept = Arc::clone(&asked);
        // It ends with the process.
        thread::spawn(move || {
            for stream in listener.incoming() {
                let _a_client_may_leave = converse(stream.unwrap(), &answer, &kept);
            }
        });
        Self { address, asked }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.server()).unwrap()
    }

    pub(crate) fn server(&self) -> Server {
        Server::new(&format!("http://{}/dicom-web", self.address))
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn converse(
    stream: TcpStream,
    answer: &dyn Fn(&str) -> Answer,
    asked: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let (mut first, mut length, mut authorized) = (String::new(), 0, "");
    lines.read_line(&mut first)?;
    let mut line = first.clone();
    while !line.trim_end().is_empty() {
        line.clear();
        lines.read_line(&mut line)?;
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if header.starts_with("authorization:") {
            authorized = " (authorized)";
        }
    }
    lines.read_exact(&mut vec![0; length])?;
    let asked_for = first.rsplit_once(' ').unwrap().0.to_owned() + authorized;
    let (status, headers, body) = answer(&asked_for);
    asked.lock().unwrap().push(asked_for);
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    (&stream).write_all(&[head.as_bytes(), &body].concat())
}

pub(crate) fn json_of(value: &Value) -> Answer {
    (200, "Content-Type: application/dicom+json\r\n".to_owned(), value.to_string().into_bytes())
}

pub(crate) fn series(number: usize, modality: &str) -> Value {
    let value = |vr: &str, text: String| json!({ "vr": vr, "Value": [text] });
    json!({
        "00080060": value("CS", modality.to_owned()),
        "0020000D": value("UI", "1.2.826.0.1.3680043.10.2.0".to_owned()),
        "0020000E": value("UI", format!("1.2.826.0.1.3680043.10.3.{number}")),
    })
}

pub(crate) fn wanted(modality: &str) -> Query {
    Query { modality: Some(modality.to_owned()), ..Query::default() }
}
