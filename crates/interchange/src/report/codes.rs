//! The codes of a report: those of the standard (PS3.16 annex D), and of our own where it has none.

use dicom_dictionary_std::tags;

use crate::object::Object;

/// Our coding scheme's name in DICOM: private ones begin with 99 (PS3.16 8.2).
const OWN: &str = "99SKIAGRAPH";
/// The same scheme's UID.
pub(crate) const OWN_UID: &str = "2.25.64573454091220141471721262000791919920";

/// A coded concept.
pub(crate) struct Code {
    pub(crate) value: &'static str,
    pub(crate) scheme: &'static str,
    pub(crate) meaning: &'static str,
}

impl Code {
    const fn new(value: &'static str, scheme: &'static str, meaning: &'static str) -> Self {
        Self { value, scheme, meaning }
    }

    const fn dcm(value: &'static str, meaning: &'static str) -> Self {
        Self::new(value, "DCM", meaning)
    }

    const fn own(value: &'static str, meaning: &'static str) -> Self {
        Self::new(value, OWN, meaning)
    }

    /// The item of a code sequence (PS3.3 8.8).
    pub(crate) fn item(&self) -> Object {
        Object::new()
            .with(tags::CODE_VALUE, self.value)
            .with(tags::CODING_SCHEME_DESIGNATOR, self.scheme)
            .with(tags::CODE_MEANING, self.meaning)
    }
}

/// The description of our own coding scheme (PS3.3 C.12.1.1.3).
pub(super) fn own_scheme() -> Object {
    Object::new()
        .with(tags::CODING_SCHEME_DESIGNATOR, OWN)
        .with(tags::CODING_SCHEME_UID, OWN_UID)
        .with(tags::CODING_SCHEME_NAME, "Skiagraph")
        .with(tags::CODING_SCHEME_RESPONSIBLE_ORGANIZATION, "Skiagraph")
}

pub(super) const REPORT: Code = Code::dcm("126000", "Imaging Measurement Report");
pub(super) const LANGUAGE: Code = Code::dcm("121049", "Language of Content Item and Descendants");
pub(super) const ENGLISH: Code = Code::new("en", "RFC5646", "English");
pub(super) const OBSERVER_TYPE: Code = Code::dcm("121005", "Observer Type");
pub(super) const DEVICE: Code = Code::dcm("121007", "Device");
pub(super) const DEVICE_UID: Code = Code::dcm("121012", "Device Observer UID");
pub(super) const DEVICE_NAME: Code = Code::dcm("121013", "Device Observer Name");
pub(super) const DEVICE_MANUFACTURER: Code = Code::dcm("121014", "Device Observer Manufacturer");
pub(super) const DEVICE_MODEL: Code = Code::dcm("121015", "Device Observer Model Name");
pub(super) const PROCEDURE_REPORTED: Code = Code::dcm("121058", "Procedure reported");
pub(super) const IMAGING_PROCEDURE: Code = Code::new("363679005", "SCT", "Imaging procedure");
pub(super) const IMAGE_LIBRARY: Code = Code::dcm("111028", "Image Library");
pub(super) const IMAGE_LIBRARY_GROUP: Code = Code::dcm("126200", "Image Library Group");
pub(super) const IMAGING_MEASUREMENTS: Code = Code::dcm("126010", "Imaging Measurements");
pub(super) const MEASUREMENT_GROUP: Code = Code::dcm("125007", "Measurement Group");
pub(super) const QUALITATIVE_EVALUATIONS: Code =
    Code::new("C0034375", "UMLS", "Qualitative Evaluations");
pub(super) const TRACKING_IDENTIFIER: Code = Code::dcm("112039", "Tracking Identifier");
pub(super) const TRACKING_UID: Code = Code::dcm("112040", "Tracking Unique Identifier");
pub(super) const FINDING: Code = Code::dcm("121071", "Finding");
pub(super) const SOURCE_OF_MEASUREMENT: Code = Code::dcm("121112", "Source of Measurement");
pub(super) const ALGORITHM_NAME: Code = Code::dcm("111001", "Algorithm Name");
pub(super) const ALGORITHM_PARAMETERS: Code = Code::dcm("111002", "Algorithm Parameters");
pub(super) const ALGORITHM_VERSION: Code = Code::dcm("111003", "Algorithm Version");
pub(crate) const STUDY_UID: Code = Code::dcm("110180", "Study Instance UID");
pub(crate) const SERIES_UID: Code = Code::dcm("112002", "Series Instance UID");
pub(super) const COMMENT: Code = Code::dcm("121106", "Comment");
pub(crate) const SUMMARY: Code = Code::dcm("121111", "Summary");
pub(crate) const SOURCE_IMAGE: Code =
    Code::dcm("121322", "Source image for image processing operation");
pub(super) const YES: Code = Code::new("373066001", "SCT", "Yes");
pub(super) const NO: Code = Code::new("373067005", "SCT", "No");
pub(super) const BIT: Code = Code::new("bit", "UCUM", "bit");
pub(super) const PERCENT: Code = Code::new("%", "UCUM", "percent");
pub(super) const NO_UNITS: Code = Code::new("1", "UCUM", "no units");

pub(crate) const INSTANCE_UID: Code = Code::own("INSTANCE", "SOP Instance UID");
pub(crate) const SIMILAR_CASE: Code = Code::own("SIMILAR", "Similar case");
pub(super) const INTENDED_USE: Code = Code::own("USE", "Intended use");
pub(crate) const HAMMING_DISTANCE: Code =
    Code::own("HAMMING", "Hamming distance of the hash codes");
pub(crate) const EUCLIDEAN_DISTANCE: Code =
    Code::own("EUCLIDEAN", "Euclidean distance of the embeddings");
pub(crate) const RELEVANCE: Code = Code::own("RELEVANCE", "Estimated probability of relevance");
pub(crate) const PRECISION: Code =
    Code::own("PRECISION", "Expected share of relevant cases among the first ten");
pub(crate) const LABEL: Code = Code::own("LABEL", "Label of the similar case");
pub(crate) const LINK: Code = Code::own("LINK", "Where the similar case can be seen");
pub(crate) const GALLERY_KEY: Code = Code::own("KEY", "Key of the similar case in the gallery");
pub(crate) const NOVEL: Code = Code::own("NOVEL", "Query unlike everything the model knows");
