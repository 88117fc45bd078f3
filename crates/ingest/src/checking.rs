//! Checks of files before they are used: doubts about their pictures, and faults.

use std::path::Path;

use anyhow::Result;
use network::Encoder;
use radiograph::{Input, Preprocess};
use rayon::prelude::*;
use serde::Serialize;

use crate::decoding::{self, is_without_picture};
use crate::encoding::encode;
use crate::file_warnings;
use crate::image_qc::{self, Doubt};
use crate::listing::Listed;

/// The number of files that are decoded together.
const BATCH: usize = 16;

/// The findings for a file.
#[derive(Serialize)]
pub struct Checked {
    /// The file's name.
    pub name: String,
    /// Doubts about its picture.
    pub doubts: Vec<Doubt>,
    /// Faults of the file that were put up with.
    pub warnings: Vec<String>,
    /// Why it is passed over: what kind of DICOM object without a picture it is.
    pub without_picture: Option<String>,
    /// Why it cannot be read.
    pub error: Option<String>,
}

/// A picture, and what it and its file give to doubt.
struct Picture {
    input: Input,
    doubts: Vec<Doubt>,
    warnings: Vec<String>,
}

/// Checks files. `advance` gets the number of files of every batch.
///
/// # Errors
/// If the network fails. A file that cannot be read is among the results.
pub fn check(
    encoder: &Encoder,
    listed: &[Listed],
    advance: impl Fn(usize),
) -> Result<Vec<Checked>> {
    let mut checked = Vec::with_capacity(listed.len());
    for batch in listed.chunks(BATCH) {
        let read = |listed: &Listed| {
            (listed.record.name.clone(), read(&listed.path, encoder.preprocess()))
        };
        let pictures: Vec<_> = batch.par_iter().map(read).collect();
        checked.extend(check_batch(encoder, pictures)?);
        advance(batch.len());
    }
    Ok(checked)
}

fn read(path: &Path, preprocess: &Preprocess) -> Result<Picture> {
    let (radiograph, _) = decoding::read(path)?;
    let input = preprocess.apply(&radiograph);
    let warnings = file_warnings::lines(&radiograph.header().warnings);
    Ok(Picture { input, doubts: image_qc::of_pixels(&radiograph), warnings })
}

/// A file's name, and its picture.
type Named = (String, Result<Picture>);

/// Checks pictures. Those that could be read are encoded together.
fn check_batch(encoder: &Encoder, pictures: Vec<Named>) -> Result<Vec<Checked>> {
    let readable = pictures.iter().filter_map(|(_, picture)| picture.as_ref().ok());
    let inputs: Vec<Input> = readable.map(|picture| picture.input.clone()).collect();
    let mut encodings = encode(encoder, &inputs)?.into_iter();
    let one = |(name, picture): Named| -> Result<Checked> {
        match picture {
            Ok(Picture { input, mut doubts, warnings }) => {
                if let Some(encoding) = encodings.next() {
                    doubts.extend(image_qc::of_network(encoder, &input, &encoding, &doubts)?);
                }
                Ok(Checked { name, doubts, warnings, without_picture: None, error: None })
            }
            Err(error) => {
                let reason = Some(error.root_cause().to_string());
                let (without_picture, error) = match is_without_picture(&error) {
                    true => (reason, None),
                    false => (None, reason),
                };
                let (doubts, warnings) = (Vec::new(), Vec::new());
                Ok(Checked { name, doubts, warnings, without_picture, error })
            }
        }
    };
    pictures.into_iter().map(one).collect()
}
