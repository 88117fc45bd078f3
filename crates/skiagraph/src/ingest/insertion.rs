//! Insertion of the pictures that were read into a gallery, and the report of it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use network::Encoder;
use pacs::attempts;
use retrieval::gallery::{Gallery, Insertion};
use serde::Serialize;

use super::{Batch, Decoded, FileWarnings, Rejected, encode_pictures, entries};
use crate::duplicates::{self, Partition};
use crate::image_qc::Doubtful;
use crate::output;

/// The report of files that were put into a gallery.
#[derive(Default, Serialize)]
pub(crate) struct IngestReport {
    pub(crate) added: usize,
    pub(crate) known: usize,
    /// Names of known files with other content than the gallery's picture of their SOP Instance
    /// UID, which is kept.
    pub(crate) differing: Vec<String>,
    pub(crate) rejected: Vec<Rejected>,
    /// DICOM objects of kinds that hold no picture.
    pub(crate) without_picture: Vec<Rejected>,
    /// Names of files that were not read, as processes died of them.
    pub(crate) set_aside: Vec<String>,
    /// Added pictures that may be inverted, turned, several in one or have text in them.
    pub(crate) doubtful: Vec<Doubtful>,
    /// Added pictures whose files are at fault.
    pub(crate) warned: Vec<FileWarnings>,
    pub(crate) seconds: f64,
}

/// Puts the new pictures of a batch into a gallery. They are durable when this returns.
///
/// # Errors
/// If the gallery fails.
pub(crate) fn insert_batch(
    gallery: &mut Gallery,
    encoder: &Encoder,
    batch: Batch,
    ingested: &mut IngestReport,
) -> Result<()> {
    let (objects, rejected): (Vec<_>, Vec<_>) =
        batch.rejected.into_iter().partition(|file| file.without_picture);
    ingested.rejected.extend(rejected);
    ingested.without_picture.extend(objects);
    let Partition { fresh, known, differing } = Partition::of(gallery, batch.pictures)?;
    ingested.known += known;
    ingested.differing.extend(differing);
    ingested.doubtful.extend(fresh.iter().filter_map(Decoded::doubtful));
    ingested.warned.extend(fresh.iter().filter_map(FileWarnings::of));
    let encodings = encode_pictures(encoder, &fresh)?;
    for entry in entries(fresh, encodings)? {
        match gallery.insert(&entry)? {
            Insertion::New(_) => ingested.added += 1,
            // Another process was faster.
            Insertion::Known(id) => {
                ingested.known += 1;
                let differs = duplicates::differs(gallery, id, &entry.record, &entry.thumbnail)?;
                ingested.differing.extend(differs.then_some(entry.record.name));
            }
        }
    }
    gallery.commit().context("cannot store a batch of pictures")
}

impl IngestReport {
    /// Lines of text on the files that somebody has to look at: rejected ones, those that were set
    /// aside, those with other content, those at fault; at most twenty of each. Objects without a
    /// picture are counted by their kind.
    pub(crate) fn describe(&self) -> Vec<String> {
        let aside = |name: &String| format!("  set aside {name}: {}", attempts::reason());
        let other = |name: &String| {
            format!("  other content under a known SOP Instance UID, kept the first: {name}")
        };
        let mut lines = Vec::new();
        if !self.rejected.is_empty() {
            lines.push(describe_rejected(&self.rejected));
        }
        lines.extend(few(self.set_aside.iter().map(aside)));
        lines.extend(few(self.differing.iter().map(other)));
        lines.extend(few(self.warned.iter().map(FileWarnings::line)));
        lines.extend(self.kinds_passed_over());
        lines
    }

    fn kinds_passed_over(&self) -> Vec<String> {
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        self.without_picture.iter().for_each(|file| *kinds.entry(&file.reason).or_default() += 1);
        few(kinds.iter().map(|(reason, count)| format!("  passed over {count}: {reason}")))
    }

    /// The number of files of which nothing got into the gallery.
    pub(crate) fn unusable(&self) -> usize {
        self.rejected.len() + self.without_picture.len()
    }

    /// Checks that nobody has to look at files afterwards. Rejected ones do not count.
    ///
    /// # Errors
    /// [`output::Warning`] where files were set aside or had other content.
    pub(crate) fn check(&self) -> Result<()> {
        output::warn(self.set_aside.len(), self.differing.len())
    }
}

/// The rejected files as lines of text, a few at most.
pub(crate) fn describe_rejected(rejected: &[Rejected]) -> String {
    let line = |file: &Rejected| format!("  rejected {}: {}", file.name, file.reason);
    few(rejected.iter().map(line)).join("\n")
}

/// The first lines, made plain, and the number of further ones.
pub(crate) fn few(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    const SHOWN: usize = 20;
    let more = lines.len().saturating_sub(SHOWN);
    let mut few: Vec<_> = lines.take(SHOWN).map(|line| output::plain(&line).into_owned()).collect();
    if more > 0 {
        few.push(format!("  … and {more} more (all of them with --json)"));
    }
    few
}
