//! Pixel Data without what is no pixel: bytes beyond the picture, comments and application data of its compression.
//!
//! No pixel changes. Native pixels are cut to what rows, columns, samples and frames take. Compressed ones keep the lengths of
//! their segments, so that offsets stay right: what means nothing to a decoder becomes zeros. Fragments after the last frame go.

mod fragments;
mod jpeg;
mod jpeg2000;
mod rle;
mod stream;

use dicom_dictionary_std::uids;

pub(super) use fragments::pack;

/// How a picture is stored, by what its data set says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) rows: u16,
    pub(super) columns: u16,
    pub(super) samples: u16,
    /// Bits of a sample.
    pub(super) allocated: u16,
    pub(super) frames: u32,
    /// Two pixels share their colours: YBR_FULL_422 and YBR_PARTIAL_422.
    pub(super) shared: bool,
}

impl Shape {
    fn pixels(&self) -> u64 {
        u64::from(self.rows) * u64::from(self.columns)
    }

    /// Bytes of so many frames that are not compressed.
    fn bytes(&self, frames: u32) -> usize {
        let samples = if self.shared { 2 } else { u64::from(self.samples) };
        let bits = self.pixels().saturating_mul(samples * u64::from(self.allocated));
        usize::try_from(bits.saturating_mul(frames.into()).div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// Of native Pixel Data, the bytes of the picture.
    pub(super) fn cut<'a>(&self, value: &'a [u8], words: bool) -> &'a [u8] {
        let bytes = self.bytes(self.frames);
        // In big endian, the last byte of an odd number lies in the second half of a word.
        let bytes = if words { bytes.next_multiple_of(2) } else { bytes };
        value.get(..bytes).unwrap_or(value)
    }
}

/// How frames are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Compression {
    /// JPEG and JPEG-LS.
    Jpeg,
    /// JPEG 2000, high-throughput too.
    Jpeg2000,
    Rle,
    /// Not at all, in fragments.
    Plain,
}

impl Compression {
    /// Of a transfer syntax; none of those whose frames nobody looks into here.
    fn of(transfer_syntax: &str) -> Option<Self> {
        match transfer_syntax {
            uids::RLE_LOSSLESS => Some(Self::Rle),
            uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN => Some(Self::Plain),
            other => match other.strip_prefix("1.2.840.10008.1.2.4.")?.parse().ok()? {
                50..=70_u32 | 80 | 81 => Some(Self::Jpeg),
                90..=93 | 201..=203 => Some(Self::Jpeg2000),
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
        let shape = Shape { rows: 3, columns: 1, samples: 1, allocated: 8, frames: 1, shared: false };
        assert_eq!(shape.cut(b"123SECRET", false), b"123");
        assert_eq!(shape.cut(b"12", false), b"12");
        assert_eq!(shape.cut(b"123SECRET", true), b"123S");
        assert_eq!(Shape { samples: 3, ..shape }.bytes(2), 18);
        assert_eq!(Shape { allocated: 1, columns: 3, ..shape }.bytes(1), 2);
        assert_eq!(Shape { samples: 3, columns: 2, shared: true, ..shape }.bytes(1), 12);
        let most = Shape {
            rows: u16::MAX,
            columns: u16::MAX,
            samples: 3,
            allocated: 64,
            frames: u32::MAX,
            shared: false,
        };
        assert!(most.bytes(most.frames) > 1 << 60);
    }

    #[test]
    fn transfer_syntaxes_are_looked_into_or_refused() {
        let of = Compression::of;
        assert_eq!(of("1.2.840.10008.1.2.4.50"), Some(Compression::Jpeg));
        assert_eq!(of("1.2.840.10008.1.2.4.202"), Some(Compression::Jpeg2000));
        assert_eq!(of("1.2.840.10008.1.2.5"), Some(Compression::Rle));
        // MPEG-4, JPEG XL, native.
        for none in ["1.2.840.10008.1.2.4.102", "1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.1"] {
            assert_eq!(of(none), None);
        }
    }
}
