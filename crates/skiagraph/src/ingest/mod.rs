//! The way from files to radiographs to network inputs, for `index`, `search`, `eval` and `demo`.
//! `listing.rs` lists the files, and `insertion.rs` puts pictures into a gallery.
//! `file_warnings.rs` reports faults of files, and `manifest_diagnostics.rs` cells of a manifest
//! that were left out.

mod file_warnings;
mod insertion;
mod listing;
mod manifest_diagnostics;

pub(crate) use file_warnings::{FileWarnings, lines as warning_lines};
pub(crate) use insertion::{IngestReport, describe_rejected, few, insert_batch};
pub(crate) use listing::{Listed, list_paths, patient_across_sources};
pub(crate) use manifest_diagnostics::ManifestDiagnostics;

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::{Context, Result};
use image::GrayImage;
use network::{Encoder, Encoding};
use radiograph::dataset::Skipped;
use radiograph::{ContentHash, Input, Limits, Preprocess, Radiograph, Warning};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use retrieval::gallery::{Entry, Record};
use serde::Serialize;

use crate::fault;
use crate::image_qc::{self, Doubt, Doubtful};
use crate::report::overlay;

/// Pictures that are decoded, encoded and committed together.
pub(crate) const BATCH: usize = 32;
/// Batches decoded ahead of the one that is being encoded.
const AHEAD: usize = 1;
/// The longer side of a gallery's thumbnails, in pixels.
const THUMBNAIL_SIDE: u32 = 256;
const THUMBNAIL_QUALITY: u8 = 80;

/// A file that is no usable radiograph, and the reason.
#[derive(Debug, Serialize)]
pub(crate) struct Rejected {
    pub(crate) name: String,
    pub(crate) reason: String,
    /// True if it is sound, but a DICOM object of a kind that holds no picture.
    #[serde(skip)]
    pub(crate) without_picture: bool,
}

