//! WADO-RS (PS3.18 10.4): fetches instances of a server into the inbox.

use super::Client;
use super::qido::{Found, Instance};
use crate::error::{Error, Result, network};
use crate::event::Events;
use crate::http::{media_type, shown_type};
use crate::inbox::Inbox;
use crate::media_type::{MediaType, boundary_of};
use crate::multipart::Multipart;
use crate::query::Query;
use crate::receive::{Fetched, Received, concerns_one, receive};
use crate::uids::is_image_storage;
use dicom::Identity;
use std::io::Read;

/// The media type of files as the server keeps them (PS3.18 8.7.3.3). Transcoded ones would be no
/// better.
const ACCEPT: &str = r#"multipart/related; type="application/dicom"; transfer-syntax=*"#;
/// Bytes that tell a file from a body of parts.
const HEAD: u64 = 512;
/// Parts of an answer that are looked at for the one instance.
const MAX_PARTS: usize = 10_000;

impl Client {
    /// Fetches the instances that fit the query and are not known yet, of at most `limit` series. A
    /// failure of one instance is an event. Another call goes on where this one stopped.
    ///
    /// # Errors
    /// Those of [`Client::series`]; [`Error::OutOfSpace`] and [`Error::File`] of the inbox.
    pub fn pull(
        &self,
        query: &Query,
        limit: usize,
        inbox: &Inbox,
        events: Events,
    ) -> Result<Fetched> {
        let mut fetched = Fetched::default();
        for series in self.series(query, limit)? {
            match self.instances(&series) {
                Ok(instances) => {
                    self.pull_series(&series, &instances, inbox, events, &mut fetched)?;
                }
                Err(error) if is_gone(&error) => {
                    fetched.pass_over(error.to_string(), self.http.host(), events);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(fetched)
    }

    fn pull_series(
        &self,
        series: &Found,
        instances: &[Instance],
        inbox: &Inbox,
        events: Events,
        fetched: &mut Fetched,
    ) -> Result<()> {
        for instance in instances {
            if inbox.knows(&instance.sop_instance)? {
                fetched.known += 1;
                continue;
            }
            let none = instance.sop_class.as_ref().filter(|class| !is_image_storage(class));
            let received = match none {
                Some(class) => Err(Error::NoImage { sop_class: class.clone() }),
                None => self.retrieve(series, instance, inbox),
            };
            match received {
                Ok(received) => fetched.count(&received, self.http.host(), events),
                Err(error) if is_of_one(&error) => {
                    fetched.pass_over(error.to_string(), self.http.host(), events);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn retrieve(
        &self,
        Found { study, series }: &Found,
        instance: &Instance,
        inbox: &Inbox,
    ) -> Result<Received> {
        let path = format!("/studies/{study}/series/{series}/instances/{}", instance.sop_instance);
        let response = self.http.get(&path, ACCEPT)?;
        let status = response.status().as_u16();
        // 206: PS3.18 has it for what is not whole, and each instance is looked at by itself.
        if !matches!(status, 200 | 206) {
            return Err(self.http.refused(&path, status));
        }
        let kind = media_type(&response);
        let mut body = self.http.body(&path, response)?;
        let mut head = Vec::new();
        (&mut body).take(HEAD).read_to_end(&mut head).map_err(network)?;
        let content = content(&kind, &head);
        let body = head.as_slice().chain(body);
        // An instance that was not asked for is none that may be kept.
        let asked_for = |identity: &Identity| {
            let same = identity.sop_instance == instance.sop_instance;
            if same { Ok(()) } else { Err(Error::Mismatch { attribute: "SOPInstanceUID" }) }
        };
        match content {
            Some(Content::File) => receive(&mut { body }, inbox, asked_for),
            Some(Content::Parts(boundary)) => {
                of_parts(Multipart::new(body, &boundary), inbox, asked_for)
            }
            None => {
                let expected = "multipart/related with a boundary, or application/dicom";
                Err(self.http.answer(&path, shown_type(&kind.name), expected))
            }
        }
    }
}

/// The form in which an instance comes.
enum Content {
    File,
    /// Parts of a body, with this boundary.
    Parts(String),
}

/// The form of an answer, told by its first bytes, else by its media type.
fn content(kind: &MediaType, head: &[u8]) -> Option<Content> {
    if dicom::is_file(head) {
        return Some(Content::File);
    }
    match kind.name.as_str() {
        "application/dicom" | "application/octet-stream" | "binary/octet-stream" | "" => {
            let begun = head.starts_with(b"--").then(|| boundary_of(kind, head)).flatten();
            Some(begun.map_or(Content::File, Content::Parts))
        }
        name if name.starts_with("multipart/") => boundary_of(kind, head).map(Content::Parts),
        _ => None,
    }
}

/// Receives the part with the instance, which ought to be the only one. Others are passed over.
fn of_parts(
    mut parts: Multipart<impl Read>,
    inbox: &Inbox,
    asked_for: impl Fn(&Identity) -> Result<()>,
) -> Result<Received> {
    let mut first = None;
    for _ in 0..MAX_PARTS {
        if parts.next_part()?.is_none() {
            break;
        }
        match receive(&mut parts, inbox, &asked_for) {
            Err(error @ (Error::Mismatch { .. } | Error::NotDicom { .. })) => {
                first.get_or_insert(error);
            }
            received => return received,
        }
    }
    Err(first.unwrap_or(Error::Multipart { got: "no part at all" }))
}

/// Tells whether the instance was deleted after it was listed.
fn is_gone(error: &Error) -> bool {
    matches!(error, Error::HttpStatus { status: 404 | 410, .. })
}

/// Tells whether the error concerns this instance alone: it is damaged at the server, cannot be had
/// as it is kept there, or did not come whole.
fn is_of_one(error: &Error) -> bool {
    concerns_one(error)
        || is_gone(error)
        || matches!(
            error,
            Error::HttpStatus { status: 400 | 406 | 415 | 500 | 501, .. }
                | Error::Multipart { .. }
                | Error::Answer { .. }
                | Error::Closed
        )
}
