//! UIDs used in communication (PS3.6 annex A), and the SOP classes of pictures.

use dicom_core::Tag;
use dicom_dictionary_std::uids;

pub(crate) use dicom_dictionary_std::uids::{
    EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND as STUDY_ROOT_FIND,
    STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE as STUDY_ROOT_MOVE, VERIFICATION,
};

/// The UID of this software in files and associations (PS3.7 D.3.3.2): a UUID as a UID, which
/// nobody has to assign.
pub(crate) const IMPLEMENTATION_CLASS: &str = "2.25.63551737209383994231147909241968702057";
/// The name of this software for people, at most 16 characters.
pub(crate) const IMPLEMENTATION_VERSION: &str = "SKIAGRAPH_01";

/// The accepted storage SOP classes of pictures (PS3.4 B.5), with their names. X-rays come first.
/// The others are accepted because senders route by study; indexing recognises by its modality what
/// is no X-ray. There are no reports, waveforms, documents, videos, segmentations or radiotherapy
/// objects.
pub const IMAGE_STORAGE: &[(&str, &str)] = &[
    (uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE, "Computed Radiography"),
    (uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION, "Digital X-Ray, for presentation"),
    (uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING, "Digital X-Ray, for processing"),
    (
        uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        "Mammography, for presentation",
    ),
    (uids::DIGITAL_MAMMOGRAPHY_X_RAY_IMAGE_STORAGE_FOR_PROCESSING, "Mammography, for processing"),
    (
        uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        "Intra-oral X-Ray, for presentation",
    ),
    (
        uids::DIGITAL_INTRA_ORAL_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
        "Intra-oral X-Ray, for processing",
    ),
    (uids::BREAST_TOMOSYNTHESIS_IMAGE_STORAGE, "Breast Tomosynthesis"),
    (
        uids::BREAST_PROJECTION_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION,
        "Breast Projection, for presentation",
    ),
    (
        uids::BREAST_PROJECTION_X_RAY_IMAGE_STORAGE_FOR_PROCESSING,
        "Breast Projection, for processing",
    ),
    (uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE, "X-Ray Angiography"),
    (uids::ENHANCED_XA_IMAGE_STORAGE, "Enhanced X-Ray Angiography"),
    (uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE, "X-Ray Radiofluoroscopy"),
    (uids::ENHANCED_XRF_IMAGE_STORAGE, "Enhanced X-Ray Radiofluoroscopy"),
    (uids::X_RAY3_D_ANGIOGRAPHIC_IMAGE_STORAGE, "X-Ray 3D Angiography"),
    (uids::X_RAY3_D_CRANIOFACIAL_IMAGE_STORAGE, "X-Ray 3D Craniofacial"),
    (uids::SECONDARY_CAPTURE_IMAGE_STORAGE, "Secondary Capture"),
    (
        uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
        "Multi-frame Grey Byte Secondary Capture",
    ),
    (
        uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
        "Multi-frame Grey Word Secondary Capture",
    ),
    (
        uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
        "Multi-frame Colour Secondary Capture",
    ),
    (uids::CT_IMAGE_STORAGE, "CT"),
    (uids::ENHANCED_CT_IMAGE_STORAGE, "Enhanced CT"),
    (uids::MR_IMAGE_STORAGE, "MR"),
    (uids::ENHANCED_MR_IMAGE_STORAGE, "Enhanced MR"),
    (uids::ULTRASOUND_IMAGE_STORAGE, "Ultrasound"),
    (uids::ULTRASOUND_MULTI_FRAME_IMAGE_STORAGE, "Ultrasound Multi-frame"),
    (uids::NUCLEAR_MEDICINE_IMAGE_STORAGE, "Nuclear Medicine"),
    (uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE, "PET"),
    (uids::RT_IMAGE_STORAGE, "RT Image"),
    (uids::VL_PHOTOGRAPHIC_IMAGE_STORAGE, "VL Photography"),
];

/// Tells whether instances of this SOP class are kept.
pub(crate) fn is_image_storage(sop_class: &str) -> bool {
    IMAGE_STORAGE.iter().any(|&(uid, _)| uid == sop_class)
}

/// Tells whether an attribute of queries and answers is a UID, which is padded with a NUL (PS3.5
/// 6.2).
pub(crate) fn holds_uid(tag: Tag) -> bool {
    use dicom_dictionary_std::tags;
    let uids = [
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::SOP_INSTANCE_UID,
        tags::SOP_CLASS_UID,
    ];
    uids.contains(&tag)
}

/// Tells whether this can be a UID: at most 64 digits and points (PS3.5 9.1). Empty components and
/// leading zeros are accepted: the standard forbids them, but old equipment writes them.
pub(crate) fn is_uid(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit() || c == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_told_from_paths() {
        assert!(is_uid(IMPLEMENTATION_CLASS) && IMPLEMENTATION_VERSION.len() <= 16);
        for wrong in ["", "../../x", "1.2 ", "1.2\0", "1.a", &"1".repeat(65)] {
            assert!(!is_uid(wrong));
        }
        assert!(
            is_image_storage("1.2.840.10008.5.1.4.1.1.1")
                && !is_image_storage("1.2.840.10008.5.1.4.1.1.88.11")
        );
    }
}
