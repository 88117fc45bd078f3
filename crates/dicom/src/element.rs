//! Elements and items, before their values (PS3.5 7.1, 7.5).

use dicom_core::{Tag, VR};

use crate::layout::Layout;

pub(crate) const ITEM: Tag = Tag(0xFFFE, 0xE000);
pub(crate) const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
pub(crate) const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// The header of an element, before its value.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    /// The tag.
    pub tag: Tag,
    /// The value representation that stands in the file; none in implicit VR, or if the standard
    /// has none like it.
    pub vr: Option<VR>,
    /// The length of the value; none if it is undefined.
    pub length: Option<usize>,
    /// The position of the header.
    pub at: usize,
    /// The layout of its numbers, and of the elements inside if it is a sequence.
    pub inside: Layout,
}

impl Element {
    /// Tells whether it only closes an item.
    pub fn ends_item(&self) -> bool {
        self.tag == ITEM_END
    }
}

/// The next part of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// An item, of a length where one is defined.
    Begins(Option<usize>),
    /// The end of a sequence of undefined length.
    Ends,
}
