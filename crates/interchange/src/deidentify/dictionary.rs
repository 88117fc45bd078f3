//! Attributes as PS3.6 has them: their value representations, and how many numbers they may have.

use std::collections::HashMap;
use std::sync::LazyLock;

use dicom::Element;
use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::rows::rows_by_tag;

/// The most numbers of each attribute that may have several; 0 stands for no bound.
/// `benches/peers/defined_terms.py` writes the table.
const MULTIPLICITIES: &str = include_str!("standard/multiplicities.csv");

static MAX_COUNTS: LazyLock<HashMap<Tag, usize>> = LazyLock::new(|| {
    let rows = rows_by_tag(MULTIPLICITIES);
    rows.filter_map(|(tag, most)| Some((tag, most.parse::<usize>().ok()?))).collect()
});

/// The value representations of an attribute in the dictionary; none if the dictionary lacks it.
fn entry_vr(tag: Tag) -> Option<VirtualVr> {
    StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr)
}

/// Whether the dictionary has an attribute.
pub(super) fn is_known(tag: Tag) -> bool {
    entry_vr(tag).is_some()
}

/// The value representation of an element: the dictionary's, if none of the standard stands in the
/// file.
pub(super) fn stated_vr(element: &Element) -> VR {
    element.vr.unwrap_or_else(|| dicom::standard_vr(element.tag))
}

/// The value representation that a value is read by: the dictionary's also for an element under UN,
/// which a sender writes that does not know the attribute.
pub(super) fn effective_vr(element: &Element) -> VR {
    match stated_vr(element) {
        VR::UN => dicom::standard_vr(element.tag),
        vr => vr,
    }
}

/// The value representation that a new value is written under: the element's own, if its attribute
/// may have it.
pub(super) fn output_vr(element: &Element) -> VR {
    match entry_vr(element.tag) {
        Some(standard) if !allows(standard, effective_vr(element)) => standard.relaxed(),
        _ => stated_vr(element),
    }
}

/// Whether an element has a value representation that the dictionary allows for its attribute.
pub(super) fn has_standard_vr(element: &Element) -> bool {
    entry_vr(element.tag).is_some_and(|standard| allows(standard, effective_vr(element)))
}

/// Whether an entry of the dictionary allows a value representation; some entries allow several.
fn allows(standard: VirtualVr, vr: VR) -> bool {
    match standard {
        VirtualVr::Exact(standard) => vr == standard,
        VirtualVr::Xs => matches!(vr, VR::US | VR::SS),
        VirtualVr::Ox | VirtualVr::Px => matches!(vr, VR::OB | VR::OW),
        VirtualVr::Lt => matches!(vr, VR::US | VR::SS | VR::OW),
        _ => false,
    }
}

/// Whether an element is a sequence.
pub(super) fn is_sequence(element: &Element) -> bool {
    effective_vr(element) == VR::SQ
}

/// Whether an element is a sequence exactly if the dictionary has one; false for an unknown
/// attribute.
pub(super) fn agrees_on_sequence(element: &Element) -> bool {
    let standard = entry_vr(element.tag);
    standard.is_some_and(|vr| (vr == VirtualVr::Exact(VR::SQ)) == is_sequence(element))
}

/// The most numbers that an attribute may have; none if there is no bound.
pub(super) fn max_count(tag: Tag) -> Option<usize> {
    MAX_COUNTS.get(&tag).map_or(Some(1), |&most| (most > 0).then_some(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;

    fn element(tag: Tag, vr: VR) -> Element {
        Element { tag, vr: Some(vr), length: Some(0), at: 0, inside: dicom::Layout::EXPLICIT }
    }

    #[test]
    fn an_attribute_has_the_value_representations_of_the_dictionary() {
        let cases = [
            (tags::PATIENT_ID, VR::LO, true),
            (tags::PATIENT_ID, VR::SH, false),
            (tags::PATIENT_ID, VR::UN, true),
            (tags::PIXEL_DATA, VR::OB, true),
            (tags::PIXEL_DATA, VR::UT, false),
            (tags::PIXEL_PADDING_VALUE, VR::SS, true),
            (tags::LUT_DATA, VR::US, true),
            (tags::LUT_DATA, VR::LO, false),
            (Tag(8, 0x7770), VR::LO, false),
        ];
        for (tag, vr, expected) in cases {
            assert_eq!(has_standard_vr(&element(tag, vr)), expected, "{tag} {vr:?}");
        }
        assert_eq!(output_vr(&element(tags::PATIENT_ID, VR::OB)), VR::LO);
        assert_eq!(output_vr(&element(tags::PIXEL_DATA, VR::OB)), VR::OB);
    }

    #[test]
    fn attributes_have_one_number_several_or_any() {
        let counts = [tags::ROWS, tags::LUT_DESCRIPTOR, tags::LUT_DATA].map(max_count);
        assert_eq!(counts, [Some(1), Some(3), None]);
    }
}
