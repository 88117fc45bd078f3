//! Whole files: DICOM, PNG, JPEG, TIFF.
#![no_main]

use fuzz::{decode, memory};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (outcome, peak) = memory::peak(|| decode::decode(bytes));
    decode::check(&outcome);
    assert!(
        peak <= decode::allowed(&outcome),
        "{peak} bytes at the peak, allowed {}",
        decode::allowed(&outcome)
    );
});
