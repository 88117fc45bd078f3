//! The stored data of one radiograph.

use std::fmt;

use retrieval::{Embedding, HashCode};
use serde::{Deserialize, Serialize};

use crate::{Date, Error, Result};

/// A radiograph's metadata. `Debug` shows nothing that may identify the patient.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Record {
    /// The identity: the SOP Instance UID, or the hex of the file's SHA-256.
    pub key: String,
    /// The file's name, or its path in a manifest.
    pub name: String,
    /// The labels, in the order given.
    pub labels: Vec<String>,
    /// The patient, unique across sources: the number, with the source and a `/` before it if a
    /// manifest names both. A query's own patient can be kept from answering it.
    pub patient: Option<String>,
    /// Study Instance UID.
    pub study: Option<String>,
    /// Series Instance UID.
    pub series: Option<String>,
    /// SOP Instance UID, if it has one.
    pub instance: Option<String>,
    /// The modality: CR, DX …
    pub modality: Option<String>,
    /// The part of the body.
    pub body_part: Option<String>,
    /// The projection.
    pub view: Option<String>,
    /// The patient's sex, as the file says.
    pub sex: Option<String>,
    /// The patient's age in completed years.
    pub age: Option<u32>,
    /// The day of the study.
    pub study_date: Option<Date>,
    /// The data set or site.
    pub source: Option<String>,
    /// The licence of the picture.
    pub licence: Option<String>,
    /// The picture's width in pixels.
    pub width: u32,
    /// The picture's height in pixels.
    pub height: u32,
    /// The text of the radiologist's report.
    pub report: Option<String>,
}

impl Record {
    /// The record as it is written now. Earlier versions wrote a `/` before the number of a patient
    /// without a source.
    pub(super) fn updated(mut self) -> Self {
        let patient = self.patient.as_deref().filter(|_| self.source.is_none());
        if let Some(number) = patient.and_then(|patient| patient.strip_prefix('/')) {
            self.patient = Some(number.to_owned());
        }
        self
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("labels", &self.labels)
            .field("source", &self.source)
            .field("modality", &self.modality)
            .field("view", &self.view)
            .field("body_part", &self.body_part)
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

/// A radiograph's stored data: record, code, embedding and thumbnail.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The record.
    pub record: Record,
    /// The hash code.
    pub code: HashCode,
    /// The embedding.
    pub embedding: Embedding,
    /// A small JPEG of the picture.
    pub thumbnail: Vec<u8>,
}

/// Checks that bytes begin and end with a JPEG file's markers "start of image" and "end of image".
pub(super) fn check_thumbnail(bytes: &[u8]) -> Result<()> {
    match bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]) {
        true => Ok(()),
        false => Err(Error::Thumbnail { got: bytes.len() }),
    }
}

/// The outcome of an insertion.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insertion {
    /// The entry is new and has this id.
    New(u64),
    /// The key was there already, under this id; nothing changed.
    Known(u64),
}
