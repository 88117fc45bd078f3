//! Data sets of commands and queries, in implicit VR little endian (PS3.5 A.1).

use dicom::{Layout, Reader};
use dicom_core::Tag;
use std::collections::BTreeMap;

/// Values by tag, as slices of the bytes they were read from.
pub(crate) type Elements<'a> = BTreeMap<Tag, &'a [u8]>;

/// Reads a data set; `None` if it is cut short or too deep. Sequences of undefined length are
/// skipped; those of defined length are values like any other.
pub(crate) fn read(bytes: &[u8]) -> Option<Elements<'_>> {
    let mut reader = Reader::new(bytes, 0, Layout::IMPLICIT);
    let mut elements = Elements::new();
    while !reader.is_at_end() {
        let element = reader.element().ok()?;
        let value = reader.value(&element).ok()?;
        if element.length.is_some() {
            elements.insert(element.tag, value);
        }
    }
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom::Writer;
    use dicom_core::VR;

    const LAYOUT: Layout = Layout::IMPLICIT;

    fn nested(depth: usize) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.element(LAYOUT, Tag(8, 5), VR::CS, b"ISO_IR 100");
        for _ in 0..depth {
            writer.open_sequence(LAYOUT, Tag(8, 0x1110), VR::SQ);
            writer.open_item(LAYOUT);
        }
        writer.element(LAYOUT, Tag(8, 0x1150), VR::UI, b"1.2");
        for _ in 0..depth {
            writer.close_item(LAYOUT);
            writer.close_sequence(LAYOUT);
        }
        writer.element(LAYOUT, Tag(0x20, 0xD), VR::UI, b"1.3");
        writer.bytes
    }

    #[test]
    fn sequences_of_undefined_length_are_passed_over() {
        let bytes = nested(60);
        let elements = read(&bytes).unwrap();
        assert_eq!(elements.len(), 2);
        assert_eq!(elements[&Tag(0x20, 0xD)], b"1.3\0");
        assert_eq!(read(&bytes[..bytes.len() - 100]), None);
        // No nesting exhausts the stack.
        assert_eq!(read(&nested(10_000)), None);
    }

    #[test]
    fn lengths_beyond_the_end_are_none() {
        assert_eq!(read(&[8, 0, 5, 0, 0xFE, 0xFF, 0xFF, 0xFF, 1, 2]), None);
        assert_eq!(read(&[8, 0, 5]), None);
        assert_eq!(read(&[]), Some(Elements::new()));
    }
}
