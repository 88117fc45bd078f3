//! Attributes that Table E.1-1 does not have. The standard would keep them all; here, whoever could hold a name, a day, a link
//! or a sentence is treated as its like in the table.

use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::action::Action;
use super::pseudonym::is_dotted;
use super::{Dates, Options};

/// Names of classes, syntaxes and vocabularies, which no hospital gives; makers have some of their own.
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
/// Codes that are too long for Code Value (PS3.3 8.1).
const LONG_CODES: [Tag; 2] = [tags::LONG_CODE_VALUE, tags::URN_CODE_VALUE];

/// What is done with an attribute of a value representation and a value; none if it is kept.
pub(super) fn action(tag: Tag, vr: VR, value: &[u8], options: &Options) -> Option<Action> {
    match vr {
        VR::PN => Some(Action::Emptied),
        VR::DA | VR::DT | VR::TM => match options.dates {
            Dates::Kept => None,
            Dates::Shifted => Some(Action::Shifted),
            Dates::Removed => Some(Action::Emptied),
        },
        VR::UI if CLASSES.contains(&tag) => removed_unless(values(value).all(is_uid)),
        VR::UI => (!options.keep_uids).then_some(Action::Remapped),
        VR::LT | VR::ST | VR::UT | VR::UC | VR::UR => removed_unless(LONG_CODES.contains(&tag)),
        VR::AE | VR::AS | VR::UN => Some(Action::Removed),
        // What does not fit its value representation was typed where it does not belong.
        VR::CS => removed_unless(values(value).all(|code| code.len() <= 16)),
        VR::DS | VR::IS => removed_unless(values(value).all(is_number)),
        _ => None,
    }
}

fn removed_unless(harmless: bool) -> Option<Action> {
    (!harmless).then_some(Action::Removed)
}

fn values(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let padding = |byte: &u8| matches!(byte, b' ' | b'\0');
    value.split(|&byte| byte == b'\\').map(move |value| match value.iter().rposition(|byte| !padding(byte)) {
        Some(last) => &value[..=last],
        None => &[],
    })
}

fn is_uid(value: &[u8]) -> bool {
    value.is_empty() || str::from_utf8(value).is_ok_and(is_dotted)
}

fn is_number(value: &[u8]) -> bool {
    value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E' | b' ' | b'\0'))
}
