//! Errors of pictures and data sets. Each says what was got, what was expected and what to do.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_dictionary_std::StandardDataDictionary;
use std::path::PathBuf;

/// Errors of this crate. None shows patient data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file could not be read.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file whose content is at fault.
    #[error("{path}: {source}")]
    InFile {
        /// The file.
        path: PathBuf,
        /// The error of its content.
        source: Box<Error>,
    },
    /// No bytes at all.
    #[error("the file is empty, expected a PNG, JPEG, TIFF or DICOM picture")]
    Empty,
    /// More bytes than the limit.
    #[error("{got} bytes, expected at most {limit}; raise the limit if this is a real radiograph")]
    TooManyBytes {
        /// Size.
        got: u64,
        /// The limit.
        limit: u64,
    },
    /// More pixels than the limit, as the file claims, before anything is allocated.
    #[error("{claimant} claims {width}×{height} pixels, expected at most {limit} in all")]
    TooManyPixels {
        /// The source of the claim: the file, or attributes of DICOM.
        claimant: &'static str,
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
        /// The limit on their product.
        limit: u64,
    },
    /// Sides that no radiograph has, as the file claims, before anything is allocated.
    #[error(
        "{claimant} claims {width}×{height} pixels, expected sides of at most {side}, the longer \
         one at most {aspect} times the shorter"
    )]
    Sides {
        /// The source of the claim: the file, or attributes of DICOM.
        claimant: &'static str,
        /// Columns.
        width: u64,
        /// Rows.
        height: u64,
        /// The limit on the longer side.
        side: u64,
        /// The limit on their ratio.
        aspect: u64,
    },
    /// More memory than the picture may take, by its header, before anything is allocated.
    #[error(
        "the picture needs {} MB of memory, expected at most {}: raise the limit on memory if \
         this is a real radiograph",
        megabytes(*needed),
        megabytes(*limit)
    )]
    TooMuchMemory {
        /// Bytes that it needs.
        needed: u64,
        /// The limit.
        limit: u64,
    },
    /// Memory that others hold for too long.
    #[error(
        "the picture needs {} MB, and other pictures hold the {} MB of memory for all: try again \
         later, or raise the limit on memory",
        megabytes(*needed),
        megabytes(*limit)
    )]
    MemoryBusy {
        /// Bytes that it needs.
        needed: u64,
        /// Bytes of memory that all pictures may take together.
        limit: u64,
    },
    /// Bytes of no known format.
    #[error(
        "not a picture that can be read: expected PNG, JPEG, TIFF, or DICOM, which has DICM after \
         128 bytes; got bytes that begin {start}"
    )]
    UnknownFormat {
        /// The first bytes in hexadecimal.
        start: String,
    },
    /// A raster file that its decoder refuses.
    #[error("{format} does not decode: {reason}")]
    Raster {
        /// PNG, JPEG or TIFF.
        format: &'static str,
        /// The decoder's message.
        reason: String,
    },
    /// A compressed frame in a DICOM file that its decoder refuses.
    #[error(
        "DICOM attribute (7FE0,0010) PixelData holds a {format} frame that does not decode: \
         {reason}"
    )]
    Frame {
        /// The name of its compression.
        format: &'static str,
        /// The decoder's message.
        reason: String,
    },
    /// A DICOM file that does not parse.
    #[error("DICOM does not parse: {reason}")]
    DicomParse {
        /// The parser's message.
        reason: String,
    },
    /// A DICOM attribute that is missing or makes no sense.
    #[error("DICOM attribute {}{attribute} is {got}, expected {expected}", numbers(attribute))]
    DicomAttribute {
        /// Its keyword.
        attribute: &'static str,
        /// The value in the file.
        got: String,
        /// The values that are accepted.
        expected: &'static str,
    },
    /// A transfer syntax that is not decoded.
    #[error(
        "DICOM attribute (0002,0010) TransferSyntaxUID is {uid} ({name}), which is not decoded; \
         expected uncompressed, RLE, JPEG, JPEG-LS or JPEG 2000: have the sender transcode, or \
         transcode with gdcmconv --raw"
    )]
    TransferSyntax {
        /// Its UID.
        uid: String,
        /// Its name in PS3.6.
        name: &'static str,
    },
    /// A transfer syntax that the standard has given up.
    #[error(
        "DICOM attribute (0002,0010) TransferSyntaxUID is {uid} ({name}, retired), which is not \
         decoded; expected one that is in use: have the sender transcode it, or try dcmdjpeg of \
         DCMTK"
    )]
    RetiredTransferSyntax {
        /// Its UID.
        uid: String,
        /// Its name in PS3.6.
        name: &'static str,
    },
    /// A DICOM object of another kind than pictures.
    #[error("this is {kind} (SOP Class UID {uid}), which is no picture; expected a radiograph")]
    NoPicture {
        /// Its kind, with an article.
        kind: &'static str,
        /// The UID of its class.
        uid: String,
    },
    /// A decoder that panicked, which is a fault of the decoder: the file is refused, the process
    /// lives.
    #[error(
        "the decoder failed on this file; expected a sound picture: open it in a viewer and save \
         it anew"
    )]
    Panicked,
    /// Pixels that do not fill their sides.
    #[error("{got} pixels for {width}×{height}, expected {width}·{height} and no side of 0")]
    PixelCount {
        /// Pixels given.
        got: usize,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A manifest, or another table of a data set, that cannot be read.
    #[error("{path}: {reason}")]
    Manifest {
        /// The table.
        path: PathBuf,
        /// The fault, its place, and what is expected.
        reason: String,
    },
    /// Nothing usable in a data set.
    #[error("{path}: no usable picture ({skipped} skipped{example}); expected {expected}")]
    NoPictures {
        /// The data set.
        path: PathBuf,
        /// The number of listed pictures that cannot be used.
        skipped: usize,
        /// The first of them with its reason.
        example: String,
        /// The expected form of a data set.
        expected: &'static str,
    },
}

impl From<dicom::Error> for Error {
    fn from(error: dicom::Error) -> Self {
        Self::DicomParse { reason: error.to_string() }
    }
}

impl Error {
    /// Whether the file is sound, but of a kind that holds no picture.
    pub fn is_no_picture(&self) -> bool {
        match self {
            Self::InFile { source, .. } => source.is_no_picture(),
            other => matches!(other, Self::NoPicture { .. }),
        }
    }
}

/// Group and element of an attribute as they are written, with a space after them.
pub(crate) fn numbers(keyword: &str) -> String {
    StandardDataDictionary
        .by_name(keyword)
        .map(|entry| format!("{} ", entry.tag()))
        .unwrap_or_default()
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

/// A text from a file, or from a decoder that may quote one, made safe to show. It has at most 200
/// characters in one line, and no control characters.
pub(crate) fn quoted(said: &str) -> String {
    said.trim().chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_one_short_line_and_the_numbers_of_attributes() {
        // What fuzzing found: a decoder's words end in a line break.
        assert_eq!(quoted("expected 64 but\tfound 54\n"), "expected 64 but found 54");
        assert_eq!(quoted(&"ä".repeat(999)).chars().count(), 200);
        assert_eq!(numbers("Rows"), "(0028,0010) ");
        assert_eq!(numbers("no keyword"), "");
    }
}
