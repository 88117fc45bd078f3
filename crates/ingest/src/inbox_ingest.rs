//! Filling a gallery from an inbox: instances from a PACS are decoded, encoded and stored, a
//! durable batch at a time.
//!
//! An instance leaves the inbox when the gallery has it on the disk. A kill between the two encodes
//! it again, and the gallery, which knows its key, stores it once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use gallery::{Gallery, Record};
use network::Encoder;
use pacs::inbox::{Consumer, Item};
use radiograph::Preprocess;
use rayon::prelude::*;
use serde::Serialize;

use crate::batches::{BATCH, Batch};
use crate::decoding::{self, Decoded, Rejected, is_without_picture};
use crate::deidentification::Deidentification;
use crate::insertion::{IngestReport, insert_batch};
use crate::listing::Listed;

/// The numbers of instances by outcome.
#[derive(Clone, Copy, Default, Serialize)]
pub struct IngestCounts {
    /// The number that were new in the gallery.
    pub added: usize,
    /// The number that the gallery had already. In reports they stand beside those that the inbox
    /// knew.
    #[serde(rename = "already_indexed")]
    pub known: usize,
    /// The number put aside with a reason.
    pub failed: usize,
    /// The number of added ones that may be inverted, turned, several in one or have text in them.
    pub doubtful: usize,
    /// Added ones whose files are at fault.
    pub warned: usize,
    /// Objects of kinds that hold no picture, which were passed over.
    pub without_picture: usize,
    /// Instances that the gallery had with other content, which it keeps.
    #[serde(rename = "differing_from_gallery")]
    pub differing: usize,
}

impl IngestCounts {
    /// The sums of two counts.
    pub fn and(self, other: Self) -> Self {
        Self {
            added: self.added + other.added,
            known: self.known + other.known,
            failed: self.failed + other.failed,
            doubtful: self.doubtful + other.doubtful,
            warned: self.warned + other.warned,
            without_picture: self.without_picture + other.without_picture,
            differing: self.differing + other.differing,
        }
    }
}

/// The worker that fills the gallery.
pub struct InboxIngest<'a> {
    /// The inbox's only consumer.
    pub consumer: Consumer<'a>,
    /// The gallery to fill.
    pub gallery: Gallery,
    /// The gallery's model.
    pub encoder: Encoder,
    /// De-identification of records, if it was asked for.
    pub deidentification: Option<Arc<Deidentification>>,
}

impl InboxIngest<'_> {
    /// Works through all waiting instances, or until it is told to stop. `each` gets the report and
    /// the counts of every batch that the gallery has.
    ///
    /// # Errors
    /// If the inbox or the gallery fails. What was taken then waits again for the next consumer.
    pub fn work(
        &mut self,
        stop: &AtomicBool,
        mut each: impl FnMut(&IngestReport, IngestCounts),
    ) -> Result<IngestCounts> {
        let mut total = IngestCounts::default();
        while !stop.load(Ordering::Relaxed) {
            let items = self.consumer.take(BATCH)?;
            if items.is_empty() {
                break;
            }
            total = total.and(self.batch(items, &mut each)?);
        }
        Ok(total)
    }

    fn batch(
        &mut self,
        items: Vec<Item>,
        each: &mut impl FnMut(&IngestReport, IngestCounts),
    ) -> Result<IngestCounts> {
        let preprocess = self.encoder.preprocess();
        let decoded =
            items.par_iter().map(|item| decode(item, preprocess, self.deidentification.clone()));
        let decoded: Vec<Result<Decoded>> = decoded.collect();
        let (files, mut failed, mut sound) = (items.len(), 0, Vec::new());
        let (mut pictures, mut rejected) = (Vec::new(), Vec::new());
        for (item, decoded) in items.into_iter().zip(decoded) {
            match decoded {
                Ok(picture) => {
                    pictures.push(picture);
                    sound.push(item);
                }
                Err(error) if is_without_picture(&error) => {
                    rejected.push(Rejected::new(&name(&item), &error));
                    sound.push(item);
                }
                Err(error) => {
                    failed += 1;
                    self.consumer.fail(item, &error.root_cause().to_string())?;
                }
            }
        }
        let mut ingested = IngestReport::default();
        let batch = Batch { files, pictures, rejected };
        insert_batch(&mut self.gallery, &self.encoder, batch, &mut ingested)?;
        let counts = IngestCounts { failed, ..IngestCounts::from(&ingested) };
        each(&ingested, counts);
        sound.into_iter().try_for_each(|item| self.consumer.done(item))?;
        Ok(counts)
    }
}

impl From<&IngestReport> for IngestCounts {
    fn from(ingested: &IngestReport) -> Self {
        Self {
            added: ingested.added,
            known: ingested.known,
            failed: 0,
            doubtful: ingested.doubtful.len(),
            warned: ingested.warned.len(),
            without_picture: ingested.without_picture.len(),
            differing: ingested.not_kept.differing.len(),
        }
    }
}

/// An instance is named in the gallery as it is in the inbox: its own name is patient data.
fn name(item: &Item) -> String {
    format!("{}.dcm", item.key())
}

fn decode(
    item: &Item,
    preprocess: &Preprocess,
    deidentification: Option<Arc<Deidentification>>,
) -> Result<Decoded> {
    let record = Record { name: name(item), ..Record::default() };
    let listed = Listed { path: item.path().to_owned(), record, deidentification };
    decoding::decode(&listed, preprocess)
}
