//! Pixel Data without bytes that are no pixels: those beyond the picture, and the comments and
//! application data of its compression.
//!
//! No pixel changes. Native pixels are cut to the bytes that rows, columns, samples and frames
//! take. Segments of compressed frames keep their lengths, so that offsets stay right: bytes that
//! mean nothing to a decoder become zeros. Fragments after the last frame are left out.

mod fragments;
mod jpeg;
mod jpeg2000;
mod rle;
mod stream;

use dicom_dictionary_std::uids;

pub(super) use fragments::scrub;
use stream::wrong;

use crate::error::Result;

/// Root of the transfer syntaxes of JPEG, JPEG-LS, JPEG 2000, JPEG XL and video.
const CODED: &str = "1.2.840.10008.1.2.4.";

/// The storage of a picture, as its data set describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) samples: u16,
    /// Bits of a sample.
    pub(super) allocated: u16,
    pub(super) frames: u32,
    /// Whether two pixels share their colours, as in YBR_FULL_422 and YBR_PARTIAL_422.
    pub(super) subsampled: bool,
}

impl Shape {
    fn pixels(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns)
    }

    /// Bytes of so many frames that are not compressed.
    fn bytes(&self, frames: u32) -> usize {
        let samples = if self.subsampled { 2 } else { u64::from(self.samples) };
        let bits = self.pixels().saturating_mul(samples * u64::from(self.allocated));
        usize::try_from(bits.saturating_mul(frames.into()).div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// The shape of frames that take so many bytes. Some writers say that colours are subsampled,
    /// and store all of them, which decoders then read.
    fn stored(&self, bytes: usize) -> Self {
        let full = Self { subsampled: false, ..*self };
        let is_full = full.bytes(self.frames).next_multiple_of(2) == bytes.next_multiple_of(2);
        if is_full { full } else { *self }
    }

    /// The bytes of the picture in native Pixel Data; `words` if they are swapped in pairs.
    pub(super) fn cut<'a>(&self, value: &'a [u8], words: bool) -> &'a [u8] {
        let bytes = self.stored(value.len()).bytes(self.frames);
        // In big endian, the last byte of an odd number lies in the second half of a word.
        let bytes = if words { bytes.next_multiple_of(2) } else { bytes };
        value.get(..bytes).unwrap_or(value)
    }
}

/// Refuses native Pixel Data in a transfer syntax that puts frames into fragments (PS3.5 A.4).
/// Some writers put a whole JPEG file there, whose comments nobody would look at.
///
/// # Errors
/// If it is of such a transfer syntax.
pub(super) fn check_native(transfer_syntax: &str) -> Result<()> {
    let in_fragments =
        transfer_syntax.starts_with(CODED) || Compression::of(transfer_syntax).is_some();
    match in_fragments {
        true => Err(wrong("it lies in no fragments, against its transfer syntax")),
        false => Ok(()),
    }
}

/// A compression of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    /// JPEG and JPEG-LS.
    Jpeg,
    /// JPEG 2000 Part 1, and Part 15 (high throughput).
    Jpeg2000,
    Rle,
    /// Uncompressed frames in fragments.
    Plain,
}

impl Compression {
    /// The compression of frames that begin with these bytes. Some files claim another kind than
    /// they hold, and decoders go by the stream, so its own first marker counts. A transfer syntax
    /// that cannot be scrubbed stays one, and pixels that are not compressed have no marker.
    fn found(frames: &[u8], transfer_syntax: &str) -> Option<Self> {
        let claimed = Self::of(transfer_syntax);
        let unknown = claimed.is_none() && transfer_syntax.starts_with(CODED);
        match frames {
            _ if unknown || claimed == Some(Self::Plain) => claimed,
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [0xFF, 0x4F, 0xFF, 0x51, ..] => Some(Self::Jpeg2000),
            _ => claimed,
        }
    }

    /// The compression of a transfer syntax; none if frames of it cannot be scrubbed. Segments of
    /// JPEG 2000 Part 2 (92, 93) decode pixels that Part 1 does not know.
    fn of(transfer_syntax: &str) -> Option<Self> {
        match transfer_syntax {
            uids::RLE_LOSSLESS => Some(Self::Rle),
            uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => Some(Self::Plain),
            other => match other.strip_prefix(CODED)?.parse().ok()? {
                50..=70_u32 | 80 | 81 => Some(Self::Jpeg),
                90 | 91 | 201..=203 => Some(Self::Jpeg2000),
                _ => None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn native_pixels_are_cut_to_the_picture() {
        let shape =
            Shape { rows: 3, columns: 1, samples: 1, allocated: 8, frames: 1, subsampled: false };
        assert_eq!(shape.cut(b"123SECRET", false), b"123");
        assert_eq!(shape.cut(b"12", false), b"12");
        assert_eq!(shape.cut(b"123SECRET", true), b"123S");
        // Two bytes a pixel, or all three as they are stored after all.
        let halved = Shape { rows: 1, columns: 2, samples: 3, subsampled: true, ..shape };
        assert_eq!(halved.cut(b"1234SECRET", false), b"1234");
        assert_eq!(halved.cut(b"123456", false), b"123456");
        assert_eq!(Shape { samples: 3, ..shape }.bytes(2), 18);
        assert_eq!(Shape { allocated: 1, columns: 3, ..shape }.bytes(1), 2);
        assert_eq!(Shape { samples: 3, columns: 2, subsampled: true, ..shape }.bytes(1), 12);
        let most = Shape {
            rows: u16::MAX,
            columns: u16::MAX,
            samples: 3,
            allocated: 64,
            frames: u32::MAX,
            subsampled: false,
        };
        assert!(most.bytes(most.frames) > 1 << 60);
    }

    #[test]
    fn transfer_syntaxes_are_scrubbed_or_refused() {
        let of = Compression::of;
        assert_eq!(of("1.2.840.10008.1.2.4.50"), Some(Compression::Jpeg));
        assert_eq!(of("1.2.840.10008.1.2.4.202"), Some(Compression::Jpeg2000));
        assert_eq!(of("1.2.840.10008.1.2.5"), Some(Compression::Rle));
        // JPEG 2000 Part 2, MPEG-4, JPEG XL.
        for none in ["92", "102", "110"].map(|number| format!("{CODED}{number}")) {
            assert_eq!(of(&none), None);
            assert!(check_native(&none).is_err(), "{none}");
        }
        assert!(check_native("1.2.840.10008.1.2.4.50").is_err());
        for native in ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"] {
            assert_eq!(of(native), None);
            assert!(check_native(native).is_ok(), "{native}");
        }
    }
}
