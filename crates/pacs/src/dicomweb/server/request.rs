//! The head of a request (RFC 9112 2 to 6): its target, its credentials, and the body's length.

use super::body::{Length, Patient};
use super::{Refusal, broken};
use crate::authorization::Authorization;
use crate::error::{Error, network};
use std::io::Read;

const PATH: &str = "/dicom-web/studies";
/// Bytes of a head. Real ones have some hundred.
const MAX_HEAD: usize = 32 << 10;
const MAX_HEADERS: usize = 64;

/// The values of a head.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    method: String,
    path: String,
    authorization: Option<Vec<u8>>,
    pub(super) content_type: String,
    /// Values of the headers about the body's length.
    content_lengths: Vec<String>,
    transfer_encodings: Vec<String>,
    /// True if the client waits for 100 Continue before it sends the body.
    pub(super) expects_continue: bool,
}

fn refuse(status: u16, reason: &'static str) -> Refusal {
    (status, Error::Refused { reason })
}

impl Request {
    /// Reads a head. Returns it, and the bytes of the body that were read with it.
    pub(super) fn read(patient: &mut Patient) -> Result<(Self, Vec<u8>), Refusal> {
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        loop {
            let read = patient.read(&mut piece).map_err(|error| broken(network(error)))?;
            if read == 0 {
                return Err(broken(Error::Closed));
            }
            bytes.extend_from_slice(&piece[..read]);
            if let Some((request, length)) = Self::parse(&bytes)? {
                return Ok((request, bytes.split_off(length)));
            }
            if bytes.len() > MAX_HEAD {
                return Err(refuse(431, "a head of more than 32 KiB, expected less"));
            }
        }
    }

    /// The head and its length in bytes, if it is complete.
    fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Refusal> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut headers);
        let length = match parsed.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(httparse::Error::TooManyHeaders) => {
                return Err(refuse(431, "more than 64 headers, expected fewer"));
            }
            Err(_) => return Err(refuse(400, "a head that is none, expected HTTP/1.1")),
        };
        let all = |name: &str| {
            let named =
                parsed.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
            named.map(|header| header.value.trim_ascii()).collect::<Vec<_>>()
        };
        let text = |value: &&[u8]| String::from_utf8_lossy(value).into_owned();
        let request = Self {
            method: parsed.method.unwrap_or_default().to_owned(),
            path: parsed.path.unwrap_or_default().to_owned(),
            authorization: all("authorization").first().map(|value| value.to_vec()),
            content_type: all("content-type").first().map(text).unwrap_or_default(),
            content_lengths: all("content-length").iter().map(text).collect(),
            transfer_encodings: all("transfer-encoding").iter().map(text).collect(),
            expects_continue: all("expect").iter().any(|v| v.eq_ignore_ascii_case(b"100-continue")),
        };
        Ok(Some((request, length)))
    }

    /// Checks that the request may be served. Returns the length of its body.
    pub(super) fn admit(
        &self,
        wanted: Option<&Authorization>,
        max_body: u64,
    ) -> Result<Length, Refusal> {
        let shown = self.authorization.as_deref();
        if wanted.is_some_and(|wanted| !shown.is_some_and(|shown| wanted.is(shown))) {
            return Err(refuse(
                401,
                "another authorization, or none; expected the password or token of this server",
            ));
        }
        if self.path.split('?').next().unwrap_or_default().trim_end_matches('/') != PATH {
            return Err(refuse(404, "another address, expected /dicom-web/studies, which stores"));
        }
        if self.method != "POST" {
            return Err(refuse(
                405,
                "another method, expected POST: this server stores, and gives nothing back",
            ));
        }
        match self.length()? {
            Length::Bytes(bytes) if bytes > max_body => {
                Err(refuse(413, "a body beyond the limit; send the instances in several requests"))
            }
            length => Ok(length),
        }
    }

    /// The length of the body (RFC 9112 6.3). A request with two is refused: a proxy might use the
    /// other one.
    fn length(&self) -> Result<Length, Refusal> {
        let wrong = || {
            refuse(
                400,
                "a length of the body that makes no sense, expected one Content-Length in digits, or chunks",
            )
        };
        match (&self.content_lengths[..], &self.transfer_encodings[..]) {
            ([length], []) if length.bytes().all(|c| c.is_ascii_digit()) => {
                length.parse().map(Length::Bytes).map_err(|_| wrong())
            }
            ([], [encoding]) if encoding.eq_ignore_ascii_case("chunked") => Ok(Length::Chunked),
            ([], [_, ..]) => Err(refuse(501, "another transfer encoding, expected chunked alone")),
            ([], []) => {
                Err(refuse(411, "a body of unknown length, expected Content-Length, or chunks"))
            }
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn status(head: &str) -> u16 {
        let bytes = head.replace('\n', "\r\n").into_bytes();
        let request = Request::parse(&bytes).map(|parsed| parsed.unwrap().0);
        request
            .and_then(|request| request.admit(None, 1000))
            .map_or_else(|(status, _)| status, |_| 200)
    }

    #[test]
    fn what_is_not_served_has_its_status() {
        let post =
            |headers: &str| status(&format!("POST /dicom-web/studies HTTP/1.1\n{headers}\n"));
        assert_eq!(post("Content-Length: 1000\n"), 200);
        assert_eq!(post("transfer-encoding: Chunked\n"), 200);
        assert_eq!(post("Content-Length: 1001\n"), 413);
        assert_eq!(post(""), 411);
        assert_eq!(post("Transfer-Encoding: gzip, chunked\n"), 501);
        for wrong in ["+1", "-1", "1, 1", "", "99999999999999999999", "1\nContent-Length: 2"] {
            assert_eq!(post(&format!("Content-Length: {wrong}\n")), 400, "{wrong}");
        }
        assert_eq!(post("Content-Length: 1\nTransfer-Encoding: chunked\n"), 400);
        assert_eq!(status("GET /dicom-web/studies HTTP/1.1\n\n"), 405);
        assert_eq!(status("POST /dicom-web/studies/1.2 HTTP/1.1\n\n"), 404);
        assert_eq!(status("POST / HTTP/3\n\n"), 400);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = Request::parse(&bytes);
            let _ = Request::parse(&[b"POST / HTTP/1.1\r\n", &bytes[..]].concat());
        }
    }
}
