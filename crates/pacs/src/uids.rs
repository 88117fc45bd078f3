//! UIDs used in communication (PS3.6 annex A), and the SOP classes of pictures.

use dicom::Implementation;
use dicom_dictionary_std::uids;

pub(crate) use dicom_dictionary_std::uids::{
    EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN,
    STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_FIND as STUDY_ROOT_FIND,
    STUDY_ROOT_QUERY_RETRIEVE_INFORMATION_MODEL_MOVE as STUDY_ROOT_MOVE, VERIFICATION,
};

/// This software in files and associations: a UUID as a UID, which nobody has to assign.
pub(crate) const IMPLEMENTATION: Implementation = Implementation {
    class: "2.25.63551737209383994231147909241968702057",
    version: "SKIAGRAPH_01",
};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_software_has_a_name_that_fits_and_pictures_are_told_from_reports() {
        assert!(dicom::is_uid(IMPLEMENTATION.class) && IMPLEMENTATION.version.len() <= 16);
        assert!(
            is_image_storage("1.2.840.10008.5.1.4.1.1.1")
                && !is_image_storage("1.2.840.10008.5.1.4.1.1.88.11")
        );
    }
}
