//! Attributes as PS3.6 has them: their value representations, and how many numbers they may have.

use std::collections::HashMap;
use std::sync::LazyLock;

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry, VirtualVr};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;

use super::profile;
use super::reader::Element;

/// Attributes of several numbers, and how many at most; 0 where there is no bound. By `benches/peers/defined_terms.py`.
const MULTIPLICITIES: &str = include_str!("standard/multiplicities.csv");

static MOST: LazyLock<HashMap<Tag, usize>> = LazyLock::new(|| {
    let row = |line: &str| {
        let (tag, most) = line.split_once(',')?;
        Some((profile::tag(tag)?, most.parse().ok()?))
    };
    profile::lines(MULTIPLICITIES).filter_map(row).collect()
});

/// The value representation that the dictionary has; none if it does not know the attribute.
fn known(tag: Tag) -> Option<VirtualVr> {
    StandardDataDictionary.by_tag(tag).map(DataDictionaryEntry::vr)
}

/// Whether the dictionary knows an attribute.
pub(super) fn is_known(tag: Tag) -> bool {
    known(tag).is_some()
}

/// The value representation that a value is read by: a sender that did not know it writes UN.
pub(super) fn meant(element: &Element) -> VR {
    match element.vr {
        VR::UN => known(element.tag).map_or(VR::UN, VirtualVr::relaxed),
        vr => vr,
    }
}

/// The value representation that a new value is written under: the element's own, if the attribute may have it.
pub(super) fn proper(element: &Element) -> VR {
    match known(element.tag) {
        Some(known) if !has(known, meant(element)) => known.relaxed(),
        _ => element.vr,
    }
}

/// Whether an element is of a value representation that the dictionary has for its attribute.
pub(super) fn fits(element: &Element) -> bool {
    known(element.tag).is_some_and(|known| has(known, meant(element)))
}

fn has(known: VirtualVr, vr: VR) -> bool {
    match known {
        VirtualVr::Exact(known) => vr == known,
        VirtualVr::Xs => matches!(vr, VR::US | VR::SS),
        VirtualVr::Ox | VirtualVr::Px => matches!(vr, VR::OB | VR::OW),
        VirtualVr::Lt => matches!(vr, VR::US | VR::SS | VR::OW),
        _ => false,
    }
}

/// Whether an element is a sequence.
pub(super) fn is_sequence(element: &Element) -> bool {
    meant(element) == VR::SQ
}

/// Whether an element is a sequence or not, as the dictionary has it.
pub(super) fn is_of_its_kind(element: &Element) -> bool {
    known(element.tag).is_some_and(|known| (known == VirtualVr::Exact(VR::SQ)) == is_sequence(element))
}

/// How many numbers an attribute may have; none if there is no bound.
pub(super) fn most(tag: Tag) -> Option<usize> {
    MOST.get(&tag).map_or(Some(1), |&most| (most > 0).then_some(most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;

    fn element(tag: Tag, vr: VR) -> Element {
        Element { tag, vr, length: Some(0), at: 0 }
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
            assert_eq!(fits(&element(tag, vr)), expected, "{tag} {vr:?}");
        }
        assert_eq!(proper(&element(tags::PATIENT_ID, VR::OB)), VR::LO);
        assert_eq!(proper(&element(tags::PIXEL_DATA, VR::OB)), VR::OB);
    }

    #[test]
    fn numbers_are_counted() {
        assert_eq!([tags::ROWS, tags::LUT_DESCRIPTOR, tags::LUT_DATA].map(most), [Some(1), Some(3), None]);
    }
}
