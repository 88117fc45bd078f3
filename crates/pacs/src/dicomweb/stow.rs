//! STOW-RS as server (PS3.18 10.5): puts the DICOM files of a body into the inbox, and answers with
//! the outcome of each. The sockets are in [`super::server`].

use super::json::{Object, object};
use super::problem;
use crate::command::status;
use crate::error::{Error, Result};
use crate::event::{Event, Events};
use crate::inbox::{Inbox, Key, Stored};
use crate::media_type::MediaType;
use crate::multipart::Multipart;
use crate::receive::{Received, concerns_one, receive};
use dicom::Identity;
use dicom_dictionary_std::tags;
use serde_json::{Value, json};
use std::io::Read;

/// The failure reason for a transfer syntax that is not accepted (PS3.18 table I.2-2).
const TRANSFER_SYNTAX_NOT_SUPPORTED: u16 = 0xC122;
const KIND_EXPECTED: &str =
    "another Content-Type, expected multipart/related; type=\"application/dicom\"; boundary=…";

/// The limits on one request. The inbox limits the size of an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Instances.
    pub max_instances: usize,
    /// Bytes of the whole body.
    pub max_body_bytes: u64,
}

impl Default for Limits {
    /// Ten thousand instances, 16 GiB.
    fn default() -> Self {
        Self { max_instances: 10_000, max_body_bytes: 16 << 30 }
    }
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status: 200 all stored, 202 some or with a warning, 409 none, 400 not a body of
    /// parts, 415 another media type, 503 no room.
    pub status: u16,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The Store Instances Response Module as DICOM JSON, `application/dicom+json` (PS3.18 table
    /// 10.5.3-2); where nothing was received, as with 400 and 415, the reason in
    /// `application/problem+json` (RFC 9457).
    pub body: String,
}

/// The outcomes of the parts so far.
#[derive(Default)]
struct Outcome {
    stored: Vec<Value>,
    failed: Vec<Value>,
    unidentified: Vec<Value>,
    without_room: usize,
    warned: usize,
}

/// The service behind `POST /studies`.
#[derive(Clone, Copy)]
pub struct Receiver<'a> {
    /// The inbox for received instances.
    pub inbox: &'a Inbox,
    /// Transfer syntaxes in which instances are taken: those that the decoder reads.
    pub transfer_syntaxes: &'a [String],
    /// The limits on one request.
    pub limits: Limits,
    /// The listener for events.
    pub events: Events<'a>,
}

impl Receiver<'_> {
    /// Receives the body of a request. Every part that the answer calls stored is durable in the
    /// inbox. `content_type` is the request's header; `from` names the client as logs may show it.
    ///
    /// # Errors
    /// [`Error::Closed`], [`Error::TimedOut`] or [`Error::Network`] if the body breaks off; nobody
    /// waits for an answer then. What was received whole is kept.
    pub fn receive(&self, content_type: &str, body: &mut dyn Read, from: &str) -> Result<Answer> {
        let kind = MediaType::parse(content_type);
        let kind_of_parts = kind.parameter("type").unwrap_or("application/dicom");
        if kind.name != "multipart/related"
            || !kind_of_parts.eq_ignore_ascii_case("application/dicom")
        {
            return Ok(Answer::problem(415, KIND_EXPECTED));
        }
        let Some(boundary) = kind.boundary() else {
            return Ok(Answer::problem(400, "a Content-Type without a boundary, expected one"));
        };
        let mut parts = Multipart::new(body.take(self.limits.max_body_bytes), boundary);
        let mut outcome = Outcome::default();
        for count in 0.. {
            match parts.next_part() {
                Ok(Some(_)) if count < self.limits.max_instances => {}
                Ok(None) if count > 0 => break,
                // Beyond a limit, or no parts: what was stored stays so, and is known when it is
                // sent again.
                Ok(None) => return Ok(Answer::problem(400, "a body of no parts, expected one")),
                Ok(Some(_)) => return Ok(self.too_many()),
                Err(error @ Error::Multipart { .. }) => {
                    return Ok(Answer::problem(400, &error.to_string()));
                }
                Err(error) => return Err(error),
            }
            self.receive_part(&mut parts, from, &mut outcome)?;
        }
        Ok(outcome.answer())
    }

    fn too_many(&self) -> Answer {
        let limit = self.limits.max_instances;
        let detail = format!(
            "more than {limit} instances; those before are stored, send the others in another request"
        );
        Answer::problem(400, &detail)
    }

    fn receive_part(&self, part: &mut dyn Read, from: &str, outcome: &mut Outcome) -> Result<()> {
        let mut seen = None;
        let admit = |identity: &Identity| {
            seen = Some(identity.clone());
            let uid = &identity.transfer_syntax;
            let is_read = self.transfer_syntaxes.contains(uid);
            if is_read { Ok(()) } else { Err(Error::TransferSyntax { uid: uid.clone() }) }
        };
        match receive(part, self.inbox, admit) {
            Ok(received) => outcome.keep(&received, from, self.events),
            Err(error) if is_broken(&error) => return Err(error),
            Err(error) => outcome.refuse(seen, &error, from, self.events),
        }
        Ok(())
    }
}

