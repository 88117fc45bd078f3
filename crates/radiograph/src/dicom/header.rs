//! The elements of a DICOM file, found by their lengths (PS3.5 7 and A.4).
//!
//! Values are slices of the file: what a length claims is never allocated, only compared with the
//! bytes that are there. Sequences are stepped over, at most [`MAX_DEPTH`] deep, so that nesting
//! cannot exhaust the stack.

use super::kept::kept;
use super::syntax::{Form, Order, Vr};
use crate::error::{Error, Result};
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

/// Bytes of a value, and the form of the elements in it should it be a sequence.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) bytes: &'a [u8],
    inside: Vr,
}

/// Values of a file, or of an item of a sequence, by their tags, and the picture.
pub(super) struct Elements<'a> {
    pub(super) values: BTreeMap<Tag, Value<'a>>,
    pub(super) pixels: Option<PixelData<'a>>,
    pub(super) order: Order,
}

/// Reads the file meta group, always explicit little endian; also gives where the data set begins.
///
/// # Errors
/// [`Error::DicomParse`] with the position of what is cut off.
pub(super) fn meta(bytes: &[u8]) -> Result<(Elements<'_>, usize)> {
    let mut reader = Reader { bytes, at: START, order: Order::Little, last: None };
    let mut elements = Elements::new(Order::Little);
    // The group ends where another begins; the group length in its first element is often wrong.
    while bytes.get(reader.at..reader.at + 2) == Some(&[2, 0]) {
        reader.keep_element(Vr::Explicit, &mut elements)?;
    }
    Ok((elements, reader.at))
}

/// Reads the data set that begins at `at`.
///
/// # Errors
/// [`Error::DicomParse`] with the position of what is cut off or makes no sense.
pub(super) fn data_set(bytes: &[u8], at: usize, form: Form) -> Result<Elements<'_>> {
    let mut reader = Reader { bytes, at, order: form.order, last: None };
    let mut elements = Elements::new(form.order);
    let vr = vr_found(bytes, at).unwrap_or(form.vr);
    // Nothing after the picture matters: padding, signatures.
    while reader.at < bytes.len() && elements.pixels.is_none() {
        reader.keep_element(vr, &mut elements)?;
    }
    Ok(elements)
}

/// The fragments that are written into a value of stated length, if it holds these and nothing
/// else.
pub(super) fn fragments(bytes: &[u8], order: Order) -> Option<(&[u8], Vec<(u64, &[u8])>)> {
    let mut reader = Reader { bytes, at: 0, order, last: Some(tags::PIXEL_DATA) };
    let Ok(PixelData::Encapsulated { offsets, fragments }) = reader.encapsulated() else {
        return None;
    };
    let whole = bytes[reader.at..].iter().all(|&byte| byte == 0);
    (whole && !fragments.is_empty()).then_some((offsets, fragments))
}

/// Some files are not written as their transfer syntax says: whether a value representation follows
/// the first tag tells. A length that looks like one would be above 16,000, of an element that
/// comes first.
fn vr_found(bytes: &[u8], at: usize) -> Option<Vr> {
    let vr = bytes.get(at + 4..at + 6)?;
    Some(if vr.iter().all(u8::is_ascii_uppercase) { Vr::Explicit } else { Vr::Implicit })
}

impl<'a> Elements<'a> {
    fn new(order: Order) -> Self {
        Self { values: BTreeMap::new(), pixels: None, order }
    }

    /// The first item of a sequence, if there is one.
    ///
    /// # Errors
    /// [`Error::DicomParse`]; positions count from the sequence's first byte.
    pub(super) fn first_item(&self, sequence: Tag) -> Result<Option<Elements<'a>>> {
        let Some(&Value { bytes, inside }) = self.values.get(&sequence) else { return Ok(None) };
        let mut reader = Reader { bytes, at: 0, order: self.order, last: Some(sequence) };
        if bytes.is_empty() || reader.tag()? != ITEM {
            return Ok(None);
        }
        let end = match reader.long()? {
            UNDEFINED => bytes.len(),
            length => bytes.len().min(reader.at.saturating_add(length as usize)),
        };
        let mut item = Elements::new(self.order);
        while reader.at < end && !bytes[reader.at..].starts_with(&self.order.tag(ITEM_END)) {
            reader.keep_element(inside, &mut item)?;
        }
        Ok(Some(item))
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    order: Order,
    /// What was read last, to say where a file ends that is cut short.
    last: Option<Tag>,
}

impl<'a> Reader<'a> {
    fn keep_element(&mut self, vr: Vr, elements: &mut Elements<'a>) -> Result<()> {
        let words = vr == Vr::Implicit || self.bytes.get(self.at + 4..self.at + 6) == Some(b"OW");
        let (tag, inside, length) = self.element_header(vr)?;
        if tag == tags::PIXEL_DATA && length == UNDEFINED {
            elements.pixels = Some(self.encapsulated()?);
            return Ok(());
        }
        let bytes = self.value(tag, inside, length, MAX_DEPTH)?;
        if tag == tags::PIXEL_DATA {
            elements.pixels = Some(PixelData::Native { bytes, words });
        } else if kept(tag) {
            elements.values.insert(tag, Value { bytes, inside });
        }
        Ok(())
    }

    /// Tag, form of the elements inside should it be a sequence, and length.
    fn element_header(&mut self, vr: Vr) -> Result<(Tag, Vr, u32)> {
        let tag = self.tag()?;
        if vr == Vr::Implicit || tag.group() == ITEM.group() {
            return Ok((tag, vr, self.long()?));
        }
        let [first, second, low, high] = self.array()?;
        match &[first, second] {
            // PS3.5 7.1.2: these have a length of two bytes, all others two reserved bytes and then
            // four.
            b"AE" | b"AS" | b"AT" | b"CS" | b"DA" | b"DS" | b"DT" | b"FL" | b"FD" | b"IS"
            | b"LO" | b"LT" | b"PN" | b"SH" | b"SL" | b"SS" | b"ST" | b"TM" | b"UI" | b"UL"
            | b"US" => Ok((tag, vr, self.order.short([low, high]).into())),
            // PS3.5 6.2.2: a sequence that a sender did not know is implicit inside.
            b"UN" => Ok((tag, Vr::Implicit, self.long()?)),
            _ => Ok((tag, vr, self.long()?)),
        }
    }

    /// The bytes of a value; of one of undefined length, a sequence, those up to its end.
    fn value(&mut self, tag: Tag, inside: Vr, length: u32, depth: u32) -> Result<&'a [u8]> {
        if length != UNDEFINED {
            return self.take(tag, length);
        }
        let start = self.at;
        self.step_over_sequence(inside, depth)?;
        Ok(&self.bytes[start..self.at])
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
        loop {
            let (tag, inside, length) = self.element_header(vr)?;
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
