//! Whole files: DICOM, PNG, JPEG, TIFF.
#![no_main]

use fuzz::{decode, memory, only};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    if !only::file(bytes) {
        return Corpus::Reject;
    }
    let (outcome, peak) = memory::peak(|| decode::decode(bytes));
    decode::check(&outcome);
    assert!(
        peak <= decode::allowed(&outcome),
        "{peak} bytes at the peak, allowed {}",
        decode::allowed(&outcome)
    );
    Corpus::Keep
});
