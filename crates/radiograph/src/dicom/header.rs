//! The elements of a DICOM file, found by their lengths (PS3.5 7 and A.4).
//!
//! Values are slices of the file: what a length claims is never allocated, only compared with the
//! bytes that are there.

use super::kept::kept;
use super::reader::{Content, MAX_DEPTH, Reader};
use super::syntax::{Form, Layout, Order, Vr};
use crate::error::Result;
use crate::warning::Warnings;
use dicom_core::Tag;
use std::collections::BTreeMap;

/// Bytes before the first element: preamble and `DICM`.
const START: usize = 132;

/// The bytes of Pixel Data.
pub(super) enum PixelData<'a> {
    /// Uncompressed pixels.
    Native {
        bytes: &'a [u8],
        /// Written as words of 16 bits (OW): in big endian, bytes lie swapped in pairs.
        words: bool,
    },
    /// Compressed frames: the offset table, and the fragments.
    Encapsulated { offsets: &'a [u8], fragments: Vec<Fragment<'a>> },
}

/// The distance of a fragment from the first one, in bytes, and its value.
pub(super) type Fragment<'a> = (u64, &'a [u8]);

/// Bytes of a value.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) bytes: &'a [u8],
    /// The value representation that stands in the file.
    pub(super) vr: Option<[u8; 2]>,
    /// The layout of its numbers, and of the elements inside if it is a sequence.
    pub(super) inside: Layout,
}

impl Value<'_> {
    /// Whether it is written as words of 16 bits: in big endian, bytes lie swapped in pairs.
    pub(super) fn in_words(&self) -> bool {
        !matches!(self.vr.as_ref(), Some(b"OB" | b"UN"))
    }
}

/// Values of a file, or of an item of a sequence, by their tags, and the picture.
pub(super) struct Elements<'a> {
    pub(super) values: BTreeMap<Tag, Value<'a>>,
    pub(super) pixels: Option<PixelData<'a>>,
    pub(super) order: Order,
}

/// Reads the file meta group; also gives where the data set begins.
///
/// It should be explicit little endian, and there once. Some files have it implicit, and some
/// twice: then the first value of an attribute holds.
///
/// # Errors
/// [`Error::DicomParse`] with the position of what is cut off.
pub(super) fn meta<'a>(bytes: &'a [u8], warnings: &mut Warnings) -> Result<(Elements<'a>, usize)> {
    let mut reader = Reader::new(bytes, START, Order::Little);
    let mut elements = Elements::new(Order::Little);
    // The group ends where another begins; the group length in its first element is often wrong.
    while bytes.get(reader.at..reader.at + 2) == Some(&[2, 0]) {
        let vr = reader.vr_found(Vr::Implicit);
        if vr == Vr::Implicit {
            let got = "without value representations";
            warnings.add("the file meta group", got, "explicit ones", "it was read as it is");
        }
        let (tag, content) = reader.element(vr)?;
        if elements.values.contains_key(&tag) {
            warnings.add("the file meta group", "there twice", "one", "the first one was read");
        } else {
            elements.add(tag, content);
        }
    }
    Ok((elements, reader.at))
}

/// Reads the data set that begins at `at`.
///
/// # Errors
/// [`Error::DicomParse`] with the position of what is cut off or makes no sense.
pub(super) fn data_set<'a>(
    bytes: &'a [u8],
    at: usize,
    form: Form,
    warnings: &mut Warnings,
) -> Result<Elements<'a>> {
    let mut reader = Reader::new(bytes, at, form.layout.order);
    reader.order = reader.first_order();
    if reader.order != form.layout.order {
        let expected = "that of TransferSyntaxUID";
        warnings.add("the data set", "of another byte order", expected, "it was read as it is");
    }
    let vr = reader.first_vr(form.layout.vr);
    let mut elements = Elements::new(reader.order);
    // Nothing after the picture matters: padding, signatures.
    while reader.at < bytes.len() && elements.pixels.is_none() {
        let (tag, content) = reader.element(vr)?;
        elements.add(tag, content);
    }
    if let Some(tag) = reader.odd {
        let got = format!("none of the standard's at element {tag}");
        let expected = "two capital letters";
        warnings.add("a value representation", got, expected, "the length fits what follows");
    }
    Ok(elements)
}

/// The fragments that are written into a value of stated length, if it holds these and nothing
/// else.
pub(super) fn fragments(bytes: &[u8], order: Order) -> Option<(&[u8], Vec<Fragment<'_>>)> {
    let mut reader = Reader::new(bytes, 0, order);
    let Ok(PixelData::Encapsulated { offsets, fragments }) = reader.encapsulated() else {
        return None;
    };
    let whole = bytes[reader.at..].iter().all(|&byte| byte == 0);
    (whole && !fragments.is_empty()).then_some((offsets, fragments))
}

impl<'a> Elements<'a> {
    pub(super) fn new(order: Order) -> Self {
        Self { values: BTreeMap::new(), pixels: None, order }
    }

    /// Keeps an element, if it is asked for. Of several the last one counts.
    pub(super) fn add(&mut self, tag: Tag, content: Content<'a>) {
        match content {
            Content::Pixels(pixels) => self.pixels = Some(pixels),
            Content::Value(value) if kept(tag) => drop(self.values.insert(tag, value)),
            Content::Value(_) => {}
        }
    }

    /// The first item of a sequence, if there is one.
    ///
    /// # Errors
    /// [`Error::DicomParse`]; positions count from the sequence's first byte.
    pub(super) fn first_item(&self, sequence: Tag) -> Result<Option<Elements<'a>>> {
        self.item(sequence, 0)
    }

    /// An item of a sequence, the first of which is 0, if there are so many.
    ///
    /// # Errors
    /// As [`Elements::first_item`].
    pub(super) fn item(&self, sequence: Tag, index: u32) -> Result<Option<Elements<'a>>> {
        let Some(&Value { bytes, inside, .. }) = self.values.get(&sequence) else {
            return Ok(None);
        };
        let mut reader = Reader::new(bytes, 0, inside.order);
        reader.last = Some(sequence);
        reader.order = reader.order_found();
        for _ in 0..index {
            if !reader.begins_item() {
                return Ok(None);
            }
            reader.step_over_item_of_any_length(inside.vr, MAX_DEPTH)?;
        }
        if reader.begins_item() { reader.read_item(inside.vr).map(Some) } else { Ok(None) }
    }
}
