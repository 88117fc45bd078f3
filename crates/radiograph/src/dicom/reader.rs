//! A reader of elements (PS3.5 7 and A.4). It compares lengths with the bytes that are there, and
//! steps over sequences at most [`MAX_DEPTH`] deep, so that nesting cannot exhaust the stack.

use super::header::{Elements, PixelData, Value};
use super::layout::{Length, length_of};
use super::syntax::{Layout, Order, Vr};
use crate::error::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;

const UNDEFINED: u32 = 0xFFFF_FFFF;
/// Sequences in sequences; structured reports have about ten.
pub(super) const MAX_DEPTH: u32 = 64;
/// Fragments of Pixel Data. Each is 24 bytes here, and may be 8 in the file; a film of an hour has
/// 108,000.
const MAX_FRAGMENTS: usize = 1 << 20;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// The content of an element.
pub(super) enum Content<'a> {
    Value(Value<'a>),
    Pixels(PixelData<'a>),
}

/// The header of an element, before its value.
struct Start {
    tag: Tag,
    vr: Option<[u8; 2]>,
    /// The layout of the elements inside, if it is a sequence.
    inside: Layout,
    length: u32,
}

pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) order: Order,
    /// The element read last, which errors name where a file is cut short.
    pub(super) last: Option<Tag>,
    /// The first element with an unknown value representation.
    pub(super) odd: Option<Tag>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, order: Order) -> Self {
        Self { bytes, at, order, last: None, odd: None }
    }

    pub(super) fn element(&mut self, vr: Vr) -> Result<(Tag, Content<'a>)> {
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
    pub(super) fn begins_item(&self) -> bool {
        self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(&self.order.tag(ITEM)))
    }

    /// The elements of the item that begins here.
    pub(super) fn read_item(&mut self, vr: Vr) -> Result<Elements<'a>> {
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

    pub(super) fn step_over_item_of_any_length(&mut self, vr: Vr, depth: u32) -> Result<()> {
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
    pub(super) fn encapsulated(&mut self) -> Result<PixelData<'a>> {
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
