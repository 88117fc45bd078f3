//! Elements written and read back, in every layout; hostile bytes.

use dicom::{Element, Error, FileMeta, Item, Layout, Order, Reader, Result, Writer};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use proptest::prelude::*;

const IMPLICIT_BIG: Layout = Layout { explicit: false, order: Order::Big };
const LAYOUTS: [Layout; 4] = [Layout::EXPLICIT, Layout::IMPLICIT, Layout::BIG_ENDIAN, IMPLICIT_BIG];

/// A data set with a sequence so many deep between two elements.
fn nested(layout: Layout, depth: usize) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.element(layout, tags::MODALITY, VR::CS, b"DX");
    for _ in 0..depth {
        writer.open_sequence(layout, tags::DERIVATION_CODE_SEQUENCE, VR::SQ);
        writer.open_item(layout);
    }
    writer.element(layout, tags::PATIENT_ID, VR::LO, b"inside");
    for _ in 0..depth {
        writer.close_item(layout);
        writer.close_sequence(layout);
    }
    writer.element(layout, tags::ROWS, VR::US, &[1, 2]);
    writer.bytes
}

/// The elements of a data set with their values, sequences as wholes.
fn read<'a>(mut reader: Reader<'a>) -> Result<Vec<(Element, &'a [u8])>> {
    let mut elements = Vec::new();
    while !reader.is_at_end() {
        let element = reader.element()?;
        elements.push((element, reader.value(&element)?));
    }
    Ok(elements)
}

#[test]
fn what_is_written_is_read_whatever_layout_is_claimed() {
    for layout in LAYOUTS {
        let bytes = nested(layout, 3);
        for claimed in LAYOUTS {
            let reader = Reader::data_set(&bytes, 0, claimed);
            assert_eq!(reader.layout(), layout, "claimed {claimed:?}");
            let elements = read(reader).unwrap();
            let [(modality, dx), (sequence, _), (rows, numbers)] = elements[..] else {
                panic!("{layout:?}: {elements:?}");
            };
            assert_eq!((modality.tag, dx), (tags::MODALITY, &b"DX"[..]));
            assert_eq!((sequence.length, rows.tag, numbers), (None, tags::ROWS, &[1, 2][..]));
            assert_eq!(modality.vr, layout.explicit.then_some(VR::CS));
        }
    }
}

#[test]
fn sequences_are_entered_item_by_item() {
    for layout in LAYOUTS {
        let bytes = nested(layout, 2);
        let mut reader = Reader::new(&bytes, 0, layout);
        let modality = reader.element().unwrap();
        reader.value(&modality).unwrap();
        let sequence = reader.element().unwrap();
        let mut items = reader.items(&sequence).unwrap();
        assert_eq!(items.item().unwrap(), Item::Begins(None));
        let mut elements = items.elements(None).unwrap();
        let inner = elements.element().unwrap();
        assert_eq!(inner.tag, tags::DERIVATION_CODE_SEQUENCE);
        elements.value(&inner).unwrap();
        assert!(elements.element().unwrap().ends_item());
        items.resume_behind(&elements);
        assert_eq!(items.item().unwrap(), Item::Ends);
        reader.resume_behind(&items);
        assert_eq!(reader.element().unwrap().tag, tags::ROWS);
    }
}

#[test]
fn nesting_has_a_limit() {
    for layout in LAYOUTS {
        assert!(read(Reader::new(&nested(layout, 64), 0, layout)).is_ok());
        for depth in [65, 100_000] {
            let error = read(Reader::new(&nested(layout, depth), 0, layout)).unwrap_err();
            assert!(matches!(error, Error::Depth { .. }), "{error}");
        }
    }
}

/// Groups that no real data set begins with.
#[test]
fn a_high_group_at_the_beginning_is_no_other_order() {
    for group in [0x0100, 0x1000, 0x6000] {
        let mut writer = Writer::default();
        writer.element(Layout::EXPLICIT, Tag(group, 0x20), VR::LO, b"text");
        writer.element(Layout::EXPLICIT, Tag(group, 0x30), VR::LO, b"text");
        let reader = Reader::data_set(&writer.bytes, 0, Layout::EXPLICIT);
        assert_eq!(reader.layout(), Layout::EXPLICIT, "{group:04X}");
    }
}

