//! Compressed frames in sound DICOM files.
#![no_main]

use fuzz::{decode, frame, memory, only};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some(file) = frame::file(input).filter(|_| only::frame(input)) else { return Corpus::Reject };
    let (outcome, peak) = memory::peak(|| decode::decode(&file));
    decode::check(&outcome);
    assert!(
        peak <= decode::allowed(&outcome),
        "{peak} bytes at the peak, allowed {}",
        decode::allowed(&outcome)
    );
    Corpus::Keep
});