/// Tells whether the body cannot be read on after this error.
fn is_broken(error: &Error) -> bool {
    !concerns_one(error) && !matches!(error, Error::OutOfSpace { .. } | Error::File { .. })
}

impl Outcome {
    fn keep(&mut self, received: &Received, from: &str, events: Events) {
        let Received { identity, stored, bytes } = received;
        let key = Key::of(&identity.sop_instance);
        events(&Event::Stored { key, stored: *stored, bytes: *bytes, from: from.to_owned() });
        let mut item = reference(identity);
        item.extend(object([(tags::RETRIEVE_URL, "UR", Vec::new())]));
        if *stored == Stored::Differs {
            // The data set that came first under the UID is kept, not this one.
            item.extend(object([(
                tags::WARNING_REASON,
                "US",
                vec![status::ELEMENTS_DISCARDED.into()],
            )]));
            self.warned += 1;
        }
        self.stored.push(item.into());
    }

    fn refuse(&mut self, identity: Option<Identity>, error: &Error, from: &str, events: Events) {
        let reason = reason(error);
        let key = identity.as_ref().map(|identity| Key::of(&identity.sop_instance));
        events(&Event::Refused {
            key,
            status: reason,
            reason: error.to_string(),
            from: from.to_owned(),
        });
        self.without_room += usize::from(matches!(error, Error::OutOfSpace { .. }));
        let why = object([(tags::FAILURE_REASON, "US", vec![reason.into()])]);
        match identity {
            Some(identity) => {
                let mut item = reference(&identity);
                item.extend(why);
                self.failed.push(item.into());
            }
            None => self.unidentified.push(why.into()),
        }
    }

    fn answer(self) -> Answer {
        let failed = self.failed.len() + self.unidentified.len();
        let status = match (self.stored.len(), failed) {
            (_, 0) if self.warned == 0 => 200,
            (0, all) if all == self.without_room => 503,
            (0, _) => 409,
            _ => 202,
        };
        let sequences = [
            (tags::REFERENCED_SOP_SEQUENCE, self.stored),
            (tags::FAILED_SOP_SEQUENCE, self.failed),
            (tags::OTHER_FAILURES_SEQUENCE, self.unidentified),
        ];
        let filled = sequences.into_iter().filter(|(_, items)| !items.is_empty());
        let mut module = object(filled.map(|(tag, items)| (tag, "SQ", items)));
        module.extend(object([(tags::RETRIEVE_URL, "UR", Vec::new())]));
        let body = Value::from(module).to_string();
        Answer { status, media_type: "application/dicom+json", body }
    }
}

impl Answer {
    /// The answer to a request that is not served.
    pub(super) fn problem(status: u16, detail: &str) -> Self {
        let body = problem::body(status, detail);
        Self { status, media_type: problem::MEDIA_TYPE, body }
    }
}

/// Referenced SOP Class and Instance UID.
fn reference(identity: &Identity) -> Object {
    object([
        (tags::REFERENCED_SOP_CLASS_UID, "UI", vec![json!(identity.sop_class)]),
        (tags::REFERENCED_SOP_INSTANCE_UID, "UI", vec![json!(identity.sop_instance)]),
    ])
}

/// The failure reason (PS3.18 table I.2-2).
fn reason(error: &Error) -> u16 {
    match error {
        Error::OutOfSpace { .. } | Error::InstanceTooLarge { .. } => status::OUT_OF_RESOURCES,
        Error::Mismatch { .. } => status::DATA_SET_DOES_NOT_MATCH,
        Error::NotDicom { .. } => status::CANNOT_UNDERSTAND,
        Error::NoImage { .. } => status::SOP_CLASS_NOT_SUPPORTED,
        Error::TransferSyntax { .. } => TRANSFER_SYNTAX_NOT_SUPPORTED,
        _ => status::PROCESSING_FAILURE,
    }
}
