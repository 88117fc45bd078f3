//! The texts of a DICOM file's elements, for programs that write another object about it.

use super::File;
use super::header::{self, Elements};
use crate::error::Result;
use crate::limits::Limits;
use crate::warning::Warnings;
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::collections::BTreeMap;

/// Lookup tables, of which it is said whether they are there.
const TABLES: [Tag; 3] =
    [tags::MODALITY_LUT_SEQUENCE, tags::VOILUT_SEQUENCE, tags::PRESENTATION_LUT_SEQUENCE];

/// The texts of some elements of a DICOM file, in Unicode and without padding. Of these, those that
/// are empty or not there are left out, and so is whatever this crate does not keep: numbers,
/// private elements, sequences but for those of lookup tables, whose text is empty. Values of
/// several parts have a backslash between them. A text has U+FFFD for what is not of its character
/// set, and is nothing else if it is longer than 1024 bytes. They may be patient data.
///
/// # Errors
/// [`Error::DicomParse`](crate::Error::DicomParse) if the bytes are no DICOM file; else as
/// [`decode`](crate::decode), of all but the pixels.
pub fn texts(bytes: &[u8], limits: &Limits, wanted: &[Tag]) -> Result<BTreeMap<Tag, String>> {
    limits.check_bytes(bytes.len() as u64)?;
    // Whoever reads the picture hears of them.
    let mut warnings = Warnings::default();
    let meta = header::meta(bytes, &mut warnings)?;
    let (file, _memory) = File::open(bytes, &meta, limits, &mut warnings)?;
    let elements = file.elements(&mut warnings)?;
    Ok(wanted.iter().filter_map(|&tag| Some((tag, text(&elements, tag)?))).collect())
}

fn text(elements: &Elements, tag: Tag) -> Option<String> {
    if TABLES.contains(&tag) {
        return elements.bytes(tag).map(|_| String::new());
    }
    elements.strict_text(tag)
}
