//! Files to codes: reading, decoding, resizing and encoding with the shipped model.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use network::{DeviceChoice, Encoder};
use serde::Serialize;

use super::{median, seconds};

/// Rates over all the files.
#[derive(Serialize)]
pub struct Figures {
    pictures: usize,
    rejected: usize,
    /// The side at which the model takes them, in pixels.
    size: u32,
    decoded_per_second: f64,
    encoded_per_second: f64,
}

/// Encodes the files `rounds` times with a model.
///
/// # Errors
/// If there is no usable radiograph, or the model does not load.
pub fn measure(paths: &[PathBuf], model: &Path, rounds: usize) -> Result<Figures> {
    let listed = ingest::list_paths(paths)?;
    let encoder =
        Encoder::load(model, DeviceChoice::Cpu).context("cannot use the model that ships")?;
    let (mut pictures, mut rejected) = (0, 0);
    ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
        pictures += batch.pictures.len();
        rejected += batch.rejected.len();
        Ok(())
    })?;
    if pictures == 0 {
        bail!("not one of the {rejected} files is a usable radiograph");
    }
    let rate = |encoded: bool| -> Result<f64> {
        let pass = || {
            ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
                if encoded {
                    ingest::encode_pictures(&encoder, &batch.pictures)?;
                }
                Ok(())
            })
        };
        let times = (0..rounds).map(|_| seconds(pass)).map(|(done, time)| done.map(|()| time));
        Ok(pictures as f64 / median(times.collect::<Result<_>>()?))
    };
    let (decoded_per_second, encoded_per_second) = (rate(false)?, rate(true)?);
    let size = encoder.preprocess().size;
    Ok(Figures { pictures, rejected, size, decoded_per_second, encoded_per_second })
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files ({} rejected) at {} px: {:.1}/s decoded, {:.1}/s decoded and encoded",
            self.pictures + self.rejected,
            self.rejected,
            self.size,
            self.decoded_per_second,
            self.encoded_per_second
        )
    }
}
