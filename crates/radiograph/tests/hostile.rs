//! Files made to break a decoder: claims without the bytes for them, nesting without end, odd but lawful encodings.
#![expect(clippy::unwrap_used, reason = "tests")]

use radiograph::{Error, Limits, decode};

/// One element in explicit little endian with a short length.
fn short(group: u16, element: u16, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_le_bytes();
    [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &length, value].concat()
}

/// The start of one with a long length, which need not be true.
fn long(group: u16, element: u16, vr: &[u8; 2], length: u32) -> Vec<u8> {
    [&group.to_le_bytes()[..], &element.to_le_bytes(), vr, &[0, 0], &length.to_le_bytes()].concat()
}

fn us(element: u16, value: u16) -> Vec<u8> {
    short(0x28, element, b"US", &value.to_le_bytes())
}

/// The file meta group.
fn meta(syntax: &str) -> Vec<u8> {
    let uid = |element, text: &str| {
        let mut value = text.as_bytes().to_vec();
        value.resize(value.len().next_multiple_of(2), 0);
        short(2, element, b"UI", &value)
    };
    let version = [long(2, 1, b"OB", 2), vec![0, 1]].concat();
    let rest = [
        version,
        uid(2, "1.2.840.10008.5.1.4.1.1.1"),
        uid(3, "1.2.3"),
        uid(0x10, syntax),
        uid(0x12, "1.2.3"),
    ];
    let rest = rest.concat();
    [short(2, 0, b"UL", &(rest.len() as u32).to_le_bytes()), rest].concat()
}

/// A DICOM file of 2×2 pixels with values 0, 1, 2, 3, and `inserted` before its picture.
fn file(syntax: &str, inserted: &[u8]) -> Vec<u8> {
    [
        vec![0; 128],
        b"DICM".to_vec(),
        meta(syntax),
        inserted.to_vec(),
        us(0x02, 1),
        short(0x28, 0x04, b"CS", b"MONOCHROME2 "),
        us(0x10, 2),
        us(0x11, 2),
        us(0x100, 8),
        us(0x101, 8),
        us(0x102, 7),
        us(0x103, 0),
        long(0x7FE0, 0x10, b"OB", 4),
        vec![0, 1, 2, 3],
    ]
    .concat()
}

const EXPLICIT: &str = "1.2.840.10008.1.2.1";
const ITEM: [u8; 4] = [0xFE, 0xFF, 0x00, 0xE0];

#[test]
fn a_plain_file_and_one_with_an_implicit_sequence_of_unknown_kind_both_read() {
    let plain = decode(&file(EXPLICIT, &[]), &Limits::default()).unwrap();
    assert_eq!(plain.pixels(), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
    // PS3.5 6.2.2: what a UN sequence holds is implicit little endian, whatever the file is.
    let inner = [&[0x09, 0x00, 0x02, 0x10, 4, 0, 0, 0][..], b"abcd"].concat();
    let item = [&ITEM[..], &(inner.len() as u32).to_le_bytes(), &inner].concat();
    let known = [long(9, 0x1001, b"UN", item.len() as u32), item.clone()].concat();
    assert_eq!(decode(&file(EXPLICIT, &known), &Limits::default()).unwrap(), plain);
    let open = [long(9, 0x1001, b"UN", u32::MAX), item, vec![0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]].concat();
    assert_eq!(decode(&file(EXPLICIT, &open), &Limits::default()).unwrap(), plain);
}

#[test]
fn sequences_without_end_do_not_exhaust_the_stack() {
    let level = [long(8, 0x1140, b"SQ", u32::MAX), ITEM.to_vec(), vec![0xFF; 4]].concat();
    let bytes = file(EXPLICIT, &level.repeat(400_000));
    let refused = decode(&bytes, &Limits::default()).unwrap_err();
    assert!(matches!(refused, Error::DicomParse { .. }), "{refused}");
}