impl Rejected {
    /// A file that cannot be read. The reason is the root error, as those above it repeat the
    /// file's name.
    pub(crate) fn new(name: &str, error: &anyhow::Error) -> Self {
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
pub(crate) struct Decoded {
    pub(crate) record: Record,
    pub(crate) thumbnail: GrayImage,
    pub(crate) input: Input,
    pub(crate) doubts: Vec<Doubt>,
    /// Faults of its file.
    pub(crate) warnings: Vec<Warning>,
}

impl Decoded {
    /// The picture's doubts, if it has any.
    pub(crate) fn doubtful(&self) -> Option<Doubtful> {
        Doubtful::new(&self.record.name, &self.doubts)
    }
}

/// Reads one file whole, for a command that needs its full-size pixels.
pub(crate) fn read(path: &Path) -> Result<(Radiograph, String)> {
    let (radiograph, hash) = radiograph::read(path, &Limits::default())?;
    fault::at(hash);
    let key = key(&radiograph, hash);
    Ok((radiograph, key))
}

/// A picture's identity: the SOP Instance UID, or the hash of its file.
pub(crate) fn key(radiograph: &Radiograph, hash: ContentHash) -> String {
    radiograph.header().sop_instance_uid.clone().unwrap_or_else(|| hash.to_string())
}

/// Files read together.
pub(crate) struct Batch {
    /// Files of the batch, usable or not.
    pub(crate) files: usize,
    /// The usable ones, in their order.
    pub(crate) pictures: Vec<Decoded>,
    pub(crate) rejected: Vec<Rejected>,
}

/// Gives the files to `consume`, a batch at a time. Meanwhile one further batch is decoded.
pub(crate) fn for_each_batch(
    listed: &[Listed],
    preprocess: &Preprocess,
    consume: impl FnMut(Batch) -> Result<()>,
) -> Result<()> {
    for_each_batch_begun(listed, preprocess, |_| Ok(()), consume)
}

/// Runs [`for_each_batch`], and calls `begin` with a batch before any of its files is read.
pub(crate) fn for_each_batch_begun(
    listed: &[Listed],
    preprocess: &Preprocess,
    begin: impl Fn(&[Listed]) -> Result<()> + Send,
    mut consume: impl FnMut(Batch) -> Result<()>,
) -> Result<()> {
    let (sender, receiver) = sync_channel(AHEAD);
    thread::scope(|scope| {
        scope.spawn(move || {
            let decode = |batch| begin(batch).map(|()| decode_batch(batch, preprocess));
            // Nobody receives any more when `consume` has failed, with its own error.
            listed.chunks(BATCH).try_for_each(|batch| sender.send(decode(batch)))
        });
        receiver.into_iter().try_for_each(|batch| consume(batch?))
    })
}

/// The threads that decode, and may wait for memory meanwhile. They are apart from rayon's own
/// threads. In a server, those encode the pictures that hold the memory.
static DECODERS: LazyLock<Option<ThreadPool>> =
    LazyLock::new(|| ThreadPoolBuilder::new().build().ok());

/// Reads and prepares the files in parallel.
fn decode_batch(batch: &[Listed], preprocess: &Preprocess) -> Batch {
    let decode_all = || batch.par_iter().map(|listed| decode(listed, preprocess)).collect();
    let results: Vec<_> =
        DECODERS.as_ref().map_or_else(decode_all, |threads| threads.install(decode_all));
    let (mut pictures, mut rejected) = (Vec::new(), Vec::new());
    for (result, listed) in results.into_iter().zip(batch) {
        match result {
            Ok(picture) => pictures.push(picture),
            Err(error) => rejected.push(Rejected::new(&listed.record.name, &error)),
        }
    }
    Batch { files: batch.len(), pictures, rejected }
}

/// Reads and prepares one file.
pub(crate) fn decode(listed: &Listed, preprocess: &Preprocess) -> Result<Decoded> {
    if let Some(deidentification) = &listed.deidentification {
        return deidentification.decode(listed, preprocess);
    }
    let (radiograph, key) = read(&listed.path)?;
    Ok(prepare(&radiograph, key, listed.record.clone(), preprocess))
}

/// A file's bytes, at most one more than the limit. The decoder refuses that many.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = Limits::default().max_bytes.saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(bytes)
}

/// Prepares a file that is in memory.
pub(crate) fn decode_bytes(
    bytes: &[u8],
    known: Record,
    preprocess: &Preprocess,
) -> Result<Decoded> {
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
    let thumbnail = overlay::shrink(radiograph, THUMBNAIL_SIDE);
    let (input, doubts) = (preprocess.apply(radiograph), image_qc::of_pixels(radiograph));
    let warnings = radiograph.header().warnings.clone();
    Decoded { record, thumbnail, input, doubts, warnings }
}

/// The record of a picture. Known values take precedence over those of the file.
pub(crate) fn described(radiograph: &Radiograph, key: String, known: Record) -> Record {
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

/// Encodes inputs, a batch at a time; the encodings are parallel to them.
pub(crate) fn encode(encoder: &Encoder, inputs: &[Input]) -> Result<Vec<Encoding>> {
    let mut encodings = Vec::with_capacity(inputs.len());
    for batch in inputs.chunks(BATCH) {
        encodings.extend(encoder.encode(batch).context("cannot encode a batch of pictures")?);
    }
    Ok(encodings)
}

/// Encodes pictures; the encodings are parallel to them.
pub(crate) fn encode_pictures(encoder: &Encoder, pictures: &[Decoded]) -> Result<Vec<Encoding>> {
    let inputs: Vec<Input> = pictures.iter().map(|picture| picture.input.clone()).collect();
    encode(encoder, &inputs)
}

/// A picture's thumbnail as a gallery stores it, a JPEG file's bytes.
pub(crate) fn thumbnail(picture: &Decoded) -> Result<Vec<u8>> {
    overlay::grey_jpeg(&picture.thumbnail, THUMBNAIL_QUALITY)
}

/// Entries for a gallery of encoded pictures; the encodings are parallel to these.
pub(crate) fn entries(pictures: Vec<Decoded>, encodings: Vec<Encoding>) -> Result<Vec<Entry>> {
    let entry = |(picture, encoding): (Decoded, Encoding)| {
        let thumbnail = thumbnail(&picture)?;
        let Encoding { code, embedding, .. } = encoding;
        Ok(Entry { record: picture.record, code, embedding, thumbnail })
    };
    pictures.into_par_iter().zip(encodings).map(entry).collect()
}
