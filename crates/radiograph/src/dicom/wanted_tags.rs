//! The elements of a file that are asked for.

use dicom_core::Tag;
use dicom_dictionary_std::tags;

/// The tags of all elements that this crate asks for. A file's other elements take no memory.
const WANTED: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET,
    // Who, what and when.
    tags::SOP_INSTANCE_UID,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::MODALITY,
    tags::PATIENT_ID,
    tags::PATIENT_SEX,
    tags::PATIENT_AGE,
    tags::PATIENT_BIRTH_DATE,
    tags::BODY_PART_EXAMINED,
    tags::ANATOMIC_REGION_SEQUENCE,
    tags::VIEW_POSITION,
    tags::VIEW_CODE_SEQUENCE,
    tags::CODE_VALUE,
    tags::CODE_MEANING,
    tags::LATERALITY,
    tags::IMAGE_LATERALITY,
    tags::BURNED_IN_ANNOTATION,
    // What a report on the picture repeats.
    tags::SOP_CLASS_UID,
    tags::STUDY_TIME,
    tags::ACCESSION_NUMBER,
    tags::REFERRING_PHYSICIAN_NAME,
    tags::TIMEZONE_OFFSET_FROM_UTC,
    tags::STUDY_DESCRIPTION,
    tags::PATIENT_NAME,
    tags::ISSUER_OF_PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::STUDY_ID,
    tags::PATIENT_ORIENTATION,
    tags::LATERALITY,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::RESCALE_TYPE,
    // How pixels are stored.
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::PLANAR_CONFIGURATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::PIXEL_SPACING,
    tags::IMAGER_PIXEL_SPACING,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::EXTENDED_OFFSET_TABLE,
    // What turns them into grey.
    tags::PIXEL_PADDING_VALUE,
    tags::PIXEL_PADDING_RANGE_LIMIT,
    tags::MODALITY_LUT_SEQUENCE,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::VOILUT_SEQUENCE,
    tags::VOILUT_FUNCTION,
    tags::WINDOW_CENTER,
    tags::WINDOW_WIDTH,
    tags::PRESENTATION_LUT_SEQUENCE,
    tags::PRESENTATION_LUT_SHAPE,
    tags::LUT_DESCRIPTOR,
    tags::LUT_DATA,
    // Functional groups, which hold some of these for one frame or for all.
    tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE,
    tags::FRAME_VOILUT_SEQUENCE,
    tags::FRAME_DISPLAY_SHUTTER_SEQUENCE,
    tags::FRAME_ANATOMY_SEQUENCE,
    tags::FRAME_LATERALITY,
    // What is laid over it.
    tags::SHUTTER_SHAPE,
    tags::SHUTTER_LEFT_VERTICAL_EDGE,
    tags::SHUTTER_RIGHT_VERTICAL_EDGE,
    tags::SHUTTER_UPPER_HORIZONTAL_EDGE,
    tags::SHUTTER_LOWER_HORIZONTAL_EDGE,
    tags::CENTER_OF_CIRCULAR_SHUTTER,
    tags::RADIUS_OF_CIRCULAR_SHUTTER,
    tags::VERTICES_OF_THE_POLYGONAL_SHUTTER,
];

/// Whether an element is asked for: one of [`WANTED`], or of the sixteen overlays (PS3.5 7.6).
pub(super) fn is_wanted(tag: Tag) -> bool {
    let overlay = tag.group() & 0xFFE1 == 0x6000
        && matches!(tag.element(), 0x10 | 0x11 | 0x15 | 0x50 | 0x51 | 0x100 | 0x102 | 0x3000);
    overlay || WANTED.contains(&tag)
}
