//! Defined terms and enumerated values of code strings (PS3.3, PS3.16 Annex L): of these a name cannot be one.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use dicom_core::Tag;
use dicom_dictionary_std::tags;

use super::form::Permitted;
use super::profile;

/// Terms by attribute. By `benches/peers/defined_terms.py`, which says where they come from.
const TERMS: &str = include_str!("standard/defined-terms.csv");

static BY_TAG: LazyLock<HashMap<Tag, HashSet<&'static [u8]>>> = LazyLock::new(|| {
    let row = |line: &'static str| {
        let (tag, terms) = line.split_once(',')?;
        Some((profile::tag(tag)?, terms.split('\\').map(str::as_bytes).collect()))
    };
    profile::lines(TERMS).filter_map(row).collect()
});

/// Code strings that others keep of a file, too.
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
    /// Whether the standard has a term for it, or radiographs often have it.
    #[must_use]
    pub fn has_term(self, term: &str) -> bool {
        let tag = match self {
            Self::BodyPart => tags::BODY_PART_EXAMINED,
            Self::View => tags::VIEW_POSITION,
            Self::Modality => tags::MODALITY,
            Self::Sex => tags::PATIENT_SEX,
        };
        is_one(BY_TAG.get(&tag), term.as_bytes())
    }
}

fn is_one(terms: Option<&HashSet<&'static [u8]>>, term: &[u8]) -> bool {
    terms.is_some_and(|terms| terms.contains(term))
}

/// The values of a code string that are terms, each at its place. Of an attribute without terms, none are.
pub(super) fn permitted(tag: Tag, value: &[u8]) -> Permitted {
    let terms = BY_TAG.get(&tag);
    let all: Vec<_> = value.split(|&byte| byte == b'\\').map(trimmed).collect();
    let known: Vec<&[u8]> =
        all.iter().map(|term| if is_one(terms, term) { *term } else { Default::default() }).collect();
    match known.iter().all(|term| term.is_empty()) {
        _ if known == all => Permitted::Whole,
        true => Permitted::Nothing,
        false => Permitted::Part(known.join(&b'\\')),
    }
}

/// Without padding: spaces as the standard has it, and the zeros that some writers have.
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
    fn terms_are_those_of_table_6_2_1_and_pictures_have_theirs() {
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
    fn what_is_no_term_goes_and_the_others_keep_their_places() {
        let of = |value: &[u8]| permitted(tags::IMAGE_TYPE, value);
        assert_eq!(of(b"DERIVED \\PRIMARY"), Permitted::Whole);
        assert_eq!(of(b"ORIGINAL\\PRIMARY\\SMITH_JOHN"), Permitted::Part(b"ORIGINAL\\PRIMARY\\".to_vec()));
        assert_eq!(of(b"SMITH\\PRIMARY"), Permitted::Part(b"\\PRIMARY".to_vec()));
        assert_eq!(of(b"SMITH_JOHN"), Permitted::Nothing);
        assert_eq!(of(b"derived"), Permitted::Nothing);
        assert_eq!(of(b"\\\\ "), Permitted::Whole);
        // No text has terms for it.
        assert_eq!(permitted(tags::CONTENT_LABEL, b"SMITH"), Permitted::Nothing);
    }
}
