//! Encodings of decoded pictures, and entries for a gallery made of both.

use anyhow::{Context, Result};
use gallery::Entry;
use network::{Encoder, Encoding};
use radiograph::Input;
use rayon::prelude::*;

use crate::batches::BATCH;
use crate::decoding::Decoded;
use crate::thumbnail::jpeg;

const THUMBNAIL_QUALITY: u8 = 80;

/// Encodes inputs, a batch at a time; the encodings are parallel to them.
///
/// # Errors
/// If the network fails.
pub fn encode(encoder: &Encoder, inputs: &[Input]) -> Result<Vec<Encoding>> {
    let mut encodings = Vec::with_capacity(inputs.len());
    for batch in inputs.chunks(BATCH) {
        encodings.extend(encoder.encode(batch).context("cannot encode a batch of pictures")?);
    }
    Ok(encodings)
}

/// Encodes pictures; the encodings are parallel to them.
///
/// # Errors
/// If the network fails.
pub fn encode_pictures(encoder: &Encoder, pictures: &[Decoded]) -> Result<Vec<Encoding>> {
    let inputs: Vec<Input> = pictures.iter().map(|picture| picture.input.clone()).collect();
    encode(encoder, &inputs)
}

/// A picture's thumbnail as a gallery stores it, a JPEG file's bytes.
pub(crate) fn thumbnail(picture: &Decoded) -> Result<Vec<u8>> {
    jpeg(&picture.thumbnail, THUMBNAIL_QUALITY)
}

/// Entries for a gallery of encoded pictures; the encodings are parallel to these.
///
/// # Errors
/// If a thumbnail cannot be written as JPEG.
pub fn entries(pictures: Vec<Decoded>, encodings: Vec<Encoding>) -> Result<Vec<Entry>> {
    let entry = |(picture, encoding): (Decoded, Encoding)| {
        let thumbnail = thumbnail(&picture)?;
        let Encoding { code, embedding, .. } = encoding;
        Ok(Entry { record: picture.record, code, embedding, thumbnail })
    };
    pictures.into_par_iter().zip(encodings).map(entry).collect()
}
