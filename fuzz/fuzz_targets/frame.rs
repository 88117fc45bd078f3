//! Compressed frames in sound DICOM files.
#![no_main]

use fuzz::{decode, frame, memory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some(file) = frame::file(input) else { return };
    let (outcome, peak) = memory::peak(|| decode::decode(&file));
    decode::check(&outcome);
    assert!(
        peak <= decode::allowed(&outcome),
        "{peak} bytes at the peak, allowed {}",
        decode::allowed(&outcome)
    );
});
