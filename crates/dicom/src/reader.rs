//! A reader of elements (PS3.5 7), one after the other. It compares lengths with the bytes that are
//! there. It enters sequences at most [`MAX_DEPTH`] deep, so that nesting cannot exhaust the stack.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use crate::element::{Element, ITEM, Item, SEQUENCE_END};
use crate::error::{Error, Result};
use crate::layout::Layout;
use crate::limits::MAX_DEPTH;
use crate::vr::LengthForm;

const UNDEFINED: u32 = 0xFFFF_FFFF;

/// Reads elements from bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) at: usize,
    pub(crate) layout: Layout,
    /// The number of further sequences that may lie in each other.
    depth: u32,
    /// The element read last, which errors name where a file is cut short.
    last: Option<Tag>,
    /// The position of the header read last.
    header_at: usize,
    /// The first element with an unknown value representation.
    pub(crate) odd: Option<Tag>,
}

impl<'a> Reader<'a> {
    /// Returns a reader of the elements that begin at `at`, in exactly this layout.
    pub fn new(bytes: &'a [u8], at: usize, layout: Layout) -> Self {
        Self { bytes, at, layout, depth: MAX_DEPTH, last: None, header_at: at, odd: None }
    }

    /// Returns a reader of the data set that begins at `at`, in the layout in which it is found.
    pub fn data_set(bytes: &'a [u8], at: usize, claimed: Layout) -> Self {
        let mut reader = Self::new(bytes, at, claimed);
        reader.layout.order = reader.first_order();
        reader.layout.explicit = reader.is_first_explicit();
        reader
    }

    /// Returns a reader of the items in a sequence's value. Positions count from its first byte.
    pub fn of_items(value: &'a [u8], layout: Layout, sequence: Tag) -> Self {
        let mut reader = Self { last: Some(sequence), ..Self::new(value, 0, layout) };
        reader.layout.order = reader.order_found();
        reader
    }

    /// Returns the position of the next byte.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Returns the layout of the elements.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// Returns the first element with a value representation that the standard does not have.
    pub fn odd_element(&self) -> Option<Tag> {
        self.odd
    }

    /// Tells whether no bytes are left.
    pub fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Returns the bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Reads the header of the next element.
    ///
    /// # Errors
    /// [`Error::CutOff`].
    pub fn element(&mut self) -> Result<Element> {
        let (at, tag, layout) = (self.at, self.tag()?, self.layout);
        let element = Element { tag, vr: None, length: None, at, inside: layout };
        if !layout.explicit || tag.group() == ITEM.group() {
            return Ok(Element { length: self.long_length()?, ..element });
        }
        let [first, second, low, high] = self.array()?;
        let vr = VR::from_binary([first, second]);
        let length = match vr.map_or_else(|| self.length_form_found(tag), LengthForm::of) {
            LengthForm::Short => Some(layout.order.short([low, high]).into()),
            // Two reserved bytes lie between.
            LengthForm::Long => self.long_length()?,
            LengthForm::Implicit => defined(layout.order.long([first, second, low, high])),
        };
        // PS3.5 6.2.2: a sequence that a sender did not know is implicit little endian inside.
        let inside = if vr == Some(VR::UN) { Layout::IMPLICIT } else { layout };
        Ok(Element { vr, length, inside, ..element })
    }

