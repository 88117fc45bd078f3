//! The elements of a DICOM file, found by their lengths (PS3.5 7 and A.4).
//!
//! Values are slices of the file: what a length claims is never allocated, only compared with the
//! bytes that are there. Sequences are stepped over, at most [`MAX_DEPTH`] deep, so that nesting
//! cannot exhaust the stack.

use super::kept::kept;
use super::layout::{Length, length_of};
use super::syntax::{Form, Layout, Order, Vr};
use crate::error::{Error, Result};
use crate::warning::Warnings;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;

/// Bytes before the first element: preamble and `DICM`.
const START: usize = 132;
const UNDEFINED: u32 = 0xFFFF_FFFF;
/// Sequences in sequences; structured reports have about ten.
const MAX_DEPTH: u32 = 64;
/// Fragments of Pixel Data. Each is 24 bytes here, and may be 8 in the file; a film of an hour has
/// 108,000.
const MAX_FRAGMENTS: usize = 1 << 20;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// The bytes of Pixel Data.
pub(super) enum PixelData<'a> {
    /// As they are.
    Native {
        bytes: &'a [u8],
        /// Written as words of 16 bits (OW): in big endian, bytes lie swapped in pairs.
        words: bool,
    },
    /// Compressed frames: the offset table, and the fragments, each with its distance from the
    /// first.
    Encapsulated { offsets: &'a [u8], fragments: Vec<(u64, &'a [u8])> },
}

/// Bytes of a value.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) bytes: &'a [u8],
    /// The value representation that stands in the file.
    pub(super) vr: Option<[u8; 2]>,
    /// How its numbers are written, and the elements in it should it be a sequence.
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
/// It should be explicit little endian, and there once. Some files have it implicit, and some twice:
/// then the first value of an attribute holds.
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

impl<'a> Elements<'a> {
    fn new(order: Order) -> Self {
        Self { values: BTreeMap::new(), pixels: None, order }
    }

    /// Keeps an element, if it is asked for. Of several the last one counts.
    fn add(&mut self, tag: Tag, content: Content<'a>) {
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

/// What an element holds.
enum Content<'a> {
    Value(Value<'a>),
    Pixels(PixelData<'a>),
}

/// What stands before the value of an element.
struct Start {
    tag: Tag,
    vr: Option<[u8; 2]>,
    /// How the elements inside are written, should it be a sequence.
    inside: Layout,
    length: u32,
}

pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) order: Order,
    /// What was read last, to say where a file ends that is cut short.
    last: Option<Tag>,
    /// The first element whose value representation is none.
    pub(super) odd: Option<Tag>,
}

impl<'a> Reader<'a> {
    fn new(bytes: &'a [u8], at: usize, order: Order) -> Self {
        Self { bytes, at, order, last: None, odd: None }
    }

    fn element(&mut self, vr: Vr) -> Result<(Tag, Content<'a>)> {
        let Start { tag, vr, inside, length } = self.start(vr)?;
        if tag == tags::PIXEL_DATA && length == UNDEFINED {
            return Ok((tag, Content::Pixels(self.encapsulated()?)));
        }
        let bytes = self.value(tag, inside, length, MAX_DEPTH)?;
        let value = Value { bytes, vr, inside };
        if tag != tags::PIXEL_DATA {
            return Ok((tag, Content::Value(value)));
        }
        Ok((tag, Content::Pixels(PixelData::Native { bytes, words: value.in_words() })))
    }

    fn start(&mut self, vr: Vr) -> Result<Start> {
        let tag = self.tag()?;
        let order = self.order;
        let inside = Layout { vr, order };
        if vr == Vr::Implicit || tag.group() == ITEM.group() {
            return Ok(Start { tag, vr: None, inside, length: self.long()? });
        }
        let [first, second, low, high] = self.array()?;
        let vr = [first, second];
        // PS3.5 6.2.2: a sequence that a sender did not know is implicit little endian inside.
        let unknown = Layout { vr: Vr::Implicit, order: Order::Little };
        let inside = if vr == *b"UN" { unknown } else { inside };
        let known = length_of(vr);
        let length = match known.unwrap_or_else(|| self.length_found(tag)) {
            Length::Short => order.short([low, high]).into(),
            // Two reserved bytes lie between.
            Length::Long => self.long()?,
            Length::Implicit => order.long([first, second, low, high]),
        };
        Ok(Start { tag, vr: known.map(|_| vr), inside, length })
    }

    /// The bytes of a value; of one of undefined length, a sequence, those up to its end.
    fn value(&mut self, tag: Tag, inside: Layout, length: u32, depth: u32) -> Result<&'a [u8]> {
        if length != UNDEFINED {
            return self.take(tag, length);
        }
        let start = self.at;
        let outside = std::mem::replace(&mut self.order, inside.order);
        self.order = self.order_found();
        self.step_over_sequence(inside.vr, depth)?;
        self.order = outside;
        Ok(&self.bytes[start..self.at])
    }

