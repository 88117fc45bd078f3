//! Encoding a gallery's pictures again with the next model, from files or else from thumbnails.

use std::collections::HashSet;

use anyhow::Result;
use gallery::Gallery;
use network::{Encoder, Encoding};
use radiograph::{Input, Limits};
use serde::Serialize;

use crate::batches::{BATCH, Batch, for_each_batch};
use crate::decoding::Rejected;
use crate::encoding::encode;
use crate::listing::Listed;

/// The report of a re-indexing.
#[derive(Default, Serialize)]
pub struct Reindexed {
    /// The number of pictures that were encoded from files.
    pub from_files: usize,
    /// The number that were encoded from thumbnails.
    pub from_thumbnails: usize,
    /// The number of given files that are no picture of the gallery, or have their new code
    /// already.
    pub not_needed: usize,
    /// Files and thumbnails that cannot be read.
    pub rejected: Vec<Rejected>,
}

/// Encodes the pictures `todo` of a gallery that is being re-indexed: from the files that are
/// listed, then all others from their thumbnails. `advance` gets the number of pictures of every
/// batch.
///
/// # Errors
/// If the gallery or the network fails.
pub fn reindex(
    gallery: &mut Gallery,
    encoder: &Encoder,
    listed: &[Listed],
    mut todo: HashSet<u64>,
    advance: impl Fn(usize),
) -> Result<Reindexed> {
    let mut report = Reindexed::default();
    for_each_batch(listed, encoder.preprocess(), |batch| {
        from_files(gallery, encoder, batch, &mut todo, &mut report, &advance)
    })?;
    from_thumbnails(gallery, encoder, &mut report, &advance)?;
    Ok(report)
}

fn from_files(
    gallery: &mut Gallery,
    encoder: &Encoder,
    batch: Batch,
    todo: &mut HashSet<u64>,
    report: &mut Reindexed,
    advance: &impl Fn(usize),
) -> Result<()> {
    report.rejected.extend(batch.rejected);
    let (mut ids, mut inputs) = (Vec::new(), Vec::new());
    for picture in batch.pictures {
        match gallery.id_of(&picture.record.key)?.filter(|id| todo.remove(id)) {
            Some(id) => (ids.push(id), inputs.push(picture.input)).1,
            None => report.not_needed += 1,
        }
    }
    report.from_files += ids.len();
    advance(ids.len());
    put(gallery, encoder, &ids, &inputs)
}

fn from_thumbnails(
    gallery: &mut Gallery,
    encoder: &Encoder,
    report: &mut Reindexed,
    advance: &impl Fn(usize),
) -> Result<()> {
    let mut last = 0;
    loop {
        let ids = gallery.to_reindex(last, BATCH)?;
        let Some(&newest) = ids.last() else { return Ok(()) };
        last = newest;
        let (mut usable, mut inputs) = (Vec::new(), Vec::new());
        for id in ids {
            match thumbnail(gallery, encoder, id) {
                Ok(input) => (usable.push(id), inputs.push(input)).1,
                Err(error) => {
                    let name = format!("the thumbnail of picture {id}");
                    report.rejected.push(Rejected::new(&name, &error));
                }
            }
        }
        report.from_thumbnails += usable.len();
        advance(usable.len());
        put(gallery, encoder, &usable, &inputs)?;
    }
}

fn thumbnail(gallery: &Gallery, encoder: &Encoder, id: u64) -> Result<Input> {
    let radiograph = radiograph::decode(&gallery.thumbnail(id)?, &Limits::default())?;
    Ok(encoder.preprocess().apply(&radiograph))
}

fn put(gallery: &mut Gallery, encoder: &Encoder, ids: &[u64], inputs: &[Input]) -> Result<()> {
    let encodings = encode(encoder, inputs)?;
    let encoded = ids.iter().zip(encodings);
    let encoded: Vec<_> =
        encoded.map(|(&id, Encoding { code, embedding, .. })| (id, code, embedding)).collect();
    Ok(gallery.put_reindexed(&encoded)?)
}
