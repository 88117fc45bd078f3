//! Value representations (PS3.5 6.2): the form of their lengths, and those of the dictionary.

use dicom_core::dictionary::{DataDictionary, DataDictionaryEntry};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{StandardDataDictionary, tags};

/// The form of an element's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LengthForm {
    /// The length takes the two bytes after the value representation.
    Short,
    /// The length takes four bytes, after two reserved ones.
    Long,
    /// The length takes four bytes, in the place of the value representation.
    Implicit,
}

impl LengthForm {
    pub(crate) const ALL: [Self; 3] = [Self::Short, Self::Long, Self::Implicit];

    /// Returns the form under a value representation (PS3.5 7.1.2).
    pub(crate) fn of(vr: VR) -> Self {
        match vr {
            VR::AE | VR::AS | VR::AT | VR::CS | VR::DA | VR::DS | VR::DT | VR::FL | VR::FD => {
                Self::Short
            }
            VR::IS | VR::LO | VR::LT | VR::PN | VR::SH | VR::SL | VR::SS | VR::ST => Self::Short,
            VR::TM | VR::UI | VR::UL | VR::US => Self::Short,
            _ => Self::Long,
        }
    }
}

/// Returns the value representation of an attribute in implicit VR: the dictionary's, and UN if the
/// dictionary lacks the attribute.
pub fn standard_vr(tag: Tag) -> VR {
    match tag {
        // PS3.5 A.1: the dictionary leaves a choice.
        tags::PIXEL_DATA => VR::OW,
        Tag(group, 0x3000) if group & 0xFF00 == 0x6000 => VR::OW,
        _ => StandardDataDictionary.by_tag(tag).map_or(VR::UN, |entry| entry.vr().relaxed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_have_the_value_representations_of_implicit_vr() {
        // Move Destination and Error Comment are of commands.
        for (tag, vr) in [
            (tags::PATIENT_ID, VR::LO),
            (tags::PIXEL_DATA, VR::OW),
            (Tag(0x6002, 0x3000), VR::OW),
            (tags::MOVE_DESTINATION, VR::AE),
            (tags::ERROR_COMMENT, VR::LO),
            (Tag(8, 0x7770), VR::UN),
        ] {
            assert_eq!(standard_vr(tag), vr, "{tag}");
        }
    }
}
