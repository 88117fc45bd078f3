//! From an inbox into a gallery: what a PACS has sent is decoded, encoded and stored, a durable batch at a time.
//!
//! An instance leaves the inbox when the gallery has it on the disk, so that a kill between the two encodes it again, and the
//! gallery, which knows its key, stores it once.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Result;
use network::Encoder;
use pacs::inbox::{Consumer, Item};
use radiograph::Preprocess;
use rayon::prelude::*;
use retrieval::gallery::{Gallery, Record};
use serde::Serialize;

use crate::anonymous::Deidentification;
use crate::gate::{self, Doubtful};
use crate::ingest::{self, Decoded, Listed};

/// Instances that are taken, decoded, encoded and committed together.
const BATCH: usize = 32;

/// What became of instances.
#[derive(Clone, Copy, Default, Serialize)]
pub(crate) struct Taken {
    /// New in the gallery.
    pub(crate) added: usize,
    /// The gallery had them. In reports beside those that the inbox knew.
    #[serde(rename = "already_indexed")]
    pub(crate) known: usize,
    /// Put aside with a reason.
    pub(crate) failed: usize,
    /// Of those added: may be inverted, turned, several in one or have text in them.
    pub(crate) doubtful: usize,
}

impl Taken {
    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            added: self.added + other.added,
            known: self.known + other.known,
            failed: self.failed + other.failed,
            doubtful: self.doubtful + other.doubtful,
        }
    }
}

/// Who fills the gallery.
pub(crate) struct Intake<'a> {
    pub(crate) consumer: Consumer<'a>,
    pub(crate) gallery: Gallery,
    pub(crate) encoder: Encoder,
    /// What takes identities out of records, if anything does.
    pub(crate) deidentification: Option<Deidentification>,
}

impl Intake<'_> {
    /// Works through all that waits, or until it is told to stop; `each` hears of every batch.
    ///
    /// # Errors
    /// If the inbox or the gallery fails. What was taken then waits again for the next consumer.
    pub(crate) fn work(&mut self, stop: &AtomicBool, mut each: impl FnMut(Taken)) -> Result<Taken> {
        let mut total = Taken::default();
        while !stop.load(Ordering::Relaxed) {
            let items = self.take()?;
            if items.is_empty() {
                break;
            }
            let batch = self.batch(items)?;
            total = total.and(batch);
            each(batch);
        }
        Ok(total)
    }

    fn take(&mut self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        while items.len() < BATCH
            && let Some(item) = self.consumer.take()?
        {
            items.push(item);
        }
        Ok(items)
    }

    fn batch(&mut self, items: Vec<Item>) -> Result<Taken> {
        let preprocess = self.encoder.preprocess();
        let decoded = items.par_iter().map(|item| decode(item, preprocess, self.deidentification.as_ref()));
        let decoded: Vec<Result<Decoded>> = decoded.collect();
        let mut taken = Taken::default();
        let (mut sound, mut pictures) = (Vec::new(), Vec::new());
        for (item, decoded) in items.into_iter().zip(decoded) {
            match decoded {
                Ok(picture) => {
                    if self.gallery.contains(&picture.record.key)? {
                        taken.known += 1;
                    } else {
                        taken.added += 1;
                        pictures.push(picture);
                    }
                    sound.push(item);
                }
                Err(error) => {
                    taken.failed += 1;
                    self.consumer.fail(item, &error.root_cause().to_string())?;
                }
            }
        }
        let doubtful: Vec<_> = pictures.iter().filter_map(Doubtful::of).collect();
        taken.doubtful = doubtful.len();
        self.store(pictures)?;
        if !doubtful.is_empty() {
            eprintln!("{}", gate::describe(&doubtful));
        }
        sound.into_iter().try_for_each(|item| self.consumer.done(item))?;
        Ok(taken)
    }

    fn store(&mut self, pictures: Vec<Decoded>) -> Result<()> {
        let encodings = ingest::encode_pictures(&self.encoder, &pictures)?;
        for entry in ingest::entries(pictures, encodings)? {
            self.gallery.insert(&entry)?;
        }
        Ok(self.gallery.commit()?)
    }
}

/// An instance is named in the gallery as it is in the inbox: its own name is patient data.
fn decode(
    item: &Item,
    preprocess: &Preprocess,
    deidentification: Option<&Deidentification>,
) -> Result<Decoded> {
    let record = Record { name: format!("{}.dcm", item.key()), ..Record::default() };
    let picture = ingest::decode(&Listed { path: item.path().to_owned(), record }, preprocess)?;
    match deidentification {
        Some(deidentification) => deidentification.picture(picture),
        None => Ok(picture),
    }
}
