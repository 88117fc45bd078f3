//! A server of STOW-RS, and requests to it byte by byte.

use super::{Ours, instance};
use pacs::dicomweb::server::Config;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;
use tempfile::{TempDir, tempdir};

pub(crate) const KIND: &str =
    "Content-Type: multipart/related; type=\"application/dicom\"; boundary=xyz";

pub(crate) fn started_web(config: &Config) -> (TempDir, Ours) {
    let folder = tempdir().unwrap();
    let ours = Ours::start_web(&folder.path().join("inbox"), config);
    (folder, ours)
}

pub(crate) fn body(numbers: std::ops::Range<usize>) -> Vec<u8> {
    let part = |number| {
        [b"--xyz\r\nContent-Type: application/dicom\r\n\r\n".as_slice(), &instance(number), b"\r\n"]
            .concat()
    };
    [numbers.flat_map(part).collect(), b"--xyz--\r\n".to_vec()].concat()
}

/// Everything that comes back on a connection, to its end.
pub(crate) fn answer(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut answer = Vec::new();
    let _a_reset_ends_it_too = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

pub(crate) fn ask(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{head}\r\n\r\n").replace("\r\n", "\n").replace('\n', "\r\n");
    let _where_it_closes_early =
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
    answer(&mut stream)
}

pub(crate) fn post(address: SocketAddr, headers: &str, body: &[u8]) -> String {
    ask(address, &format!("POST /dicom-web/studies HTTP/1.1\nHost: us\n{headers}"), body)
}
