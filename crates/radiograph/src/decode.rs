//! Bytes to radiographs: the format by the bytes, not the name, and limits before allocation.

use crate::dicom;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::memory;
use crate::options::Options;
use crate::radiograph::{Format, Radiograph};
use crate::raster;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// SHA-256 of a file's bytes: the identity of a picture that has no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl ContentHash {
    /// Hashes these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Decodes a PNG, JPEG, TIFF or DICOM file, of several frames the first, without overlays.
///
/// # Errors
/// Every way in which the bytes can fail to be a picture within `limits`; never a panic.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Radiograph> {
    decode_with(bytes, limits, &Options::default())
}

/// Decodes a file as [`decode`] does, with options.
///
/// # Errors
/// As [`decode`]; also if there is no such frame.
pub fn decode_with(bytes: &[u8], limits: &Limits, options: &Options) -> Result<Radiograph> {
    limits.check_bytes(bytes.len() as u64)?;
    if bytes.is_empty() {
        return Err(Error::Empty);
    }
    let Some(format) = sniff(bytes) else {
        let start: Vec<String> = bytes.iter().take(4).map(|b| format!("{b:02x}")).collect();
        return Err(Error::UnknownFormat { start: start.join(" ") });
    };
    // No file is known to make a decoder panic. Should one do it after all, a server loses that
    // file alone.
    std::panic::catch_unwind(|| match format {
        Format::Dicom => dicom::decode(bytes, limits, options),
        raster => raster::decode(bytes, raster, limits),
    })
    .unwrap_or(Err(Error::Panicked))
}

fn sniff(bytes: &[u8]) -> Option<Format> {
    match bytes {
        // Its preamble may be the start of another format, so that viewers of that show the picture
        // too (PS3.10 7.1).
        _ if ::dicom::is_file(bytes) => Some(Format::Dicom),
        [0x89, b'P', b'N', b'G', ..] => Some(Format::Png),
        [0xFF, 0xD8, 0xFF, ..] => Some(Format::Jpeg),
        // 43 is BigTIFF.
        [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Some(Format::Tiff),
        _ => None,
    }
}

/// Reads and decodes a file; also gives the hash of its bytes.
///
/// # Errors
/// [`Error::File`], or [`Error::InFile`] with what is wrong inside. The size is checked before
/// reading.
pub fn read(path: &Path, limits: &Limits) -> Result<(Radiograph, ContentHash)> {
    let inside = |source| Error::InFile { path: path.into(), source: Box::new(source) };
    let outside = |source| Error::File { path: path.into(), source };
    let file = File::open(path).map_err(outside)?;
    let length = file.metadata().map_err(outside)?.len();
    limits.check_bytes(length).map_err(inside)?;
    let _memory = memory::for_files().take(length, limits.memory_timeout).map_err(inside)?;
    let mut bytes = Vec::with_capacity(length as usize);
    // A file can grow, or be no plain file: what is read is bounded too.
    file.take(limits.max_bytes.saturating_add(1)).read_to_end(&mut bytes).map_err(outside)?;
    let radiograph = decode(&bytes, limits).map_err(inside)?;
    Ok((radiograph, ContentHash::of(&bytes)))
}
