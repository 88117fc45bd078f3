//! The patient's directions (PS3.3 C.7.6.1.1.1) and the distance of pixels (PS3.3 10.7).

use super::header::Elements;
use crate::geometry::{Orientation, Spacing};
use dicom_core::Tag;
use dicom_dictionary_std::tags;
use std::ops::RangeInclusive;

/// The distances that pixels of radiographs can have, in millimetres.
const PLAUSIBLE: RangeInclusive<f64> = 0.001..=10.0;

/// The directions, if both are said in the terms of the standard for bipeds.
pub(super) fn orientation(elements: &Elements) -> Option<Orientation> {
    let text = elements.text(tags::PATIENT_ORIENTATION)?.to_ascii_uppercase();
    let (right, down) = text.split_once('\\')?;
    Some(Orientation { right: direction(right)?, down: direction(down)? })
}

fn direction(text: &str) -> Option<String> {
    let letters = text.trim();
    let known = letters.chars().all(|letter| "LRAPHF".contains(letter));
    (known && (1..=3).contains(&letters.len())).then(|| letters.to_owned())
}

/// The distance of pixels: the calibrated one, or else that at the detector. A Pixel Spacing that
/// repeats Imager Pixel Spacing is not calibrated.
pub(super) fn spacing(elements: &Elements) -> Option<Spacing> {
    let detector = distances(elements, tags::IMAGER_PIXEL_SPACING);
    let (rows, columns) = distances(elements, tags::PIXEL_SPACING).or(detector)?;
    Some(Spacing { rows, columns, at_detector: detector == Some((rows, columns)) })
}

fn distances(elements: &Elements, tag: Tag) -> Option<(f64, f64)> {
    let numbers = elements.decimals(tag);
    let &[rows, columns] = numbers.as_slice() else { return None };
    (PLAUSIBLE.contains(&rows) && PLAUSIBLE.contains(&columns)).then_some((rows, columns))
}