/// Each value representation with a length that its element cannot have otherwise.
#[test]
fn blank_value_representations_have_the_length_that_fits() {
    for layout in [Layout::EXPLICIT, Layout::BIG_ENDIAN] {
        let mut writer = Writer::default();
        writer.element(layout, tags::MODALITY, VR::CS, b"DX");
        writer.element(layout, tags::PATIENT_ID, VR::LO, b"12345678");
        writer.element(layout, tags::ROWS, VR::US, &[1, 2]);
        let second = 10 + 4;
        for blank in [b"  ", b"\0\0", b"??", b"xx"] {
            let mut bytes = writer.bytes.clone();
            bytes[second..second + 2].copy_from_slice(blank);
            let elements = read(Reader::data_set(&bytes, 0, layout)).unwrap();
            assert_eq!((elements[1].0.vr, elements[1].1), (None, &b"12345678"[..]));
            assert_eq!(elements.len(), 3);
        }
    }
}

#[test]
fn values_too_long_for_their_length_are_of_unknown_kind() {
    for (layout, expected) in [(Layout::EXPLICIT, Some(VR::UN)), (Layout::IMPLICIT, None)] {
        let mut writer = Writer::default();
        writer.element(layout, tags::PATIENT_ID, VR::LO, &[b'x'; 0xFFFF]);
        let elements = read(Reader::new(&writer.bytes, 0, layout)).unwrap();
        assert_eq!((elements[0].0.vr, elements[0].1.len()), (expected, 0x1_0000));
    }
}

#[test]
fn fragments_may_lack_their_end() {
    let mut writer = Writer::default();
    writer.open_sequence(Layout::EXPLICIT, tags::PIXEL_DATA, VR::OB);
    for fragment in [&[][..], &[1, 2], &[3, 4, 5, 6]] {
        writer.fragment(Layout::EXPLICIT, fragment);
    }
    for end in [false, true] {
        if end {
            writer.close_sequence(Layout::EXPLICIT);
        }
        let mut reader = Reader::new(&writer.bytes, 0, Layout::EXPLICIT);
        reader.element().unwrap();
        let found = reader.fragments().unwrap();
        assert!(found.offsets.is_empty() && reader.is_at_end());
        assert_eq!(found.fragments, [(0, &[1, 2][..]), (10, &[3, 4, 5, 6])]);
    }
}

#[test]
fn lengths_are_compared_with_what_is_there() {
    let element = [0x10, 0, 0x10, 0, b'P', b'N', 0xFE, 0xFF, b'S'];
    let error = read(Reader::new(&element, 0, Layout::EXPLICIT)).unwrap_err().to_string();
    assert_eq!(
        error,
        "element (0010,0010) at byte 8: got 1 bytes, expected the 65534 that it claims"
    );
    let error = read(Reader::new(&element[..6], 0, Layout::EXPLICIT)).unwrap_err().to_string();
    assert_eq!(error, "cut off in or after element (0010,0010): got 2 bytes at byte 4, expected 4");
}

/// Walks through sequences of every kind as a rewriter would.
fn walk(reader: &mut Reader) -> Result<()> {
    while !reader.is_at_end() {
        let element = reader.element()?;
        if element.ends_item() {
            return Ok(());
        }
        if element.length.is_some() && element.tag != Tag(8, 0x9215) {
            reader.value(&element)?;
            continue;
        }
        let mut items = reader.items(&element)?;
        while !items.is_at_end()
            && let Item::Begins(length) = items.item()?
        {
            let mut elements = items.elements(length)?;
            walk(&mut elements)?;
            items.resume_behind(&elements);
        }
        reader.resume_behind(&items);
    }
    Ok(())
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, layout in 0..4_usize, at in 0..200_usize, value: u8) {
        let layout = LAYOUTS[layout];
        let mut changed = nested(layout, 4);
        let at = at % changed.len();
        changed[at] = value;
        let cut = [&changed[..at], &bytes].concat();
        for bytes in [bytes, changed, cut] {
            let _any = read(Reader::data_set(&bytes, 0, layout));
            let _any = walk(&mut Reader::data_set(&bytes, 0, layout));
            let _any = Reader::new(&bytes, 0, layout).fragments();
            let _any = dicom::guessed(&bytes);
            let _any = FileMeta::read(&[&[0; 128][..], b"DICM", &bytes].concat());
        }
    }
}
