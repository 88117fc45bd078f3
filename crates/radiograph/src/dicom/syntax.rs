//! The transfer syntaxes that are decoded, and the coding of frames in each (PS3.5 A, PS3.6 A).

use super::attributes::wrong;
use crate::error::{Error, Result};
use crate::warning::Warnings;
use dicom::{EXPLICIT_VR_BIG_ENDIAN, guessed};
use dicom_dictionary_std::uids;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

/// The coding of frames.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Codec {
    /// No compression.
    Native,
    /// No compression, in fragments.
    EncapsulatedNative,
    Rle,
    /// Lossy JPEG with samples of 8 or 12 bits.
    JpegDct,
    JpegLossless,
    JpegLs,
    Jpeg2000Lossless,
    Jpeg2000,
    HighThroughput,
}

impl Codec {
    /// The common name of the coding.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Native | Self::EncapsulatedNative => "no compression",
            Self::Rle => "RLE",
            Self::JpegDct => "lossy JPEG",
            Self::JpegLossless => "JPEG Lossless",
            Self::JpegLs => "JPEG-LS",
            Self::Jpeg2000Lossless | Self::Jpeg2000 => "JPEG 2000",
            Self::HighThroughput => "High-Throughput JPEG 2000",
        }
    }
}

/// All transfer syntaxes, in the order in which a receiver prefers them: the cheapest to read
/// first.
const SYNTAXES: [(&str, Codec); 17] = [
    (uids::EXPLICIT_VR_LITTLE_ENDIAN, Codec::Native),
    (uids::IMPLICIT_VR_LITTLE_ENDIAN, Codec::Native),
    (uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN, Codec::Native),
    (EXPLICIT_VR_BIG_ENDIAN, Codec::Native),
    ("1.2.840.10008.1.2.1.98", Codec::EncapsulatedNative),
    ("1.2.840.10008.1.2.5", Codec::Rle),
    ("1.2.840.10008.1.2.4.70", Codec::JpegLossless),
    ("1.2.840.10008.1.2.4.57", Codec::JpegLossless),
    ("1.2.840.10008.1.2.4.80", Codec::JpegLs),
    ("1.2.840.10008.1.2.4.81", Codec::JpegLs),
    ("1.2.840.10008.1.2.4.201", Codec::HighThroughput),
    ("1.2.840.10008.1.2.4.202", Codec::HighThroughput),
    ("1.2.840.10008.1.2.4.203", Codec::HighThroughput),
    ("1.2.840.10008.1.2.4.90", Codec::Jpeg2000Lossless),
    ("1.2.840.10008.1.2.4.91", Codec::Jpeg2000),
    ("1.2.840.10008.1.2.4.50", Codec::JpegDct),
    ("1.2.840.10008.1.2.4.51", Codec::JpegDct),
];

/// UIDs of the transfer syntaxes that [`decode`](crate::decode) reads, the cheapest to read first:
/// what a receiver may offer to a sender.
pub fn transfer_syntaxes() -> impl Iterator<Item = &'static str> {
    SYNTAXES.iter().map(|&(uid, _)| uid)
}

/// Transfer syntaxes that the standard has given up, but for big endian (PS3.6 A).
const RETIRED: [(&str, &str); 17] = [
    ("1.2.840.10008.1.2.4.52", "JPEG Extended (Process 3 & 5)"),
    ("1.2.840.10008.1.2.4.53", "JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8)"),
    ("1.2.840.10008.1.2.4.54", "JPEG Spectral Selection, Non-Hierarchical (Process 7 & 9)"),
    ("1.2.840.10008.1.2.4.55", "JPEG Full Progression, Non-Hierarchical (Process 10 & 12)"),
    ("1.2.840.10008.1.2.4.56", "JPEG Full Progression, Non-Hierarchical (Process 11 & 13)"),
    ("1.2.840.10008.1.2.4.58", "JPEG Lossless, Non-Hierarchical (Process 15)"),
    ("1.2.840.10008.1.2.4.59", "JPEG Extended, Hierarchical (Process 16 & 18)"),
    ("1.2.840.10008.1.2.4.60", "JPEG Extended, Hierarchical (Process 17 & 19)"),
    ("1.2.840.10008.1.2.4.61", "JPEG Spectral Selection, Hierarchical (Process 20 & 22)"),
    ("1.2.840.10008.1.2.4.62", "JPEG Spectral Selection, Hierarchical (Process 21 & 23)"),
    ("1.2.840.10008.1.2.4.63", "JPEG Full Progression, Hierarchical (Process 24 & 26)"),
    ("1.2.840.10008.1.2.4.64", "JPEG Full Progression, Hierarchical (Process 25 & 27)"),
    ("1.2.840.10008.1.2.4.65", "JPEG Lossless, Hierarchical (Process 28)"),
    ("1.2.840.10008.1.2.4.66", "JPEG Lossless, Hierarchical (Process 29)"),
    ("1.2.840.10008.1.2.6.1", "RFC 2557 MIME encapsulation"),
    ("1.2.840.10008.1.2.6.2", "XML Encoding"),
    ("1.2.840.10008.1.20", "Papyrus 3 Implicit VR Little Endian"),
];

const EXPECTED: &str = "the UID of a transfer syntax";

/// Returns the transfer syntax that a file meta group names, and the coding of its frames. Where
/// none is named, it is the uncompressed one that the data set looks like.
pub(super) fn of(
    named: Option<&str>,
    data_set: &[u8],
    warnings: &mut Warnings,
) -> Result<(&'static str, Codec)> {
    let uid = match named {
        Some(uid) => uid,
        None => assumed(data_set, warnings)?,
    };
    let found = SYNTAXES.iter().find(|(known, _)| *known == uid).copied();
    found.ok_or_else(|| refused(uid.to_owned()))
}

fn assumed(data_set: &[u8], warnings: &mut Warnings) -> Result<&'static str> {
    let missing = || wrong("TransferSyntaxUID", "missing", EXPECTED);
    let uid = guessed(data_set).ok_or_else(missing)?;
    let assumed = format!("{uid} was assumed, by the first element of the data set");
    warnings.add("TransferSyntaxUID", "missing", EXPECTED, assumed);
    Ok(uid)
}

fn refused(uid: String) -> Error {
    let retired = RETIRED.iter().find(|(retired, _)| *retired == uid);
    match (retired, TransferSyntaxRegistry.get(&uid)) {
        (Some((_, name)), _) => Error::RetiredTransferSyntax { uid, name },
        (None, Some(known)) => Error::TransferSyntax { uid, name: known.name() },
        (None, None) => wrong("TransferSyntaxUID", &uid, EXPECTED),
    }
}
