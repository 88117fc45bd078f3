//! The layout of elements in bytes (PS3.5 7.1): value representations and the order of bytes.

use dicom_core::Tag;

/// The order of a number's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The lowest byte comes first.
    Little,
    /// The highest byte comes first.
    Big,
}

impl Order {
    /// Returns a number of two bytes.
    pub fn short(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    /// Returns a number of four bytes.
    pub fn long(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    /// Returns a floating-point number of eight bytes.
    pub fn double(self, bytes: [u8; 8]) -> f64 {
        match self {
            Self::Little => f64::from_le_bytes(bytes),
            Self::Big => f64::from_be_bytes(bytes),
        }
    }

    /// Returns the tag in the first four of these bytes.
    pub(crate) fn tag_of(self, bytes: &[u8]) -> Tag {
        let short = |at: usize| match bytes.get(at..at + 2) {
            Some(&[first, second]) => self.short([first, second]),
            _ => 0,
        };
        Tag(short(0), short(2))
    }

    /// Returns the bytes of a number of two bytes.
    pub(crate) fn bytes_of_short(self, number: u16) -> [u8; 2] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// Returns the bytes of a number of four bytes.
    pub(crate) fn bytes_of_long(self, number: u32) -> [u8; 4] {
        match self {
            Self::Little => number.to_le_bytes(),
            Self::Big => number.to_be_bytes(),
        }
    }

    /// Returns the bytes of a tag.
    pub(crate) fn bytes_of_tag(self, Tag(group, element): Tag) -> [u8; 4] {
        let [[g0, g1], [e0, e1]] = [group, element].map(|half| self.bytes_of_short(half));
        [g0, g1, e0, e1]
    }
}

/// The layout of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Whether value representations stand in the file. Otherwise they follow from the tags.
    pub explicit: bool,
    /// The order of the bytes of tags, lengths and numbers.
    pub order: Order,
}

impl Layout {
    /// Explicit VR little endian (PS3.5 A.2), also of all data sets with compressed frames.
    pub const EXPLICIT: Self = Self { explicit: true, order: Order::Little };
    /// Implicit VR little endian (PS3.5 A.1).
    pub const IMPLICIT: Self = Self { explicit: false, order: Order::Little };
    /// Explicit VR big endian (PS3.5 A.3, retired).
    pub const BIG_ENDIAN: Self = Self { explicit: true, order: Order::Big };
}
