//! DICOM files made of the phantoms that `radiograph` is tested with.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::workspace;

/// The UID of every phantom; in copies, the two digits before the last part are theirs.
pub(crate) const UID: &str = "1.2.826.0.1.3680043.10.1";

/// Copies of a phantom with UIDs of their own, `name` among the files' names.
pub(crate) fn copies(folder: &Path, phantom: &str, numbers: std::ops::Range<u32>) -> Vec<PathBuf> {
    let bytes = fs::read(workspace().join("crates/radiograph/tests/data/dicom").join(phantom)).unwrap();
    numbers
        .map(|number| {
            let uid = format!("1.2.826.0.1.3680043.{number}.1");
            assert_eq!(uid.len(), UID.len());
            let path = folder.join(format!("{number}.dcm"));
            fs::write(&path, replaced(&bytes, UID.as_bytes(), uid.as_bytes())).unwrap();
            path
        })
        .collect()
}

pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(from.len()).position(|part| part == from) {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}
