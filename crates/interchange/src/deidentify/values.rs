//! New values in place of old ones: pseudonyms, UIDs, dates.

use dicom::text;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;

use super::calendar;
use super::instance_summary::InstanceSummary;
use super::pseudonym::Pseudonyms;

/// The most bytes of a new value, which a length of two bytes can count.
const LONGEST: usize = 0xFFFE;

/// Makes the new values of a file.
pub(super) struct Values<'a> {
    pub(super) pseudonyms: &'a Pseudonyms,
    pub(super) summary: &'a InstanceSummary,
}

impl Values<'_> {
    /// The pseudonym of a Patient ID or of the patient's name, if there was one; else an empty
    /// text.
    pub(super) fn pseudonym(&self, tag: Tag, value: &[u8], outermost: bool) -> String {
        let patient = match tag {
            tags::PATIENT_ID => text::lenient(&self.summary.character_set, tag, value),
            tags::PATIENT_NAME if outermost && !value.is_empty() => self.summary.patient.clone(),
            _ => None,
        };
        patient.map_or_else(String::new, |patient| self.pseudonyms.patient(&patient))
    }

    /// The UIDs of a value, each replaced by its own; empty if they are too long for an element.
    pub(super) fn remapped(&self, value: &[u8]) -> String {
        if value.len() > LONGEST {
            return String::new();
        }
        let text = String::from_utf8_lossy(value);
        let uids = text.trim_end_matches(['\0', ' ']).split('\\');
        let uids =
            uids.map(|uid| if uid.is_empty() { String::new() } else { self.pseudonyms.uid(uid) });
        let new = uids.collect::<Vec<_>>().join("\\");
        if new.len() > LONGEST { String::new() } else { new }
    }

    /// The dates of a value moved, and times as they are, since dates move by whole days; none if a
    /// value has not the form of its value representation.
    pub(super) fn shifted(&self, vr: VR, value: &[u8]) -> Option<String> {
        let days = self.pseudonyms.days(&self.summary.subject);
        let text = str::from_utf8(value).ok().filter(|text| text.len() <= LONGEST)?;
        let moved =
            text.split('\\').map(|text| text.trim_matches(['\0', ' '])).map(|text| match vr {
                _ if text.is_empty() => Some(String::new()),
                VR::DA => calendar::earlier(text, days),
                VR::DT => calendar::earlier_time(text, days),
                VR::TM => calendar::is_time(text).then(|| text.to_owned()),
                _ => None,
            });
        Some(moved.collect::<Option<Vec<_>>>()?.join("\\"))
    }
}
