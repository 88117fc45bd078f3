//! Batches: files that are decoded in parallel, one batch ahead of the one that is encoded.

use std::sync::LazyLock;
use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::Result;
use radiograph::Preprocess;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::decoding::{Decoded, Rejected, decode};
use crate::listing::Listed;

/// The number of pictures that are decoded, encoded and committed together.
pub const BATCH: usize = 32;
/// The number of batches decoded ahead of the one that is being encoded.
const AHEAD: usize = 1;

/// Files read together.
pub struct Batch {
    /// Files of the batch, usable or not.
    pub files: usize,
    /// The usable ones, in their order.
    pub pictures: Vec<Decoded>,
    /// The others.
    pub rejected: Vec<Rejected>,
}

/// Gives the files to `consume`, a batch at a time. Meanwhile one further batch is decoded.
///
/// # Errors
/// Those of `consume`.
pub fn for_each_batch(
    listed: &[Listed],
    preprocess: &Preprocess,
    consume: impl FnMut(Batch) -> Result<()>,
) -> Result<()> {
    for_each_batch_begun(listed, preprocess, |_| Ok(()), consume)
}

/// Runs [`for_each_batch`], and calls `begin` with a batch before any of its files is read.
///
/// # Errors
/// Those of `begin` and `consume`.
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
