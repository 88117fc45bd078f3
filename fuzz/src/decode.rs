//! Decoding: of whatever bytes, a sound picture or an error that can be shown, within the memory
//! that docs/dicom.md states.

use std::time::Duration;

use radiograph::{Error, Limits, Options, Radiograph, Result, decode_with, image_qc};

/// Small, so that runs are short; what is allocated in proportion shows nevertheless.
pub const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    max_pixels: 1 << 17,
    max_memory: 64 << 20,
    memory_timeout: Duration::ZERO,
};
/// The bytes that docs/dicom.md allows for a pixel, and beside the pixels.
const PIXEL: usize = 32;
const BESIDE: usize = 16 << 20;

/// Decodes the first frame with its overlays.
pub fn decode(bytes: &[u8]) -> Result<Radiograph> {
    decode_with(bytes, &LIMITS, &Options { frame: 0, overlays: true })
}

/// The most that [`decode`] may have allocated.
pub fn allowed(outcome: &Result<Radiograph>) -> usize {
    let pixels =
        outcome.as_ref().map_or(LIMITS.max_pixels as usize, |picture| picture.pixels().len());
    BESIDE + PIXEL * pixels + LIMITS.max_bytes as usize
}

/// Checks that the outcome is sound.
///
/// # Panics
/// If it is not.
pub fn check(outcome: &Result<Radiograph>) {
    match outcome {
        Ok(picture) => {
            assert!(
                picture.pixels().iter().all(|grey| (0.0..=1.0).contains(grey)),
                "grey beyond black or white"
            );
            image_qc::several_pictures(picture);
            image_qc::burned_in_text(picture);
        }
        Err(error) => {
            assert!(!matches!(error, Error::Panicked), "a decoder panicked");
            let said = error.to_string();
            assert!(
                said.len() < 600 && !said.contains(char::is_control),
                "{said:?} cannot be shown"
            );
        }
    }
}
