//! Fragments of encapsulated Pixel Data (PS3.5 A.4).

use dicom_dictionary_std::tags;

use crate::element::Item;
use crate::error::{Error, Result};
use crate::limits::MAX_FRAGMENTS;
use crate::reader::Reader;

/// The distance of a fragment from the first one, in bytes, and its value.
pub type Fragment<'a> = (u64, &'a [u8]);

/// The offset table of encapsulated Pixel Data, and its fragments.
#[derive(Clone, Debug, Default)]
pub struct Fragments<'a> {
    /// The value of the first item, which may be empty.
    pub offsets: &'a [u8],
    /// The other items.
    pub fragments: Vec<Fragment<'a>>,
}

impl<'a> Reader<'a> {
    /// Reads the items of encapsulated Pixel Data: one with the offset table, then one for each
    /// fragment.
    ///
    /// # Errors
    /// As [`Reader::fragment`], and [`Error::TooManyFragments`].
    pub fn fragments(&mut self) -> Result<Fragments<'a>> {
        let Some(offsets) = self.fragment()? else { return Ok(Fragments::default()) };
        let (first, mut fragments) = (self.position(), Vec::new());
        loop {
            let distance = (self.position() - first) as u64;
            let Some(fragment) = self.fragment()? else {
                return Ok(Fragments { offsets, fragments });
            };
            if fragments.len() == MAX_FRAGMENTS {
                return Err(Error::TooManyFragments { tag: tags::PIXEL_DATA, at: self.position() });
            }
            fragments.push((distance, fragment));
        }
    }

    /// Reads the next item of encapsulated Pixel Data; none at the end. Some writers leave out the
    /// delimiter at the end.
    ///
    /// # Errors
    /// [`Error::NoItem`], [`Error::Length`], [`Error::CutOff`].
    pub fn fragment(&mut self) -> Result<Option<&'a [u8]>> {
        if self.is_at_end() {
            return Ok(None);
        }
        match self.item()? {
            Item::Ends => Ok(None),
            // A fragment has a length.
            Item::Begins(length) => {
                self.take(tags::PIXEL_DATA, length.unwrap_or(u32::MAX as usize)).map(Some)
            }
        }
    }
}
