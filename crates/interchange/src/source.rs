//! The query's picture as other objects refer to it: by its patient, its study and its instance.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, FixedOffset};
use dicom::is_uid;
use dicom_core::Tag;
use dicom_dictionary_std::tags;

use crate::error::{Error, Result};
use crate::object::Object;

/// Repeated in every object of the study, those of type 2 empty where the query has none (PS3.3
/// C.7.1.1, C.7.2.1).
const REPEATED: [Tag; 10] = [
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::STUDY_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::STUDY_TIME,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::STUDY_ID,
    tags::ACCESSION_NUMBER,
];
/// Repeated where the query has them.
const OPTIONAL: [Tag; 4] = [
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_AGE,
    tags::STUDY_DESCRIPTION,
    tags::TIMEZONE_OFFSET_FROM_UTC,
];
/// Names and numbers, which nothing may be filed under if they are not understood.
const NAMES: [(Tag, &str); 6] = [
    (tags::PATIENT_NAME, "PatientName"),
    (tags::PATIENT_ID, "PatientID"),
    (tags::ISSUER_OF_PATIENT_ID, "IssuerOfPatientID"),
    (tags::REFERRING_PHYSICIAN_NAME, "ReferringPhysicianName"),
    (tags::STUDY_ID, "StudyID"),
    (tags::ACCESSION_NUMBER, "AccessionNumber"),
];

/// A DICOM instance that was a query. `Debug` shows nothing that may tell who it is.
#[derive(Clone)]
pub struct Source {
    texts: BTreeMap<Tag, String>,
    pub(crate) sop_class: String,
    pub(crate) instance: String,
    pub(crate) series: String,
    pub(crate) study: String,
    /// Columns and rows.
    pub(crate) sides: [u32; 2],
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("sides", &self.sides).finish_non_exhaustive()
    }
}

impl Source {
    /// The elements of the query whose texts [`Source::new`] takes.
    pub const WANTED: [Tag; 34] = [
        tags::SOP_CLASS_UID,
        tags::SOP_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::STUDY_INSTANCE_UID,
        tags::PATIENT_NAME,
        tags::PATIENT_ID,
        tags::PATIENT_BIRTH_DATE,
        tags::PATIENT_SEX,
        tags::STUDY_DATE,
        tags::STUDY_TIME,
        tags::REFERRING_PHYSICIAN_NAME,
        tags::STUDY_ID,
        tags::ACCESSION_NUMBER,
        tags::ISSUER_OF_PATIENT_ID,
        tags::PATIENT_AGE,
        tags::STUDY_DESCRIPTION,
        tags::TIMEZONE_OFFSET_FROM_UTC,
        tags::BODY_PART_EXAMINED,
        tags::LATERALITY,
        tags::PATIENT_ORIENTATION,
        tags::BURNED_IN_ANNOTATION,
        tags::LOSSY_IMAGE_COMPRESSION,
        tags::PHOTOMETRIC_INTERPRETATION,
        tags::NUMBER_OF_FRAMES,
        tags::RESCALE_INTERCEPT,
        tags::RESCALE_SLOPE,
        tags::RESCALE_TYPE,
        tags::WINDOW_CENTER,
        tags::WINDOW_WIDTH,
        tags::VOILUT_FUNCTION,
        tags::PRESENTATION_LUT_SHAPE,
        tags::MODALITY_LUT_SEQUENCE,
        tags::VOILUT_SEQUENCE,
        tags::PRESENTATION_LUT_SEQUENCE,
    ];

    /// Makes a source from the texts of an instance's elements, and its columns and rows. The texts
    /// are in Unicode, with U+FFFD for what did not decode.
    ///
    /// # Errors
    /// [`Error::NotOfAStudy`] if class, instance, series or study have no UID,
    /// [`Error::Undecodable`] if a name, a number or the description did not decode, or a name or
    /// a number holds control characters.
    pub fn new(texts: BTreeMap<Tag, String>, sides: [u32; 2]) -> Result<Self> {
        let uid = |tag, attribute| {
            let text = texts.get(&tag).filter(|text| is_uid(text)).cloned();
            text.ok_or(Error::NotOfAStudy { attribute })
        };
        let sop_class = uid(tags::SOP_CLASS_UID, "SOPClassUID")?;
        let instance = uid(tags::SOP_INSTANCE_UID, "SOPInstanceUID")?;
        let series = uid(tags::SERIES_INSTANCE_UID, "SeriesInstanceUID")?;
        let study = uid(tags::STUDY_INSTANCE_UID, "StudyInstanceUID")?;
        let has = |tag, wrong: fn(char) -> bool| {
            texts.get(&tag).is_some_and(|text: &String| text.contains(wrong))
        };
        let unclear = |letter: char| letter.is_control() || letter == char::REPLACEMENT_CHARACTER;
        if let Some((_, attribute)) = NAMES.into_iter().find(|(tag, _)| has(*tag, unclear)) {
            return Err(Error::Undecodable { attribute });
        }
        if has(tags::STUDY_DESCRIPTION, |letter| letter == char::REPLACEMENT_CHARACTER) {
            return Err(Error::Undecodable { attribute: "StudyDescription" });
        }
        Ok(Self { texts, sop_class, instance, series, study, sides })
    }

    /// A text of the query; empty where it has none.
    pub(crate) fn text(&self, tag: Tag) -> &str {
        self.texts.get(&tag).map_or("", String::as_str)
    }

    /// Adds the patient and the study, so that the object is filed where the query is.
    pub(crate) fn file(&self, object: Object) -> Object {
        let object =
            REPEATED.iter().fold(object, |object, &tag| object.with_repeated(tag, self.text(tag)));
        self.repeat(object, &OPTIONAL)
    }

    /// Adds what the query has of these elements.
    pub(crate) fn repeat(&self, object: Object, wanted: &[Tag]) -> Object {
        let found = wanted.iter().filter_map(|tag| Some((*tag, self.texts.get(tag)?)));
        found.fold(object, |object, (tag, text)| object.with_repeated(tag, text))
    }

    /// A time in the zone that the times of the query are in, where it says which (PS3.3 C.12.1).
    pub(crate) fn in_its_zone(&self, time: DateTime<FixedOffset>) -> DateTime<FixedOffset> {
        let zone = self.text(tags::TIMEZONE_OFFSET_FROM_UTC).parse::<FixedOffset>();
        zone.map_or(time, |zone| time.with_timezone(&zone))
    }

    /// Whether the query has an element, of whatever value.
    pub(crate) fn has(&self, tag: Tag) -> bool {
        self.texts.contains_key(&tag)
    }

    /// Whether it has several frames, of which the first was looked at.
    pub(crate) fn has_frames(&self) -> bool {
        self.text(tags::NUMBER_OF_FRAMES).parse::<u32>().is_ok_and(|frames| frames > 1)
    }

    /// A reference to the instance; of several frames, to the first (PS3.3 10.3).
    pub(crate) fn reference(&self) -> Object {
        let object = Object::reference(&self.sop_class, &self.instance);
        if self.has_frames() { object.with(tags::REFERENCED_FRAME_NUMBER, "1") } else { object }
    }
}
