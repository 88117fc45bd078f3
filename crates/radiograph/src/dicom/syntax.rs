//! The transfer syntaxes that are decoded: how elements are written, and how a frame is compressed
//! (PS3.5 A, PS3.6 A).

use super::attributes::wrong;
use super::header::Elements;
use crate::error::{Error, Result};
use crate::warning::Warnings;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

/// Whether value representations stand in the file.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Vr {
    Explicit,
    /// Value representations follow from the tags.
    Implicit,
}

/// Which byte of a number comes first.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Order {
    Little,
    Big,
}

impl Order {
    pub(super) fn short(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn long(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(super) fn double(self, bytes: [u8; 8]) -> f64 {
        match self {
            Self::Little => f64::from_le_bytes(bytes),
            Self::Big => f64::from_be_bytes(bytes),
        }
    }

    /// The tag in the first four of these bytes.
    pub(super) fn tag_of(self, bytes: &[u8]) -> Tag {
        let short = |at: usize| match bytes.get(at..at + 2) {
            Some(&[first, second]) => self.short([first, second]),
            _ => 0,
        };
        Tag(short(0), short(2))
    }

    /// A tag as it is written.
    pub(super) fn tag(self, Tag(group, element): Tag) -> [u8; 4] {
        let [[g0, g1], [e0, e1]] = match self {
            Self::Little => [group.to_le_bytes(), element.to_le_bytes()],
            Self::Big => [group.to_be_bytes(), element.to_be_bytes()],
        };
        [g0, g1, e0, e1]
    }
}

/// The layout of elements: explicit or implicit value representations, and the order of bytes.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Layout {
    pub(super) vr: Vr,
    pub(super) order: Order,
}

/// The form of a data set.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Form {
    pub(super) layout: Layout,
    /// The whole data set is compressed.
    pub(super) deflated: bool,
}

const fn form(vr: Vr, order: Order) -> Form {
    Form { layout: Layout { vr, order }, deflated: false }
}

const EXPLICIT: Form = form(Vr::Explicit, Order::Little);
const EXPLICIT_UID: &str = "1.2.840.10008.1.2.1";
const IMPLICIT_UID: &str = "1.2.840.10008.1.2";
const BIG_ENDIAN_UID: &str = "1.2.840.10008.1.2.2";

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

/// A transfer syntax.
pub(super) struct Syntax {
    uid: &'static str,
    pub(super) form: Form,
    pub(super) codec: Codec,
}

const fn compressed(uid: &'static str, codec: Codec) -> Syntax {
    Syntax { uid, form: EXPLICIT, codec }
}

const fn native(uid: &'static str, form: Form) -> Syntax {
    Syntax { uid, form, codec: Codec::Native }
}

/// All transfer syntaxes, in the order in which a receiver prefers them: the cheapest to read
/// first.
const SYNTAXES: [Syntax; 17] = [
    native(EXPLICIT_UID, EXPLICIT),
    native(IMPLICIT_UID, form(Vr::Implicit, Order::Little)),
    native("1.2.840.10008.1.2.1.99", Form { deflated: true, ..EXPLICIT }),
    native(BIG_ENDIAN_UID, form(Vr::Explicit, Order::Big)),
    compressed("1.2.840.10008.1.2.1.98", Codec::EncapsulatedNative),
    compressed("1.2.840.10008.1.2.5", Codec::Rle),
    compressed("1.2.840.10008.1.2.4.70", Codec::JpegLossless),
    compressed("1.2.840.10008.1.2.4.57", Codec::JpegLossless),
    compressed("1.2.840.10008.1.2.4.80", Codec::JpegLs),
    compressed("1.2.840.10008.1.2.4.81", Codec::JpegLs),
    compressed("1.2.840.10008.1.2.4.201", Codec::HighThroughput),
    compressed("1.2.840.10008.1.2.4.202", Codec::HighThroughput),
    compressed("1.2.840.10008.1.2.4.203", Codec::HighThroughput),
    compressed("1.2.840.10008.1.2.4.90", Codec::Jpeg2000Lossless),
    compressed("1.2.840.10008.1.2.4.91", Codec::Jpeg2000),
    compressed("1.2.840.10008.1.2.4.50", Codec::JpegDct),
    compressed("1.2.840.10008.1.2.4.51", Codec::JpegDct),
];

/// UIDs of the transfer syntaxes that [`decode`](crate::decode) reads, the cheapest to read first:
/// what a receiver may offer to a sender.
pub fn transfer_syntaxes() -> impl Iterator<Item = &'static str> {
    SYNTAXES.iter().map(|syntax| syntax.uid)
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

/// The transfer syntax that a file meta group names. Where it names none, it is the uncompressed
/// one that the data set, which begins with `start`, looks like.
pub(super) fn of(
    meta: &Elements,
    start: &[u8],
    warnings: &mut Warnings,
) -> Result<&'static Syntax> {
    let uid = match meta.text(tags::TRANSFER_SYNTAX_UID) {
        // Some writers pad it by other blanks than NUL.
        Some(uid) => uid.trim().to_owned(),
        None => guessed(start, warnings)?.to_owned(),
    };
    SYNTAXES.iter().find(|syntax| syntax.uid == uid).ok_or_else(|| refused(uid))
}

fn refused(uid: String) -> Error {
    let retired = RETIRED.iter().find(|(retired, _)| *retired == uid);
    match (retired, TransferSyntaxRegistry.get(&uid)) {
        (Some((_, name)), _) => Error::RetiredTransferSyntax { uid, name },
        (None, Some(known)) => Error::TransferSyntax { uid, name: known.name() },
        (None, None) => wrong("TransferSyntaxUID", &uid, EXPECTED),
    }
}

/// The uncompressed transfer syntax that a data set looks like: its first group has a low number,
/// and letters follow the first tag where value representations do.
fn guessed(start: &[u8], warnings: &mut Warnings) -> Result<&'static str> {
    let Some(start) = start.get(..8) else {
        return Err(wrong("TransferSyntaxUID", "missing", EXPECTED));
    };
    let group = |order: Order| order.tag_of(start).group();
    let explicit = start[4..6].iter().all(u8::is_ascii_uppercase);
    let uid = match (group(Order::Big) < group(Order::Little), explicit) {
        (true, _) => BIG_ENDIAN_UID,
        (false, true) => EXPLICIT_UID,
        (false, false) => IMPLICIT_UID,
    };
    let assumed = format!("{uid} was assumed, by the first element of the data set");
    warnings.add("TransferSyntaxUID", "missing", EXPECTED, assumed);
    Ok(uid)
}
