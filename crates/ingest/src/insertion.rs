//! Insertion of the pictures that were read into a gallery, and the report of it.

use std::time::Instant;

use anyhow::{Context, Result};
use files::attempts::Plan;
use gallery::{Entry, Gallery, Insertion};
use network::Encoder;
use serde::Serialize;

use crate::attempt_notes::AttemptNotes;
use crate::batches::{BATCH, Batch, for_each_batch_begun};
use crate::decoding::{Decoded, Rejected};
use crate::duplicates::{Duplicate, NotKept, Partition};
use crate::encoding::{encode_pictures, entries};
use crate::file_warnings::FileWarnings;
use crate::image_qc::Doubtful;
use crate::listing::Listed;

/// The report of files that were put into a gallery.
#[derive(Default, Serialize)]
pub struct IngestReport {
    /// The number of pictures that were new in the gallery.
    pub added: usize,
    /// The number that it had already.
    pub known: usize,
    /// The known ones of which the gallery has something else, which it keeps.
    #[serde(flatten)]
    pub not_kept: NotKept,
    /// Files that are no usable radiographs.
    pub rejected: Vec<Rejected>,
    /// DICOM objects of kinds that hold no picture.
    pub without_picture: Vec<Rejected>,
    /// Names of files that were not read, as processes died of them.
    pub set_aside: Vec<String>,
    /// Added pictures that may be inverted, turned, several in one or have text in them.
    pub doubtful: Vec<Doubtful>,
    /// Added pictures whose files are at fault.
    pub warned: Vec<FileWarnings>,
    /// The time that it took, in seconds.
    pub seconds: f64,
}

/// Puts the new pictures of a batch into a gallery. They are durable when this returns.
///
/// # Errors
/// If the gallery fails.
pub fn insert_batch(
    gallery: &mut Gallery,
    encoder: &Encoder,
    batch: Batch,
    ingested: &mut IngestReport,
) -> Result<()> {
    let (objects, rejected): (Vec<_>, Vec<_>) =
        batch.rejected.into_iter().partition(|file| file.without_picture);
    ingested.rejected.extend(rejected);
    ingested.without_picture.extend(objects);
    let Partition { fresh, known, not_kept } = Partition::of(gallery, batch.pictures)?;
    ingested.known += known;
    ingested.not_kept.extend(not_kept);
    ingested.doubtful.extend(fresh.iter().filter_map(Decoded::doubtful));
    ingested.warned.extend(fresh.iter().filter_map(FileWarnings::of));
    let encodings = encode_pictures(encoder, &fresh)?;
    let entries = entries(fresh, encodings)?;
    let known = insert(gallery, &entries)?;
    ingested.added += entries.len() - known.len();
    // Another process was faster.
    ingested.known += known.len();
    for (id, Entry { record, thumbnail, .. }) in known {
        let duplicate = Duplicate::in_gallery(gallery, id, record, || Ok(thumbnail.clone()))?;
        ingested.not_kept.add(&record.name, Some(id), duplicate);
    }
    gallery.commit().context("cannot store a batch of pictures")
}

/// Inserts entries, which are not committed yet. Returns those that the gallery had, with their ids
/// there.
///
/// # Errors
/// If the gallery fails.
pub(crate) fn insert<'a>(
    gallery: &mut Gallery,
    entries: &'a [Entry],
) -> gallery::Result<Vec<(u64, &'a Entry)>> {
    let mut known = Vec::new();
    for entry in entries {
        if let Insertion::Known(id) = gallery.insert(entry)? {
            known.push((id, entry));
        }
    }
    Ok(known)
}

/// Puts the pictures into the gallery, a durable batch at a time. Files on which a process died
/// before come one at a time. `advance` gets the number of files of every batch.
///
/// # Errors
/// If the gallery or the notes fail.
pub fn fill(
    gallery: &mut Gallery,
    encoder: &Encoder,
    listed: Vec<Listed>,
    attempt_notes: &AttemptNotes,
    advance: impl Fn(usize),
) -> Result<IngestReport> {
    let start = Instant::now();
    let Plan { together, alone, set_aside } = attempt_notes.plan(listed)?;
    let mut ingested = IngestReport::default();
    ingested.set_aside.extend(set_aside.into_iter().map(|listed| listed.record.name));
    advance(ingested.set_aside.len());
    let mut read = |listed: &[Listed]| {
        let mut batches = listed.chunks(BATCH);
        let begin = |batch: &[Listed]| attempt_notes.begin(batch);
        for_each_batch_begun(listed, encoder.preprocess(), begin, |batch| {
            let files = batch.files;
            insert_batch(gallery, encoder, batch, &mut ingested)?;
            advance(files);
            attempt_notes.finish(batches.next().unwrap_or_default())
        })
    };
    read(&together)?;
    alone.chunks(1).try_for_each(&mut read)?;
    ingested.seconds = start.elapsed().as_secs_f64();
    Ok(ingested)
}

impl IngestReport {
    /// The number of files of which nothing got into the gallery.
    pub fn unusable(&self) -> usize {
        self.rejected.len() + self.without_picture.len()
    }
}
