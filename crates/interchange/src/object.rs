//! A DICOM object being made: values fitted to their value representations, and its bytes.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::value::{C, DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};

use crate::error::{Error, Result};

/// Names this software in files (PS3.10 7.1): a UUID as a UID, which nobody has to assign.
const IMPLEMENTATION_CLASS: &str = "2.25.328250898302469460077354813977738023059";
/// The same for people, of at most 16 characters.
const IMPLEMENTATION_VERSION: &str = "SKIAGRAPH_01";
/// Characters of a text of no limit of its own: what a gallery holds may be anything.
const LONGEST: usize = 1024;

/// A data set, or an item of a sequence.
#[derive(Clone, Debug)]
pub(crate) struct Object(InMemDicomObject);

impl Object {
    /// An object without elements.
    pub(crate) fn new() -> Self {
        Self(InMemDicomObject::new_empty())
    }

    /// A reference to an instance (PS3.3 10.8).
    pub(crate) fn reference(sop_class: &str, instance: &str) -> Self {
        Self::new()
            .with(tags::REFERENCED_SOP_CLASS_UID, sop_class)
            .with(tags::REFERENCED_SOP_INSTANCE_UID, instance)
    }

    /// A text, in the representation that the standard gives the element; an empty one is an
    /// element without a value.
    pub(crate) fn with(self, tag: Tag, text: &str) -> Self {
        let vr = representation(tag);
        self.put(tag, vr, one(fit(vr, text)))
    }

    /// A text of the query, which is repeated whole even where it is longer than it should be: a
    /// number that was cut off would be another's.
    pub(crate) fn with_repeated(self, tag: Tag, text: &str) -> Self {
        let vr = representation(tag);
        self.put(tag, vr, one(plain(vr, text)))
    }

    /// Several texts.
    pub(crate) fn with_values(self, tag: Tag, texts: &[&str]) -> Self {
        let vr = representation(tag);
        let texts: C<String> = texts.iter().map(|text| fit(vr, text)).collect();
        self.put(tag, vr, PrimitiveValue::Strs(texts))
    }

    /// Numbers of two bytes.
    pub(crate) fn with_numbers(self, tag: Tag, numbers: &[u16]) -> Self {
        self.put(tag, VR::US, PrimitiveValue::U16(C::from_slice(numbers)))
    }

    /// Coordinates, which may lie between pixels.
    pub(crate) fn with_coordinates(self, tag: Tag, numbers: &[f32]) -> Self {
        self.put(tag, VR::FL, PrimitiveValue::F32(C::from_slice(numbers)))
    }

    /// Corners of an area.
    pub(crate) fn with_corner(self, tag: Tag, [column, row]: [i32; 2]) -> Self {
        self.put(tag, VR::SL, PrimitiveValue::I32(C::from_slice(&[column, row])))
    }

    /// Pixels of a byte a sample.
    pub(crate) fn with_pixels(self, bytes: &[u8]) -> Self {
        let mut bytes = C::from_slice(bytes);
        bytes.resize(bytes.len().next_multiple_of(2), 0);
        self.put(tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes))
    }

    /// A sequence, of no items perhaps.
    pub(crate) fn with_items(mut self, tag: Tag, items: Vec<Self>) -> Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|item| item.0).collect();
        self.0.put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    fn put(mut self, tag: Tag, vr: VR, value: PrimitiveValue) -> Self {
        self.0.put(DataElement::new(tag, vr, value));
        self
    }

    /// The bytes of a file in explicit VR little endian, which every archive takes.
    ///
    /// # Errors
    /// [`Error::Write`], [`Error::FileMeta`].
    pub(crate) fn file(self) -> Result<Vec<u8>> {
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
            .implementation_class_uid(IMPLEMENTATION_CLASS)
            .implementation_version_name(IMPLEMENTATION_VERSION);
        let file = self.0.with_meta(meta).map_err(|error| Error::FileMeta(Box::new(error)))?;
        let mut bytes = Vec::new();
        file.write_all(&mut bytes).map_err(|error| Error::Write(Box::new(error)))?;
        Ok(bytes)
    }
}

fn one(text: String) -> PrimitiveValue {
    if text.is_empty() { PrimitiveValue::Empty } else { PrimitiveValue::from(text) }
}

fn representation(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed())
}

/// A text as a value of this representation may be (PS3.5 6.2), without what does not fit.
fn fit(vr: VR, text: &str) -> String {
    let text = plain(vr, text);
    match vr {
        // Of a name, 64 are for each of its three writings.
        VR::PN => {
            text.split('=').take(3).map(|writing| cut(writing, 64)).collect::<Vec<_>>().join("=")
        }
        VR::SH => cut(&text, 16),
        VR::LO => cut(&text, 64),
        _ => cut(&text, LONGEST),
    }
}

/// A text without control characters, and without the backslash where that divides values.
fn plain(vr: VR, text: &str) -> String {
    let free = matches!(vr, VR::UT | VR::ST | VR::LT);
    let plain = |c: char| {
        if c.is_control() {
            ' '
        } else if c == '\\' && !free {
            '/'
        } else {
            c
        }
    };
    text.trim().chars().map(plain).collect()
}

/// The first characters; where some are missing, the last says so.
fn cut(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_fit_their_representation() {
        assert_eq!(fit(VR::LO, " a\\b\u{1b}$B\r\n "), "a/b $B");
        assert_eq!(fit(VR::UT, "C:\\a"), "C:\\a");
        assert_eq!(fit(VR::LO, &"ß".repeat(65)), "ß".repeat(63) + "…");
        assert_eq!(fit(VR::SH, &"x".repeat(16)), "x".repeat(16));
        let name = format!("{0}={0}={0}={0}", "山".repeat(70));
        assert_eq!(fit(VR::PN, &name).chars().count(), 3 * 64 + 2);
    }

    proptest! {
        #[test]
        fn no_text_breaks_out_of_its_value(text in proptest::collection::vec(any::<char>(), 0..300)) {
            let text = String::from_iter(text);
            for (vr, most) in [(VR::LO, 64), (VR::SH, 16), (VR::UT, LONGEST), (VR::PN, 194)] {
                let fitted = fit(vr, &text);
                prop_assert!(fitted.chars().count() <= most && !fitted.chars().any(char::is_control));
                prop_assert!(vr == VR::UT || !fitted.contains('\\'));
            }
        }
    }
}
