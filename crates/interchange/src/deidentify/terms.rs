//! Defined terms and enumerated values of code strings (PS3.3, PS3.16 Annex L). A code string that
//! is one of them names nobody.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::permitted::Permitted;
use super::rows::rows_by_tag;

/// Terms by attribute. `benches/peers/defined_terms.py` writes the table and says where they come
/// from.
const TERMS: &str = include_str!("standard/defined-terms.csv");

static BY_TAG: LazyLock<HashMap<Tag, HashSet<&'static [u8]>>> = LazyLock::new(|| {
    let set = |terms: &'static str| terms.split('\\').map(str::as_bytes).collect::<HashSet<_>>();
    rows_by_tag(TERMS).map(|(tag, terms)| (tag, set(terms))).collect()
});

/// The code strings of a file that a gallery stores, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Body Part Examined.
    BodyPart,
    /// View Position.
    View,
    /// Modality.
    Modality,
    /// Patient's Sex.
    Sex,
}

impl Code {
    /// Whether a text is a term of the standard for this attribute, or a word that radiographs
    /// often have instead.
    #[must_use]
    pub fn has_term(self, term: &str) -> bool {
        let tag = match self {
            Self::BodyPart => tags::BODY_PART_EXAMINED,
            Self::View => tags::VIEW_POSITION,
            Self::Modality => tags::MODALITY,
            Self::Sex => tags::PATIENT_SEX,
        };
        is_term(tag, term.as_bytes())
    }
}

fn is_term(tag: Tag, value: &[u8]) -> bool {
    BY_TAG.get(&tag).is_some_and(|terms| terms.contains(value))
}

/// The terms among the values of a code string, each at its place; other values are emptied. An
/// attribute without terms loses all values.
pub(super) fn permitted(tag: Tag, value: &[u8]) -> Permitted {
    // Not collected: a hostile value has as many parts as bytes, and each would take 16 bytes.
    let parts = || value.split(|&byte| byte == b'\\').map(trimmed);
    if parts().all(|part| part.is_empty() || is_term(tag, part)) {
        return Permitted::Whole;
    }
    if !parts().any(|part| is_term(tag, part)) {
        return Permitted::Nothing;
    }
    let mut terms = Vec::new();
    for (at, part) in parts().enumerate() {
        if at > 0 {
            terms.push(b'\\');
        }
        if is_term(tag, part) {
            terms.extend(part);
        }
    }
    Permitted::Part(terms)
}

/// A value without its padding: spaces of the standard, and zeros that some writers append.
fn trimmed(value: &[u8]) -> &[u8] {
    let padding = |byte: &u8| matches!(byte, b' ' | b'\0');
    let start = value.iter().position(|byte| *byte != b' ').unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !padding(byte)).map_or(start, |last| last + 1);
    value.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_have_the_form_of_table_6_2_1_and_pictures_have_theirs() {
        assert!(BY_TAG.len() > 600, "{}", BY_TAG.len());
        for term in BY_TAG.values().flatten() {
            let is_code = |byte: &u8| matches!(byte, b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'_');
            assert!(term.len() <= 16 && !term.is_empty() && term.iter().all(is_code));
        }
        for (tag, term) in [
            (tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME1"),
            (tags::PHOTOMETRIC_INTERPRETATION, "PALETTE COLOR"),
            (tags::VOILUT_FUNCTION, "SIGMOID"),
            (tags::PRESENTATION_LUT_SHAPE, "INVERSE"),
            (tags::PRESENTATION_INTENT_TYPE, "FOR PROCESSING"),
            (tags::PIXEL_INTENSITY_RELATIONSHIP, "LOG"),
            (tags::SHUTTER_SHAPE, "POLYGONAL"),
            (tags::SPECIFIC_CHARACTER_SET, "ISO 2022 IR 87"),
            (tags::BODY_PART_EXAMINED, "CSPINE"),
            (tags::VIEW_POSITION, "PA"),
            (tags::PATIENT_ORIENTATION, "AFR"),
            (tags::CONVERSION_TYPE, "WSD"),
            (tags::MODALITY, "DX"),
        ] {
            assert_eq!(permitted(tag, term.as_bytes()), Permitted::Whole, "{tag} {term}");
        }
        assert!(Code::BodyPart.has_term("CHEST") && Code::Sex.has_term("F"));
        assert!(!Code::BodyPart.has_term("SMITH_JOHN") && !Code::Modality.has_term(""));
    }

    #[test]
    fn values_that_are_no_terms_go_and_the_others_keep_their_places() {
        let of = |value: &[u8]| permitted(tags::IMAGE_TYPE, value);
        assert_eq!(of(b"DERIVED \\PRIMARY"), Permitted::Whole);
        assert_eq!(
            of(b"ORIGINAL\\PRIMARY\\SMITH_JOHN"),
            Permitted::Part(b"ORIGINAL\\PRIMARY\\".to_vec())
        );
        assert_eq!(of(b"SMITH\\PRIMARY"), Permitted::Part(b"\\PRIMARY".to_vec()));
        assert_eq!(of(b"SMITH_JOHN"), Permitted::Nothing);
        assert_eq!(of(b"derived"), Permitted::Nothing);
        assert_eq!(of(b"\\\\ "), Permitted::Whole);
        // PS3.3 has no terms for this attribute.
        assert_eq!(permitted(tags::CONTENT_LABEL, b"SMITH"), Permitted::Nothing);
    }
}
