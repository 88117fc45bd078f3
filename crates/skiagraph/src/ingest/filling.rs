//! Pictures that were read go into a gallery; and the report of what became of them.

use anyhow::{Context, Result};
use network::Encoder;
use pacs::attempts;
use retrieval::gallery::{Gallery, Insertion};
use serde::Serialize;

use super::{Batch, Rejected, encode_pictures, entries};
use crate::gate::Doubtful;
use crate::known_pictures::{self, Sorted};
use crate::output;

/// The report of files that were put into a gallery.
#[derive(Default, Serialize)]
pub(crate) struct Filled {
    pub(crate) added: usize,
    pub(crate) known: usize,
    /// Names of known files with other content than the gallery's picture of their SOP Instance
    /// UID, which is kept.
    pub(crate) differing: Vec<String>,
    pub(crate) rejected: Vec<Rejected>,
    /// Names of files that were not read, as processes died of them.
    pub(crate) set_aside: Vec<String>,
    /// Added pictures that may be inverted, turned, several in one or have text in them.
    pub(crate) doubtful: Vec<Doubtful>,
    pub(crate) seconds: f64,
}

/// Puts the new pictures of a batch into a gallery. They are durable when this returns.
///
/// # Errors
/// If the gallery fails.
pub(crate) fn fill_batch(
    gallery: &mut Gallery,
    encoder: &Encoder,
    batch: Batch,
    filled: &mut Filled,
) -> Result<()> {
    filled.rejected.extend(batch.rejected);
    let Sorted { fresh, known, differing } = Sorted::of(gallery, batch.pictures)?;
    filled.known += known;
    filled.differing.extend(differing);
    filled.doubtful.extend(fresh.iter().filter_map(Doubtful::of));
    let encodings = encode_pictures(encoder, &fresh)?;
    for entry in entries(fresh, encodings)? {
        match gallery.insert(&entry)? {
            Insertion::New(_) => filled.added += 1,
            // Another process was faster.
            Insertion::Known(id) => {
                filled.known += 1;
                let differs =
                    known_pictures::differs(gallery, id, &entry.record, &entry.thumbnail)?;
                filled.differing.extend(differs.then_some(entry.record.name));
            }
        }
    }
    gallery.commit().context("cannot store a batch of pictures")
}

impl Filled {
    /// Lines of text on the files that somebody has to look at: rejected ones, those that were set
    /// aside, those with other content; at most twenty of each.
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
        lines
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

/// The first lines, made plain, and how many more there are.
fn few(lines: impl ExactSizeIterator<Item = String>) -> Vec<String> {
    const SHOWN: usize = 20;
    let more = lines.len().saturating_sub(SHOWN);
    let mut few: Vec<_> = lines.take(SHOWN).map(|line| output::plain(&line).into_owned()).collect();
    if more > 0 {
        few.push(format!("  … and {more} more (all of them with --json)"));
    }
    few
}