    /// Whether an item begins here.
    fn begins_item(&self) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(&self.order.tag(ITEM)))
    }

    /// The elements of the item that begins here.
    fn read_item(&mut self, vr: Vr) -> Result<Elements<'a>> {
        self.tag()?;
        let end = match self.long()? {
            UNDEFINED => self.bytes.len(),
            length => self.bytes.len().min(self.at.saturating_add(length as usize)),
        };
        let mut item = Elements::new(self.order);
        let vr = self.vr_found(vr);
        while self.at < end && !self.bytes[self.at..].starts_with(&self.order.tag(ITEM_END)) {
            let (tag, content) = self.element(vr)?;
            item.add(tag, content);
        }
        Ok(item)
    }

    fn step_over_item_of_any_length(&mut self, vr: Vr, depth: u32) -> Result<()> {
        self.tag()?;
        match self.long()? {
            UNDEFINED => self.step_over_item(vr, depth),
            length => self.take(ITEM, length).map(drop),
        }
    }

    fn step_over_sequence(&mut self, vr: Vr, depth: u32) -> Result<()> {
        let Some(depth) = depth.checked_sub(1) else {
            let reason = format!("sequences lie more than {MAX_DEPTH} deep at byte {}", self.at);
            return Err(Error::DicomParse { reason });
        };
        loop {
            match (self.tag()?, self.long()?) {
                (SEQUENCE_END, _) => return Ok(()),
                (ITEM, UNDEFINED) => self.step_over_item(vr, depth)?,
                (ITEM, length) => drop(self.take(ITEM, length)?),
                (tag, _) => return Err(self.unexpected(tag)),
            }
        }
    }

    fn step_over_item(&mut self, vr: Vr, depth: u32) -> Result<()> {
        let vr = self.vr_found(vr);
        loop {
            let Start { tag, inside, length, .. } = self.start(vr)?;
            if tag == ITEM_END {
                return Ok(());
            }
            self.value(tag, inside, length, depth)?;
        }
    }

    /// PS3.5 A.4: an item with the offset table, then one for each fragment. Some writers leave out
    /// the end.
    fn encapsulated(&mut self) -> Result<PixelData<'a>> {
        let (mut offsets, mut fragments) = (None, Vec::new());
        let mut first = self.at;
        while self.at < self.bytes.len() {
            let distance = self.at.saturating_sub(first) as u64;
            match (self.tag()?, self.long()?) {
                (SEQUENCE_END, _) => break,
                (ITEM, length) if offsets.is_none() => {
                    offsets = Some(self.take(tags::PIXEL_DATA, length)?);
                    first = self.at;
                }
                (ITEM, _) if fragments.len() == MAX_FRAGMENTS => {
                    let reason =
                        format!("more than {MAX_FRAGMENTS} fragments in {}", tags::PIXEL_DATA);
                    return Err(Error::DicomParse { reason });
                }
                (ITEM, length) => fragments.push((distance, self.take(tags::PIXEL_DATA, length)?)),
                (tag, _) => return Err(self.unexpected(tag)),
            }
        }
        Ok(PixelData::Encapsulated { offsets: offsets.unwrap_or_default(), fragments })
    }

    fn tag(&mut self) -> Result<Tag> {
        let [g0, g1, e0, e1] = self.array()?;
        let tag = Tag(self.order.short([g0, g1]), self.order.short([e0, e1]));
        self.last = Some(tag);
        Ok(tag)
    }

    fn long(&mut self) -> Result<u32> {
        self.array().map(|bytes| self.order.long(bytes))
    }

    fn array(&mut self) -> Result<[u8; 4]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let got = rest.first_chunk().copied();
        got.inspect(|_| self.at += 4).ok_or_else(|| {
            let last = self.last.map_or("the preamble".to_owned(), |tag| format!("element {tag}"));
            let reason = format!(
                "cut off in or after {last}: got {} bytes at byte {}, expected 4",
                rest.len(),
                self.at
            );
            Error::DicomParse { reason }
        })
    }

    fn take(&mut self, tag: Tag, length: u32) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let value = rest.get(..length as usize).ok_or_else(|| {
            let (at, left) = (self.at, rest.len());
            Error::DicomParse {
                reason: format!(
                    "element {tag} at byte {at}: got {left} bytes, expected the {length} that it claims"
                ),
            }
        })?;
        self.at += value.len();
        Ok(value)
    }

    fn unexpected(&self, tag: Tag) -> Error {
        Error::DicomParse {
            reason: format!("got {tag} before byte {}, expected an item {ITEM}", self.at),
        }
    }
}
