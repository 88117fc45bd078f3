//! The transfer syntaxes that are decoded: how elements are written, and how a frame is compressed
//! (PS3.5 A, PS3.6 A).

use super::attributes::wrong;
use super::header::Elements;
use crate::error::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

/// Whether value representations stand in the file.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Vr {
    Explicit,
    /// They follow from the tags.
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

    /// A tag as it is written.
    pub(super) fn tag(self, Tag(group, element): Tag) -> [u8; 4] {
        let [[g0, g1], [e0, e1]] = match self {
            Self::Little => [group.to_le_bytes(), element.to_le_bytes()],
            Self::Big => [group.to_be_bytes(), element.to_be_bytes()],
        };
        [g0, g1, e0, e1]
    }
}

/// How the elements of a data set are written.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Form {
    pub(super) vr: Vr,
    pub(super) order: Order,
    /// The whole data set is compressed.
    pub(super) deflated: bool,
}

const EXPLICIT: Form = Form { vr: Vr::Explicit, order: Order::Little, deflated: false };

/// How a frame is stored.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Codec {
    /// As it is.
    Native,
    /// As it is, in fragments.
    EncapsulatedNative,
    Rle,
    /// Of 8 bits, or of 12.
    JpegDct,
    JpegLossless,
    JpegLs,
    Jpeg2000Lossless,
    Jpeg2000,
    HighThroughput,
}

impl Codec {
    /// What people call it.
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

/// In the order in which a receiver prefers them: what costs least to read first.
const SYNTAXES: [Syntax; 17] = [
    native("1.2.840.10008.1.2.1", EXPLICIT),
    native("1.2.840.10008.1.2", Form { vr: Vr::Implicit, ..EXPLICIT }),
    native("1.2.840.10008.1.2.1.99", Form { deflated: true, ..EXPLICIT }),
    native("1.2.840.10008.1.2.2", Form { order: Order::Big, ..EXPLICIT }),
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

/// The transfer syntax that a file meta group names.
pub(super) fn of(meta: &Elements) -> Result<&'static Syntax> {
    let expected = "the UID of a transfer syntax";
    let uid = meta
        .text(tags::TRANSFER_SYNTAX_UID)
        .ok_or_else(|| wrong("TransferSyntaxUID", "missing", expected))?;
    SYNTAXES.iter().find(|syntax| syntax.uid == uid).ok_or_else(|| {
        match TransferSyntaxRegistry.get(&uid) {
            Some(known) => Error::TransferSyntax { uid: known.uid().into(), name: known.name() },
            None => wrong("TransferSyntaxUID", &uid, expected),
        }
    })
}
