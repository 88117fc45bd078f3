//! Elements in implicit VR little endian (PS3.5 A.1), the encoding of command sets and of the
//! identifiers of queries.

use dicom_core::Tag;
use std::collections::BTreeMap;

const UNDEFINED: u32 = u32::MAX;
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Values by tag, as slices of the bytes they were read from.
pub(crate) type Elements<'a> = BTreeMap<Tag, &'a [u8]>;

/// Reads a data set; `None` if it is cut short. Sequences of undefined length are skipped; those of
/// defined length are values like any other.
pub(crate) fn read(mut bytes: &[u8]) -> Option<Elements<'_>> {
    let mut elements = Elements::new();
    while !bytes.is_empty() {
        let (tag, length) = header(&mut bytes)?;
        if length == UNDEFINED {
            pass_over(&mut bytes)?;
        } else {
            elements.insert(tag, take(&mut bytes, length)?);
        }
    }
    Some(elements)
}

/// Adds an element, whose value has an even length.
pub(crate) fn write(bytes: &mut Vec<u8>, tag: Tag, value: &[u8]) {
    bytes.extend(tag.0.to_le_bytes());
    bytes.extend(tag.1.to_le_bytes());
    bytes.extend((value.len() as u32).to_le_bytes());
    bytes.extend(value);
}

fn header(bytes: &mut &[u8]) -> Option<(Tag, u32)> {
    let (head, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    let half = |at: usize| u16::from_le_bytes([head[at], head[at + 1]]);
    Some((Tag(half(0), half(2)), u32::from_le_bytes([head[4], head[5], head[6], head[7]])))
}

fn take<'a>(bytes: &mut &'a [u8], length: u32) -> Option<&'a [u8]> {
    let (value, rest) = bytes.split_at_checked(length as usize)?;
    *bytes = rest;
    Some(value)
}

/// Skips an element of undefined length, to the delimiter that closes it. In implicit VR, items and
/// elements have the same header, so counting the depth is enough, and no nesting exhausts the
/// stack.
fn pass_over(bytes: &mut &[u8]) -> Option<()> {
    let mut depth = 1_usize;
    while depth > 0 {
        match header(bytes)? {
            (ITEM_END | SEQUENCE_END, _) => depth -= 1,
            (_, UNDEFINED) => depth += 1,
            (_, length) => drop(take(bytes, length)?),
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Tag = Tag(0xFFFE, 0xE000);

    fn open(bytes: &mut Vec<u8>, tag: Tag) {
        write(bytes, tag, &[]);
        let length = bytes.len() - 4;
        bytes[length..].copy_from_slice(&[0xFF; 4]);
    }

    #[test]
    fn sequences_of_undefined_length_are_passed_over() {
        let mut bytes = Vec::new();
        write(&mut bytes, Tag(8, 5), b"ISO_IR 100");
        for _ in 0..10_000 {
            open(&mut bytes, Tag(8, 0x1110));
            open(&mut bytes, ITEM);
        }
        write(&mut bytes, Tag(8, 0x1150), b"1.2\0");
        for _ in 0..10_000 {
            write(&mut bytes, ITEM_END, &[]);
            write(&mut bytes, SEQUENCE_END, &[]);
        }
        write(&mut bytes, Tag(0x20, 0xD), b"1.3\0");
        let elements = read(&bytes).unwrap();
        assert_eq!(elements.len(), 2);
        assert_eq!(elements[&Tag(0x20, 0xD)], b"1.3\0");
        assert_eq!(read(&bytes[..bytes.len() - 100]), None);
    }

    #[test]
    fn lengths_beyond_the_end_are_none() {
        assert_eq!(read(&[8, 0, 5, 0, 0xFE, 0xFF, 0xFF, 0xFF, 1, 2]), None);
        assert_eq!(read(&[8, 0, 5]), None);
        assert_eq!(read(&[]), Some(Elements::new()));
    }
}
