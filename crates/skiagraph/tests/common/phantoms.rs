//! DICOM files made of the phantoms that `radiograph` is tested with.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::workspace;

/// The UID of every phantom; in copies, the two digits before the last part are theirs.
const UID: &str = "1.2.826.0.1.3680043.10.1";

/// Copies of a phantom in `folder`, with numbers as their names and in their UIDs.
pub(crate) fn copies(folder: &Path, phantom: &str, numbers: std::ops::Range<u32>) -> Vec<PathBuf> {
    let bytes =
        fs::read(workspace().join("crates/radiograph/tests/data/dicom").join(phantom)).unwrap();
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

/// Replaces every occurrence of some bytes by as many others, which must not hold them.
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(from.len()).position(|part| part == from) {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}
