//! The saliency as a picture that every viewer shows: Secondary Capture Image Storage (PS3.3
//! A.8.1).

use chrono::{DateTime, FixedOffset};
use dicom_dictionary_std::{tags, uids};
use sha2::{Digest, Sha256};

use crate::answer::{Software, USE};
use crate::error::{Error, Result};
use crate::kind::Kind;
use crate::object::Object;
use crate::report::SOURCE_IMAGE;
use crate::source::Source;

const KIND: Kind = Kind {
    sop_class: uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
    modality: "OT",
    series_number: "9102",
    description: "Saliency (not for diagnosis)",
};

/// A picture in colour.
#[derive(Clone, Copy)]
pub struct Picture<'a> {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row.
    pub rgb: &'a [u8],
}

/// The query under its saliency map, filed in its study: the bytes of a DICOM file. Text that is
/// burned into the query is in the capture, too, and so is what the query says of that.
///
/// # Errors
/// [`Error::Size`] if the pixels do not fill the picture; [`Error::Write`], [`Error::FileMeta`].
pub fn capture(
    picture: Picture,
    source: &Source,
    software: &Software,
    made: DateTime<FixedOffset>,
) -> Result<Vec<u8>> {
    let Picture { width, height, rgb } = picture;
    let wrong = || Error::Size { got: rgb.len() / 3, width, height };
    let sides = [u16::try_from(height), u16::try_from(width)];
    let [Ok(rows @ 1..), Ok(columns @ 1..)] = sides else { return Err(wrong()) };
    if rgb.len() != 3 * usize::from(rows) * usize::from(columns) {
        return Err(wrong());
    }
    let pixels = hex::encode(Sha256::digest(rgb));
    let object =
        Object::of_kind(&KIND, source, software, made, &[software.version.clone(), pixels]);
    let repeated = [
        tags::BODY_PART_EXAMINED,
        tags::LATERALITY,
        tags::BURNED_IN_ANNOTATION,
        tags::LOSSY_IMAGE_COMPRESSION,
    ];
    let description = format!(
        "Attention of a neural network over the picture, in colours from its least to its most salient point. \
         Model {}, version {}. {USE}",
        software.model, software.version,
    );
    let referenced = source
        .reference()
        .with_items(tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![SOURCE_IMAGE.item()]);
    source
        .repeat(object, &repeated)
        .with_values(tags::PATIENT_ORIENTATION, &orientation(source))
        .with(tags::CONVERSION_TYPE, "WSD")
        .with_values(tags::IMAGE_TYPE, &["DERIVED", "SECONDARY"])
        .with(tags::DERIVATION_DESCRIPTION, &description)
        .with_items(tags::SOURCE_IMAGE_SEQUENCE, vec![referenced])
        .with_numbers(tags::SAMPLES_PER_PIXEL, &[3])
        .with(tags::PHOTOMETRIC_INTERPRETATION, "RGB")
        .with_numbers(tags::PLANAR_CONFIGURATION, &[0])
        .with_numbers(tags::ROWS, &[rows])
        .with_numbers(tags::COLUMNS, &[columns])
        .with_numbers(tags::BITS_ALLOCATED, &[8])
        .with_numbers(tags::BITS_STORED, &[8])
        .with_numbers(tags::HIGH_BIT, &[7])
        .with_numbers(tags::PIXEL_REPRESENTATION, &[0])
        .with_pixels(rgb)
        .file()
}

/// The patient orientation of rows and of columns. The attribute is of type 2C: where the query has
/// none, the element is written without a value.
fn orientation(source: &Source) -> Vec<&str> {
    let text = source.text(tags::PATIENT_ORIENTATION);
    if text.is_empty() { Vec::new() } else { text.split('\\').collect() }
}
