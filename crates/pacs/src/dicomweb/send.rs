//! STOW-RS as client (PS3.18 10.5): sends instances to a server.

use super::Client;
use super::json::{Object, items, number};
use crate::error::{Result, at};
use dicom_dictionary_std::tags;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The boundary of parts: 122 random bits, chosen once, so that no DICOM file has it by chance.
const BOUNDARY: &str = "skiagraph-7c1f2b0e-58d4-4c8e-9d39-0b7c5a4e61f3";
const ACCEPT: &str = "application/dicom+json";

/// The server's decision on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The server has stored it.
    Stored,
    /// The server refused it, for this failure reason (PS3.18 I.2.2), or 0 if it gave none.
    Refused(u16),
}

impl Client {
    /// Sends one DICOM file.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Http`], [`Error::HttpStatus`] for other statuses than those of
    /// PS3.18 table 10.5.3-1, [`Error::Answer`]. Of an answer without a body the status counts.
    ///
    /// [`Error::File`]: crate::Error::File
    /// [`Error::Http`]: crate::Error::Http
    /// [`Error::HttpStatus`]: crate::Error::HttpStatus
    /// [`Error::Answer`]: crate::Error::Answer
    pub fn store(&self, path: &Path) -> Result<Sent> {
        let failed = at(path);
        let file = File::open(path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let head = format!("--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n");
        let tail = format!("\r\n--{BOUNDARY}--\r\n");
        let whole = head.len() as u64 + length + tail.len() as u64;
        // A file that grows meanwhile is cut off; one that shrinks breaks the request.
        let mut body = head.as_bytes().chain(file.take(length)).chain(tail.as_bytes());
        let kind = format!(r#"multipart/related; type="application/dicom"; boundary={BOUNDARY}"#);
        let response = self.http.post("/studies", [&kind, ACCEPT], whole, &mut body)?;
        let status = response.status().as_u16();
        match status {
            200 | 202 | 409 => {
                let told: Option<Object> = self.http.parse("/studies", response)?;
                let untold = if status == 200 { Sent::Stored } else { Sent::Refused(0) };
                Ok(told.map_or(untold, |told| outcome(&told)))
            }
            204 => Ok(Sent::Stored),
            status => Err(self.http.refused("/studies", status)),
        }
    }
}

/// The answer's statement on the one instance that was sent.
fn outcome(answer: &Object) -> Sent {
    let referenced = items(answer, tags::REFERENCED_SOP_SEQUENCE).next();
    let failed = items(answer, tags::FAILED_SOP_SEQUENCE)
        .chain(items(answer, tags::OTHER_FAILURES_SEQUENCE))
        .next();
    match (referenced, failed) {
        (Some(_), None) => Sent::Stored,
        (_, failed) => {
            let reason = failed.and_then(|item| number(item, tags::FAILURE_REASON)).unwrap_or(0);
            Sent::Refused(u16::try_from(reason).unwrap_or(0))
        }
    }
}
