//! Galleries as Parquet, which other programs read. `gallery.parquet` has a row for each picture;
//! `manifest.json` describes the gallery and has the table's checksum.

mod columns;
mod error;
mod export;
mod import;
mod pages;

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use retrieval::ModelId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Error;

pub use error::TransferError;

pub(super) const TABLE: &str = "gallery.parquet";
pub(super) const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "skiagraph gallery export";
const VERSION: u32 = 1;

/// The description of an export.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The name of the format, always the same.
    format: String,
    version: u32,
    /// The model of the gallery's codes.
    pub model: ModelId,
    /// The codes' length in bits.
    pub bits: usize,
    /// The embeddings' length, if there is one.
    pub dimensions: Option<usize>,
    /// The number of pictures.
    pub records: u64,
    /// The length of `gallery.parquet`, in bytes.
    pub bytes: u64,
    /// The SHA-256 of `gallery.parquet`, in hexadecimal digits.
    pub sha256: String,
}

fn failed(path: &Path, reason: impl ToString) -> Error {
    TransferError { path: path.to_owned(), reason: reason.to_string() }.into()
}

/// The length of a file in bytes, and its SHA-256.
fn digest(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut hasher, mut bytes) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            n => {
                hasher.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
    Ok((bytes, hex::encode(hasher.finalize())))
}
