//! The elements of a DICOM file, found by their lengths (PS3.5 7 and A.4).
//!
//! Values are slices of the file: what a length claims is never allocated, only compared with the bytes that are
//! there. Sequences are stepped over, at most [`MAX_DEPTH`] deep, so that nesting cannot exhaust the stack.

use crate::error::{Error, Result};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;

/// Bytes before the first element: preamble and `DICM`.
const START: usize = 132;
const UNDEFINED: u32 = 0xFFFF_FFFF;
/// Sequences in sequences; structured reports have about ten.
const MAX_DEPTH: u32 = 64;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// What is kept of the elements: all that this crate asks for, and no more than that, however many there are.
const KEPT: [Tag; 22] = [
    tags::SPECIFIC_CHARACTER_SET,
    tags::SOP_INSTANCE_UID,
    tags::MODALITY,
    tags::PATIENT_ID,
    tags::BODY_PART_EXAMINED,
    tags::VIEW_POSITION,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::ROWS,
    tags::COLUMNS,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::WINDOW_CENTER,
    tags::WINDOW_WIDTH,
    tags::VOILUT_FUNCTION,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::MODALITY_LUT_SEQUENCE,
    tags::MEDIA_STORAGE_SOP_INSTANCE_UID,
    tags::TRANSFER_SYNTAX_UID,
];

/// The bytes of Pixel Data.
pub(super) enum PixelData<'a> {
    /// As they are.
    Native(&'a [u8]),
    /// Fragments of compressed frames, without the offset table.
    Encapsulated(Vec<&'a [u8]>),
}

/// Values of a file by their tags, and its picture.
pub(super) struct Elements<'a> {
    pub(super) values: BTreeMap<Tag, &'a [u8]>,
    pub(super) pixels: Option<PixelData<'a>>,
}

/// How the lengths of elements are written.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Vr {
    /// Value representations stand in the file.
    Explicit,
    /// They follow from the tags.
    Implicit,
}

/// Reads the file meta group, and after it the data set in the form that `form` says for the values of that group.
///
/// # Errors
/// [`Error::DicomParse`] with the position of what is cut off, or what `form` gives.
pub(super) fn read<'a>(
    bytes: &'a [u8],
    form: impl FnOnce(&Elements<'a>) -> Result<Vr>,
) -> Result<Elements<'a>> {
    let mut reader = Reader { bytes, at: START };
    let mut elements = Elements { values: BTreeMap::new(), pixels: None };
    // The meta group ends where another group begins; the group length in its first element is often wrong.
    while bytes.get(reader.at..reader.at + 2) == Some(&[2, 0]) {
        reader.keep_element(Vr::Explicit, &mut elements)?;
    }
    let vr = form(&elements)?;
    // Nothing after the picture matters: padding, signatures.
    while reader.at < bytes.len() && elements.pixels.is_none() {
        reader.keep_element(vr, &mut elements)?;
    }
    Ok(elements)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn keep_element(&mut self, vr: Vr, elements: &mut Elements<'a>) -> Result<()> {
        let (tag, inside, length) = self.element_header(vr)?;
        if tag == tags::PIXEL_DATA && length == UNDEFINED {
            elements.pixels = Some(PixelData::Encapsulated(self.fragments()?));
            return Ok(());
        }
        let value = self.value(tag, inside, length, MAX_DEPTH)?;
        if tag == tags::PIXEL_DATA {
            elements.pixels = Some(PixelData::Native(value));
        } else if KEPT.contains(&tag) {
            elements.values.insert(tag, value);
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
            // PS3.5 7.1.2: these have a length of two bytes, all others two reserved bytes and then four.
            b"AE" | b"AS" | b"AT" | b"CS" | b"DA" | b"DS" | b"DT" | b"FL" | b"FD" | b"IS" | b"LO" | b"LT"
            | b"PN" | b"SH" | b"SL" | b"SS" | b"ST" | b"TM" | b"UI" | b"UL" | b"US" => {
                Ok((tag, vr, u16::from_le_bytes([low, high]).into()))
            }
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

    /// PS3.5 A.4: an item with the offset table, then one for each fragment. Some writers leave out the end.
    fn fragments(&mut self) -> Result<Vec<&'a [u8]>> {
        let mut fragments = Vec::new();
        while self.at < self.bytes.len() {
            match (self.tag()?, self.long()?) {
                (SEQUENCE_END, _) => break,
                (ITEM, length) => fragments.push(self.take(ITEM, length)?),
                (tag, _) => return Err(self.unexpected(tag)),
            }
        }
        Ok(fragments.split_off(fragments.len().min(1)))
    }

    fn tag(&mut self) -> Result<Tag> {
        let [g0, g1, e0, e1] = self.array()?;
        Ok(Tag(u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1])))
    }

    fn long(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn array(&mut self) -> Result<[u8; 4]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let got = rest.first_chunk().copied();
        self.at += 4;
        got.ok_or_else(|| Error::DicomParse {
            reason: format!("ends inside an element at byte {}", self.at - 4),
        })
    }

    fn take(&mut self, tag: Tag, length: u32) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let value = rest.get(..length as usize).ok_or_else(|| {
            let (at, left) = (self.at, rest.len());
            Error::DicomParse {
                reason: format!("element {tag} at byte {at} claims {length} bytes, {left} are left"),
            }
        })?;
        self.at += value.len();
        Ok(value)
    }

    fn unexpected(&self, tag: Tag) -> Error {
        Error::DicomParse { reason: format!("{tag} before byte {} where an item was expected", self.at) }
    }
}
