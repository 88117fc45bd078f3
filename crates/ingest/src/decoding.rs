//! Decoding: from a file to a picture that is ready for the network, with its record.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use gallery::Record;
use image::GrayImage;
use radiograph::dataset::Skipped;
use radiograph::{ContentHash, Input, Limits, Preprocess, Radiograph, Warning};
use serde::Serialize;

use crate::deidentification::{self, Deidentification};
use crate::fault;
use crate::image_qc::{self, Doubt, Doubtful};
use crate::listing::Listed;
use crate::thumbnail;

/// The longer side of a gallery's thumbnails, in pixels.
const THUMBNAIL_SIDE: u32 = 256;

/// A file that is no usable radiograph, and the reason.
#[derive(Clone, Debug, Serialize)]
pub struct Rejected {
    /// The file's name in reports.
    pub name: String,
    /// The cause of the refusal.
    pub reason: String,
    /// True if it is sound, but a DICOM object of a kind that holds no picture.
    #[serde(skip)]
    pub without_picture: bool,
}

impl Rejected {
    /// A file that cannot be read. The reason is the root error, as those above it repeat the
    /// file's name.
    pub fn new(name: &str, error: &anyhow::Error) -> Self {
        let (name, reason) = (name.to_owned(), error.root_cause().to_string());
        Self { name, reason, without_picture: is_without_picture(error) }
    }
}

impl From<&Skipped> for Rejected {
    fn from(row: &Skipped) -> Self {
        Self { name: row.name.clone(), reason: row.reason.clone(), without_picture: false }
    }
}

/// Tells whether a file is sound, but a DICOM object of a kind that holds no picture.
pub(crate) fn is_without_picture(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<radiograph::Error>());
    causes.any(radiograph::Error::is_no_picture)
}

/// A picture ready for the network. It has no full-size pixels: a batch of large pictures would not
/// fit in memory.
pub struct Decoded {
    /// The picture's record, with its key.
    pub record: Record,
    /// The picture in 8 bits, as small as a gallery keeps it.
    pub thumbnail: GrayImage,
    /// The square that the network sees.
    pub input: Input,
    /// Doubts from the pixels.
    pub doubts: Vec<Doubt>,
    /// Faults of its file.
    pub warnings: Vec<Warning>,
}

impl Decoded {
    /// The picture's doubts, if it has any.
    pub fn doubtful(&self) -> Option<Doubtful> {
        Doubtful::new(&self.record.name, &self.doubts)
    }
}

/// Reads one file whole, for who needs its full-size pixels. Also returns its key.
///
/// # Errors
/// If it is no usable radiograph.
pub fn read(path: &Path) -> Result<(Radiograph, String)> {
    let (radiograph, hash) = radiograph::read(path, &Limits::default())?;
    fault::at(hash);
    let key = key(&radiograph, hash);
    Ok((radiograph, key))
}

/// A picture's identity: the SOP Instance UID, or the hash of its file.
pub fn key(radiograph: &Radiograph, hash: ContentHash) -> String {
    radiograph.header().sop_instance_uid.clone().unwrap_or_else(|| hash.to_string())
}

/// Reads and prepares one file.
///
/// # Errors
/// If it is no usable radiograph, or its de-identification refuses it.
pub fn decode(listed: &Listed, preprocess: &Preprocess) -> Result<Decoded> {
    if let Some(deidentification) = &listed.deidentification {
        return decode_deidentified(deidentification, listed, preprocess);
    }
    let (radiograph, key) = read(&listed.path)?;
    Ok(prepare(&radiograph, key, listed.record.clone(), preprocess))
}

/// Reads and prepares a file, with a de-identified record. A DICOM file is read as
/// `skiagraph deidentify` would write it, so that there is only one procedure.
fn decode_deidentified(
    deidentification: &Deidentification,
    listed: &Listed,
    preprocess: &Preprocess,
) -> Result<Decoded> {
    let bytes = bytes(&listed.path)?;
    let named = || format!("cannot take identities out of `{}`", listed.path.display());
    let Some(clean) = deidentification.file(&bytes).with_context(named)? else {
        let picture = decode_bytes(&bytes, listed.record.clone(), preprocess)?;
        return Ok(Decoded { record: deidentification.record(picture.record), ..picture });
    };
    let known = deidentification.known(&listed.record, &clean);
    let picture = decode_bytes(&clean.bytes, known.clone(), preprocess)?;
    Ok(Decoded { record: deidentification::of_file(known, picture.record), ..picture })
}

/// A file's bytes, at most one more than the limit. The decoder refuses that many.
///
/// # Errors
/// If the file cannot be read.
pub fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = Limits::default().max_bytes.saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(bytes)
}

/// Prepares a file that is in memory.
///
/// # Errors
/// If it is no usable radiograph.
pub fn decode_bytes(bytes: &[u8], known: Record, preprocess: &Preprocess) -> Result<Decoded> {
    let radiograph = radiograph::decode(bytes, &Limits::default())?;
    let hash = ContentHash::of(bytes);
    fault::at(hash);
    let key = key(&radiograph, hash);
    Ok(prepare(&radiograph, key, known, preprocess))
}

fn prepare(
    radiograph: &Radiograph,
    key: String,
    known: Record,
    preprocess: &Preprocess,
) -> Decoded {
    let record = described(radiograph, key, known);
    let thumbnail = thumbnail::shrink(radiograph, THUMBNAIL_SIDE);
    let (input, doubts) = (preprocess.apply(radiograph), image_qc::of_pixels(radiograph));
    let warnings = radiograph.header().warnings.clone();
    Decoded { record, thumbnail, input, doubts, warnings }
}

/// The record of a picture. Known values take precedence over those of the file.
pub fn described(radiograph: &Radiograph, key: String, known: Record) -> Record {
    let header = radiograph.header();
    let or_header =
        |known: Option<String>, header: &Option<String>| known.or_else(|| header.clone());
    Record {
        key,
        patient: or_header(known.patient, &header.patient_id),
        study: or_header(known.study, &header.study_instance_uid),
        series: or_header(known.series, &header.series_instance_uid),
        instance: header.sop_instance_uid.clone(),
        modality: or_header(known.modality, &header.modality),
        body_part: or_header(known.body_part, &header.body_part),
        view: or_header(known.view, &header.view),
        sex: or_header(known.sex, &header.sex),
        age: known.age.or(header.age),
        study_date: known.study_date.or_else(|| header.study_date.as_ref()?.parse().ok()),
        width: radiograph.width(),
        height: radiograph.height(),
        ..known
    }
}