    /// Reads the value of the element whose header was read last. That of a sequence of undefined
    /// length ends with its delimiter.
    ///
    /// # Errors
    /// All but [`Error::NoPrefix`] and [`Error::Inflate`].
    pub fn value(&mut self, element: &Element) -> Result<&'a [u8]> {
        let start = self.at;
        match element.length {
            Some(length) => return self.take(element.tag, length),
            None if element.tag == tags::PIXEL_DATA => while self.fragment()?.is_some() {},
            None => {
                let mut items = self.items(element)?;
                items.step_over_items()?;
                self.resume_behind(&items);
            }
        }
        Ok(&self.bytes[start..self.at])
    }

    /// Returns a reader of the items of a sequence, whose header was read last.
    ///
    /// # Errors
    /// [`Error::Depth`], [`Error::Length`].
    pub fn items(&self, sequence: &Element) -> Result<Self> {
        let deep = Error::Depth { tag: sequence.tag, at: self.at };
        let depth = self.depth.checked_sub(1).ok_or(deep)?;
        let part = self.part(sequence.tag, sequence.length)?;
        let mut items = Self { depth, layout: sequence.inside, ..part };
        items.layout.order = items.order_found();
        Ok(items)
    }

    /// Reads the header of the next item of a sequence.
    ///
    /// # Errors
    /// [`Error::NoItem`], [`Error::CutOff`].
    pub fn item(&mut self) -> Result<Item> {
        match (self.tag()?, self.long_length()?) {
            (SEQUENCE_END, _) => Ok(Item::Ends),
            (ITEM, length) => Ok(Item::Begins(length)),
            (got, _) => Err(Error::NoItem { got, at: self.at }),
        }
    }

    /// Returns a reader of the elements of an item, whose header was read last: of so many bytes,
    /// or of all that follow.
    ///
    /// # Errors
    /// [`Error::Length`].
    pub fn elements(&self, length: Option<usize>) -> Result<Self> {
        let mut elements = self.part(ITEM, length)?;
        elements.layout.explicit = elements.is_explicit(self.layout.explicit);
        Ok(elements)
    }

    /// Steps over the item whose header was read last.
    ///
    /// # Errors
    /// As [`Reader::value`].
    pub fn step_over_item(&mut self, length: Option<usize>) -> Result<()> {
        let Some(length) = length else {
            let mut elements = self.elements(None)?;
            elements.step_over_elements()?;
            self.resume_behind(&elements);
            return Ok(());
        };
        self.take(ITEM, length).map(drop)
    }

    /// Goes on behind what a reader of a part of these bytes has read.
    pub fn resume_behind(&mut self, part: &Self) {
        (self.at, self.last, self.odd) = (part.at, part.last, part.odd);
    }

    fn step_over_items(&mut self) -> Result<()> {
        while let Item::Begins(length) = self.item()? {
            self.step_over_item(length)?;
        }
        Ok(())
    }

    fn step_over_elements(&mut self) -> Result<()> {
        loop {
            let element = self.element()?;
            if element.ends_item() {
                return Ok(());
            }
            self.value(&element)?;
        }
    }

    /// Returns a reader of the next so many bytes alone, or of all that follow.
    fn part(&self, tag: Tag, length: Option<usize>) -> Result<Self> {
        let Some(length) = length else { return Ok(*self) };
        let mut behind = *self;
        behind.take(tag, length)?;
        Ok(Self { bytes: &self.bytes[..behind.at], ..*self })
    }

    /// Takes so many bytes, if they are there.
    pub(crate) fn take(&mut self, tag: Tag, claimed: usize) -> Result<&'a [u8]> {
        let (at, rest) = (self.at, self.rest());
        let header_at = self.header_at;
        let short = Error::Length { tag, header_at, at, got: rest.len(), claimed };
        let value = rest.get(..claimed).ok_or(short)?;
        self.at += value.len();
        Ok(value)
    }

    fn tag(&mut self) -> Result<Tag> {
        self.header_at = self.at;
        let tag = self.layout.order.tag_of(&self.array()?);
        self.last = Some(tag);
        Ok(tag)
    }

    fn long_length(&mut self) -> Result<Option<usize>> {
        self.array().map(|bytes| defined(self.layout.order.long(bytes)))
    }

    fn array(&mut self) -> Result<[u8; 4]> {
        let rest = self.rest();
        let (last, header_at) = (self.last, self.header_at);
        let short = Error::CutOff { last, header_at, at: self.at, got: rest.len() };
        let array = *rest.first_chunk().ok_or(short)?;
        self.at += array.len();
        Ok(array)
    }
}

fn defined(length: u32) -> Option<usize> {
    (length != UNDEFINED).then_some(length as usize)
}
