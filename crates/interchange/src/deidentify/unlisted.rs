//! Attributes that Table E.1-1 lacks. The standard would keep them all. Here, one that could hold a
//! name, a date, a link or a sentence is treated like its kind in the table.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::action::Action;
use super::form::is_strict_uid;
use super::{Dates, Options};

/// UIDs of classes, syntaxes and vocabularies, which the standard and makers assign, but no
/// hospital.
const CLASSES: [Tag; 13] = [
    tags::SOP_CLASS_UID,
    tags::RELATED_GENERAL_SOP_CLASS_UID,
    tags::ORIGINAL_SPECIALIZED_SOP_CLASS_UID,
    tags::SOP_CLASSES_IN_STUDY,
    tags::REFERENCED_SOP_CLASS_UID,
    tags::SOP_CLASSES_SUPPORTED,
    tags::CODING_SCHEME_UID,
    tags::CONTEXT_GROUP_EXTENSION_CREATOR_UID,
    tags::CONTEXT_UID,
    tags::MAPPING_RESOURCE_UID,
    tags::STORED_INSTANCE_TRANSFER_SYNTAX_UID,
    tags::AVAILABLE_TRANSFER_SYNTAX_UID,
    tags::MAC_CALCULATION_TRANSFER_SYNTAX_UID,
];

/// The action on an attribute by its value representation and its value; none if it is kept.
pub(super) fn action(tag: Tag, vr: VR, value: &[u8], options: &Options) -> Option<Action> {
    match vr {
        VR::PN => Some(Action::Emptied),
        VR::DA | VR::DT | VR::TM => match options.dates {
            Dates::Kept => None,
            Dates::Shifted => Some(Action::Shifted),
            Dates::Removed => Some(Action::Emptied),
        },
        VR::UI if CLASSES.contains(&tag) => None,
        VR::UI => (!options.keep_uids).then_some(Action::Remapped),
        VR::LT | VR::ST | VR::UT | VR::UC | VR::UR => {
            (!is_long_code(tag, value)).then_some(Action::Removed)
        }
        VR::AE | VR::AS | VR::UN => Some(Action::Removed),
        _ => None,
    }
}

/// Whether a value is a code too long for Code Value (PS3.3 8.1): a number of SNOMED CT, or an
/// object identifier.
fn is_long_code(tag: Tag, value: &[u8]) -> bool {
    let text = str::from_utf8(value).unwrap_or_default().trim_end_matches([' ', '\0']);
    match tag {
        tags::LONG_CODE_VALUE => text.bytes().all(|byte| byte.is_ascii_digit()),
        tags::URN_CODE_VALUE => {
            text.is_empty() || text.strip_prefix("urn:oid:").is_some_and(is_strict_uid)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_codes_are_told_from_text() {
        let of = |tag, vr, value| action(tag, vr, value, &Options::default());
        assert_eq!(of(tags::LONG_CODE_VALUE, VR::UC, b"20240301000001106"), None);
        assert_eq!(of(tags::LONG_CODE_VALUE, VR::UC, b"SECRET"), Some(Action::Removed));
        assert_eq!(of(tags::URN_CODE_VALUE, VR::UR, b"urn:oid:2.16.840.1.113883.6.96"), None);
        assert_eq!(of(tags::URN_CODE_VALUE, VR::UR, b"urn:SECRET"), Some(Action::Removed));
        assert_eq!(of(tags::PIXEL_SPACING, VR::DS, b"0.1\\0.1"), None);
    }
}
