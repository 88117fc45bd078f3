//! Elements of untrusted bytes, one after the other (PS3.5 7). Values are slices: what a length
//! claims is compared with what is there, and never allocated.

use dicom_core::header::{HasLength, Header};
use dicom_core::{DataElementHeader, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::decode::Decode;
use dicom_encoding::decode::explicit_be::ExplicitVRBigEndianDecoder;
use dicom_encoding::decode::explicit_le::ExplicitVRLittleEndianDecoder;
use dicom_encoding::decode::implicit_le::StandardImplicitVRLittleEndianDecoder;

use crate::error::{Error, Result};

/// Sequences in sequences, at most; structured reports have about ten.
const MAX_DEPTH: u32 = 64;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// The encoding of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Explicit VR, little endian.
    Explicit,
    /// Implicit VR, little endian.
    Implicit,
    /// Explicit VR, big endian (retired).
    Big,
}

impl Form {
    /// A number of two bytes.
    pub(super) fn short(self, bytes: [u8; 2]) -> u16 {
        if self == Self::Big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }
}

/// An element, up to its value.
#[derive(Clone, Copy)]
pub(super) struct Element {
    pub(super) tag: Tag,
    /// The written one, or in implicit VR the dictionary's; UN where neither says.
    pub(super) vr: VR,
    /// The length of the value; none if it is undefined.
    pub(super) length: Option<usize>,
    /// The position of the header.
    pub(super) at: usize,
}

/// The next part of a sequence.
pub(super) enum Item {
    /// An item, of a length where one is defined.
    Begins(Option<usize>),
    /// The end of a sequence of undefined length.
    SequenceEnds,
}

/// The number of further sequences that may lie in each other.
#[derive(Clone, Copy)]
pub(super) struct Depth(u32);

impl Depth {
    /// Nothing lies in anything yet.
    pub(super) const OUTERMOST: Self = Self(MAX_DEPTH);

    /// One deeper, where that is allowed.
    pub(super) fn deeper(self, element: &Element) -> Result<Self> {
        self.0
            .checked_sub(1)
            .map(Self)
            .ok_or_else(|| element.wrong("lies in more than 64 sequences"))
    }
}

impl Element {
    pub(super) fn wrong(&self, problem: &'static str) -> Error {
        Error::Parse { tag: self.tag, at: self.at, problem }
    }

    /// Whether it only closes an item.
    pub(super) fn ends_item(&self) -> bool {
        self.tag == ITEM_END
    }
}

/// Reads elements from bytes.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) form: Form,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize, form: Form) -> Self {
        Self { bytes, at, form }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The bytes that are left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The next element's header.
    pub(super) fn element(&mut self) -> Result<Element> {
        let mut rest = self.rest();
        let decoded = match self.form {
            Form::Explicit => ExplicitVRLittleEndianDecoder::default().decode_header(&mut rest),
            Form::Implicit => {
                StandardImplicitVRLittleEndianDecoder::default().decode_header(&mut rest)
            }
            Form::Big => ExplicitVRBigEndianDecoder::default().decode_header(&mut rest),
        };
        let at = self.at;
        let cut = |_| Error::Parse { tag: Tag(0, 0), at, problem: "is cut short" };
        let (header, length): (DataElementHeader, usize) = decoded.map_err(cut)?;
        self.at += length;
        let length = header.length().get().map(|length| length as usize);
        Ok(Element { tag: header.tag(), vr: header.vr(), length, at })
    }

    /// The next item of a sequence.
    pub(super) fn item(&mut self) -> Result<Item> {
        let element = self.element()?;
        match element.tag {
            ITEM => Ok(Item::Begins(element.length)),
            SEQUENCE_END => Ok(Item::SequenceEnds),
            _ => Err(element.wrong("is where an item was expected")),
        }
    }

    /// A reader of the next so many bytes alone; of all that follow where the length is not
    /// defined.
    pub(super) fn part(&self, of: &Element, length: Option<usize>, form: Form) -> Result<Self> {
        let end = match length {
            None => self.bytes.len(),
            Some(length) => self.end_of(of, length)?,
        };
        Ok(Self { bytes: &self.bytes[..end], at: self.at, form })
    }

    /// The bytes of a value, with the delimiters of one whose length is not defined.
    pub(super) fn value(&mut self, element: &Element, depth: Depth) -> Result<&'a [u8]> {
        let start = self.at;
        match element.length {
            Some(length) => self.at = self.end_of(element, length)?,
            None => self.pass_over_items(element, depth)?,
        }
        Ok(&self.bytes[start..self.at])
    }

    fn end_of(&self, element: &Element, length: usize) -> Result<usize> {
        let end = self.at.checked_add(length).filter(|&end| end <= self.bytes.len());
        end.ok_or_else(|| element.wrong("claims more bytes than are left"))
    }

    fn pass_over_items(&mut self, element: &Element, depth: Depth) -> Result<()> {
        let depth = depth.deeper(element)?;
        let mut inside = self.part(element, None, inside(element, self.form))?;
        // Some writers leave out the end of compressed pixels where the file ends, too.
        while !(element.tag == tags::PIXEL_DATA && inside.is_at_end())
            && let Item::Begins(length) = inside.item()?
        {
            match length {
                Some(length) => inside.at = inside.end_of(element, length)?,
                None => inside.pass_over_elements(depth)?,
            }
        }
        self.at = inside.at;
        Ok(())
    }

    fn pass_over_elements(&mut self, depth: Depth) -> Result<()> {
        loop {
            let element = self.element()?;
            if element.ends_item() {
                return Ok(());
            }
            self.value(&element, depth)?;
        }
    }
}

/// The encoding of a sequence's elements. One that its sender did not know is always in
/// implicit VR, little endian (PS3.5 6.2.2).
pub(super) fn inside(element: &Element, form: Form) -> Form {
    if element.vr == VR::UN { Form::Implicit } else { form }
}
