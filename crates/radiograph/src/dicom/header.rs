//! The elements of a DICOM file that are asked for, and its picture.

use super::wanted_tags::is_wanted;
use crate::error::Result;
use crate::warning::Warnings;
use dicom::{Element, FileMeta, Fragments, Item, Layout, Order, Reader};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;

/// The bytes of Pixel Data.
pub(super) enum PixelData<'a> {
    /// Uncompressed pixels.
    Native {
        bytes: &'a [u8],
        /// Written as words of 16 bits (OW): in big endian, bytes lie swapped in pairs.
        words: bool,
    },
    /// Compressed frames.
    Encapsulated(Fragments<'a>),
}

/// Bytes of a value.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) bytes: &'a [u8],
    /// The value representation that stands in the file.
    pub(super) vr: Option<VR>,
    /// The layout of its numbers, and of the elements inside if it is a sequence.
    pub(super) inside: Layout,
}

impl Value<'_> {
    /// Whether it is written as words of 16 bits: in big endian, bytes lie swapped in pairs.
    pub(super) fn in_words(&self) -> bool {
        !matches!(self.vr, Some(VR::OB | VR::UN))
    }
}

/// Values of a file, or of an item of a sequence, by their tags, and the picture.
pub(super) struct Elements<'a> {
    pub(super) values: BTreeMap<Tag, Value<'a>>,
    pub(super) pixels: Option<PixelData<'a>>,
    pub(super) order: Order,
}

/// Reads the file meta group. Some files have it implicit, and some twice.
///
/// # Errors
/// [`Error::DicomParse`] with the position of what is cut off.
pub(super) fn meta(bytes: &[u8], warnings: &mut Warnings) -> Result<FileMeta> {
    let meta = FileMeta::read(bytes)?;
    if meta.is_implicit {
        let got = "without value representations";
        warnings.add("the file meta group", got, "explicit ones", "it was read as it is");
    }
    if meta.is_repeated {
        warnings.add("the file meta group", "there twice", "one", "the first one was read");
    }
    Ok(meta)
}

/// Reads the data set that begins at `at`.
///
/// # Errors
/// [`Error::DicomParse`] with the position of what is cut off or makes no sense.
pub(super) fn data_set<'a>(
    bytes: &'a [u8],
    at: usize,
    claimed: Layout,
    warnings: &mut Warnings,
) -> Result<Elements<'a>> {
    let mut reader = Reader::data_set(bytes, at, claimed);
    if reader.layout().order != claimed.order {
        let expected = "that of TransferSyntaxUID";
        warnings.add("the data set", "of another byte order", expected, "it was read as it is");
    }
    let mut elements = Elements::new(reader.layout().order);
    // Nothing after the picture matters: padding, signatures.
    while !reader.is_at_end() && elements.pixels.is_none() {
        let element = reader.element()?;
        elements.read(&mut reader, &element)?;
    }
    if let Some(tag) = reader.odd_element() {
        let got = format!("none of the standard's at element {tag}");
        let expected = "two capital letters";
        warnings.add("a value representation", got, expected, "the length fits what follows");
    }
    Ok(elements)
}

/// The fragments that are written into a value of stated length, if it holds these and nothing
/// else.
pub(super) fn fragments(bytes: &[u8], order: Order) -> Option<Fragments<'_>> {
    let mut reader = Reader::new(bytes, 0, Layout { order, ..Layout::EXPLICIT });
    let found = reader.fragments().ok()?;
    let whole = reader.rest().iter().all(|&byte| byte == 0);
    (whole && !found.fragments.is_empty()).then_some(found)
}

impl<'a> Elements<'a> {
    pub(super) fn new(order: Order) -> Self {
        Self { values: BTreeMap::new(), pixels: None, order }
    }

    /// Reads an element's value, and keeps it if it is asked for. Of several the last one counts.
    fn read(&mut self, reader: &mut Reader<'a>, element: &Element) -> Result<()> {
        if element.tag == tags::PIXEL_DATA && element.length.is_none() {
            self.pixels = Some(PixelData::Encapsulated(reader.fragments()?));
            return Ok(());
        }
        let bytes = reader.value(element)?;
        let value = Value { bytes, vr: element.vr, inside: element.inside };
        match element.tag {
            tags::PIXEL_DATA => {
                self.pixels = Some(PixelData::Native { bytes, words: value.in_words() });
            }
            tag if is_wanted(tag) => drop(self.values.insert(tag, value)),
            _ => {}
        }
        Ok(())
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
        let mut reader = Reader::of_items(bytes, inside, sequence);
        for _ in 0..index {
            let Some(length) = begin_item(&mut reader) else { return Ok(None) };
            reader.step_over_item(length)?;
        }
        begin_item(&mut reader).map(|length| Self::of_item(&reader, length)).transpose()
    }

    /// The elements of the item whose header was read last. Some items claim more than their
    /// sequence has.
    fn of_item(reader: &Reader<'a>, length: Option<usize>) -> Result<Self> {
        let end = length.map_or(usize::MAX, |length| reader.position().saturating_add(length));
        let mut reader = reader.elements(None)?;
        let mut item = Elements::new(reader.layout().order);
        while !reader.is_at_end() && reader.position() < end {
            let element = reader.element()?;
            if element.ends_item() {
                break;
            }
            item.read(&mut reader, &element)?;
        }
        Ok(item)
    }
}

/// Reads the header of the next item, which may have a length; none if there is no further item.
fn begin_item(reader: &mut Reader) -> Option<Option<usize>> {
    match reader.item() {
        Ok(Item::Begins(length)) => Some(length),
        Ok(Item::Ends) | Err(_) => None,
    }
}
