//! Manifests and tables of boxes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| fuzz::tables::read(bytes));
