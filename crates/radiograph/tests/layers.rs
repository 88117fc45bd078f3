//! Layers over and around a picture: overlays, shutters, padding, a presentation table. Also
//! pictures of one bit.
#![expect(clippy::unwrap_used, reason = "tests")]

use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use radiograph::{Limits, Options, Radiograph, decode_with};

/// A picture of 4 columns and 2 rows, of 12 bits in words, with `extra`; shown from 0 to 700.
fn picture(words: [u16; 8], extra: Vec<DataElement<InMemDicomObject>>) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let short = |tag, value: u16| DataElement::new(tag, VR::US, dicom_value!(U16, [value]));
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    for element in [
        text(tags::SOP_CLASS_UID, VR::UI, uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4"),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        short(tags::SAMPLES_PER_PIXEL, 1),
        short(tags::ROWS, 2),
        short(tags::COLUMNS, 4),
        short(tags::BITS_ALLOCATED, 16),
        short(tags::BITS_STORED, 12),
        short(tags::HIGH_BIT, 11),
        short(tags::PIXEL_REPRESENTATION, 0),
        text(tags::WINDOW_CENTER, VR::DS, "350"),
        text(tags::WINDOW_WIDTH, VR::DS, "700"),
        text(tags::VOILUT_FUNCTION, VR::CS, "LINEAR_EXACT"),
    ] {
        object.put(element);
    }
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words[..].into())));
    extra.into_iter().for_each(|element| drop(object.put(element)));
    object
}

fn decoded(object: InMemDicomObject, options: Options) -> Radiograph {
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    decode_with(&bytes, &Limits::default(), &options).unwrap()
}

/// Grey as sevenths.
fn sevenths(picture: &Radiograph) -> Vec<i32> {
    picture.pixels().iter().map(|grey| (grey * 7.0).round() as i32).collect()
}

fn element(tag: Tag, vr: VR, value: impl Into<PrimitiveValue>) -> DataElement<InMemDicomObject> {
    DataElement::new(tag, vr, value.into())
}

const RAMP: [u16; 8] = [0, 100, 200, 300, 400, 500, 600, 700];

#[test]
fn overlays_are_drawn_on_request_only() {
    // Two rows of three columns, of which the second and the last pixel are drawn; the origin is
    // row 1, column 2.
    let overlay = vec![
        element(Tag(0x6000, 0x0010), VR::US, dicom_value!(U16, [2])),
        element(Tag(0x6000, 0x0011), VR::US, dicom_value!(U16, [3])),
        element(Tag(0x6000, 0x0050), VR::SS, dicom_value!(I16, [1, 2])),
        element(Tag(0x6000, 0x0100), VR::US, dicom_value!(U16, [1])),
        element(Tag(0x6000, 0x3000), VR::OW, dicom_value!(U16, [0b10_0010])),
    ];
    let drawn = Options { overlays: true, ..Options::default() };
    assert_eq!(
        sevenths(&decoded(picture(RAMP, overlay.clone()), Options::default())),
        [0, 1, 2, 3, 4, 5, 6, 7]
    );
    assert_eq!(sevenths(&decoded(picture(RAMP, overlay), drawn)), [0, 1, 7, 3, 4, 5, 6, 7]);
    // In the thirteenth bit of the words, which is none of those stored.
    let embedded = vec![
        element(Tag(0x6002, 0x0010), VR::US, dicom_value!(U16, [2])),
        element(Tag(0x6002, 0x0011), VR::US, dicom_value!(U16, [4])),
        element(Tag(0x6002, 0x0102), VR::US, dicom_value!(U16, [12])),
    ];
    let mut words = RAMP;
    words[1] |= 1 << 12;
    assert_eq!(
        sevenths(&decoded(picture(words, embedded.clone()), Options::default())),
        [0, 1, 2, 3, 4, 5, 6, 7]
    );
    assert_eq!(sevenths(&decoded(picture(words, embedded), drawn)), [0, 7, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn what_a_shutter_hides_and_what_pads_is_black_even_where_low_is_white() {
    let shutter = vec![
        element(tags::SHUTTER_SHAPE, VR::CS, "RECTANGULAR"),
        element(tags::SHUTTER_LEFT_VERTICAL_EDGE, VR::IS, "2"),
        element(tags::SHUTTER_RIGHT_VERTICAL_EDGE, VR::IS, "3"),
        element(tags::SHUTTER_UPPER_HORIZONTAL_EDGE, VR::IS, "1"),
        element(tags::SHUTTER_LOWER_HORIZONTAL_EDGE, VR::IS, "2"),
    ];
    assert_eq!(
        sevenths(&decoded(picture(RAMP, shutter), Options::default())),
        [0, 1, 2, 0, 0, 5, 6, 0]
    );
    let padded = vec![
        element(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME1"),
        element(tags::PIXEL_PADDING_VALUE, VR::US, dicom_value!(U16, [0])),
        element(tags::PIXEL_PADDING_RANGE_LIMIT, VR::US, dicom_value!(U16, [100])),
    ];
    assert_eq!(
        sevenths(&decoded(picture(RAMP, padded), Options::default())),
        [0, 0, 5, 4, 3, 2, 1, 0]
    );
}

#[test]
fn a_presentation_table_comes_last() {
    let mut item = InMemDicomObject::new_empty();
    item.put(element(tags::LUT_DESCRIPTOR, VR::US, dicom_value!(U16, [2, 0, 10])));
    item.put(element(tags::LUT_DATA, VR::OW, dicom_value!(U16, [1023, 0])));
    let table = DataElement::new(
        tags::PRESENTATION_LUT_SEQUENCE,
        VR::SQ,
        DataSetSequence::from(vec![item]),
    );
    let picture =
        decoded(picture([0, 0, 0, 0, 700, 700, 700, 700], vec![table]), Options::default());
    assert_eq!(sevenths(&picture), [7, 7, 7, 7, 0, 0, 0, 0]);
}

#[test]
fn pictures_of_one_bit_begin_with_the_lowest() {
    let one_bit = vec![
        element(tags::BITS_ALLOCATED, VR::US, dicom_value!(U16, [1])),
        element(tags::BITS_STORED, VR::US, dicom_value!(U16, [1])),
        element(tags::HIGH_BIT, VR::US, dicom_value!(U16, [0])),
        element(tags::WINDOW_WIDTH, VR::DS, "1"),
        element(tags::WINDOW_CENTER, VR::DS, "0.5"),
        element(tags::PIXEL_DATA, VR::OB, dicom_value!(U8, [0b1000_0110, 0])),
    ];
    assert_eq!(
        sevenths(&decoded(picture(RAMP, one_bit), Options::default())),
        [0, 7, 7, 0, 0, 0, 0, 7]
    );
}
