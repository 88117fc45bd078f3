//! Filling a gallery from its queue, beside any number of other workers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Error, Result};
use gallery::{Entry, Gallery, Job, Waiting};
use network::Encoder;
use rayon::prelude::*;
use serde::Serialize;

use crate::contradictions::{Contradiction, lost};
use crate::decoding::{Decoded, decode_bytes};
use crate::duplicates::{Duplicate, NotKept};
use crate::encoding::{encode_pictures, entries};
use crate::file_warnings::FileWarnings;
use crate::insertion::insert;

/// The report of a worker.
#[derive(Default, Serialize)]
pub struct QueueReport {
    /// The number of pictures that were new in the gallery.
    pub added: usize,
    /// The number that it had already.
    pub known: usize,
    /// The number of failures, which the queue counts by picture.
    pub failed: usize,
    /// The number of pictures that another worker took over meanwhile.
    pub lost: usize,
    /// The known ones of which the gallery has something else, which it keeps.
    #[serde(flatten)]
    pub not_kept: NotKept,
    /// Stored pictures whose files are at fault.
    pub warned: Vec<FileWarnings>,
}

/// An event that a worker reports to its caller.
pub enum QueueEvent<'a> {
    /// No server takes changes. When the caller returns, the entries are stored again.
    Outage {
        /// The failure.
        error: &'a Error,
        /// The number of failures before it.
        failures: usize,
    },
    /// A known picture could not be compared with the gallery's.
    NotCompared {
        /// The picture's name.
        name: &'a str,
        /// The failure.
        error: &'a Error,
    },
}

/// The pictures that the gallery or its queue has with another description, after they were put into
/// the queue. Files of an instance that the gallery has are compared by workers.
///
/// # Errors
/// If the gallery fails.
pub fn queue_contradictions(gallery: &mut Gallery, put: &[Waiting]) -> Result<Vec<Contradiction>> {
    let mut contradictions = Vec::new();
    for Waiting { key, record, .. } in put {
        let id = gallery.id_of(key)?;
        let kept = match id {
            Some(id) => Some(gallery.record(id)?),
            None => gallery.queue()?.record(key)?,
        };
        let fields = kept.map_or(Vec::new(), |kept| lost(&kept, record));
        if !fields.is_empty() {
            contradictions.push(Contradiction { name: record.name.clone(), record: id, fields });
        }
    }
    Ok(contradictions)
}

/// A worker on a gallery's queue.
pub struct QueueIngest {
    /// The gallery, which needs no index.
    pub gallery: Gallery,
    /// The gallery's model.
    pub encoder: Encoder,
    /// The worker's name in the queue.
    pub name: String,
    /// The number of pictures that are claimed together.
    pub batch: usize,
    /// The time that a claim lasts.
    pub lease: Duration,
}

impl QueueIngest {
    /// Claims some pictures, encodes them, and stores them in the transaction that takes them off
    /// the queue. Returns how many there were.
    ///
    /// # Errors
    /// If the gallery fails.
    pub fn work(
        &mut self,
        stop: &AtomicBool,
        report: &mut QueueReport,
        hear: &mut impl FnMut(QueueEvent),
    ) -> Result<usize> {
        let jobs = self.gallery.queue()?.claim(&self.name, self.batch, self.lease)?;
        let claimed = jobs.len();
        let preprocess = self.encoder.preprocess();
        let decode = |job: &Job| decode_bytes(&job.picture, job.record.clone(), preprocess);
        let decoded: Vec<Result<Decoded>> = jobs.par_iter().map(decode).collect();
        let (mut sound, mut pictures) = (Vec::new(), Vec::new());
        for (job, decoded) in jobs.into_iter().zip(decoded) {
            match decoded {
                Ok(picture) => {
                    sound.push(job);
                    pictures.push(picture);
                }
                Err(error) => {
                    report.failed += 1;
                    self.gallery.queue()?.fail(&job, &error.root_cause().to_string(), true)?;
                }
            }
        }
        let warned: Vec<FileWarnings> = pictures.iter().filter_map(FileWarnings::of).collect();
        let stored = encode_pictures(&self.encoder, &pictures)
            .and_then(|encodings| entries(pictures, encodings))
            .and_then(|entries| self.store(&sound, &entries, stop, report, hear));
        match stored {
            Ok(()) => report.warned.extend(warned),
            Err(error) => {
                // One of them may have caused the failure: each is tried again by itself.
                report.failed += sound.len();
                let reason = error.root_cause().to_string();
                sound.iter().try_for_each(|job| self.gallery.queue()?.fail(job, &reason, false))?;
            }
        }
        Ok(claimed)
    }

    /// Stores entries. While no server takes changes, the encoded pictures are kept and stored
    /// again later. They are given up when the worker is told to stop.
    fn store(
        &mut self,
        jobs: &[Job],
        entries: &[Entry],
        stop: &AtomicBool,
        report: &mut QueueReport,
        hear: &mut impl FnMut(QueueEvent),
    ) -> Result<()> {
        let mut failures = 0;
        let (known, done) = loop {
            match self.store_once(jobs, entries) {
                Err(error) if is_outage(&error) && !stop.load(Ordering::Relaxed) => {
                    hear(QueueEvent::Outage { error: &error, failures })
                }
                stored => break stored?,
            }
            failures += 1;
        };
        report.added += jobs.len() - known.len();
        report.known += known.len();
        report.lost += jobs.len() - done;
        for (id, Entry { record, thumbnail, .. }) in known {
            // Finished work stays finished, even if the gallery cannot be read now.
            let thumbnail = || Ok(thumbnail.clone());
            match Duplicate::in_gallery(&self.gallery, id, record, thumbnail) {
                Ok(duplicate) => report.not_kept.add(&record.name, Some(id), duplicate),
                Err(error) => {
                    hear(QueueEvent::NotCompared { name: &record.name, error: &error });
                }
            }
        }
        Ok(())
    }

    /// Stores entries in one transaction. Returns the known ones, with their ids, and how many jobs
    /// were still this worker's.
    fn store_once<'a>(
        &mut self,
        jobs: &[Job],
        entries: &'a [Entry],
    ) -> Result<(Vec<(u64, &'a Entry)>, usize)> {
        let known = insert(&mut self.gallery, entries)?;
        let done = self.gallery.queue()?.done(jobs)?;
        self.gallery.commit()?;
        Ok((known, done))
    }
}

/// Tells whether the error is an outage, which does not depend on the request to the server.
fn is_outage(error: &Error) -> bool {
    use gallery::Error::{NoLeader, Unreachable};
    matches!(error.downcast_ref(), Some(NoLeader { .. } | Unreachable { .. }))
}
