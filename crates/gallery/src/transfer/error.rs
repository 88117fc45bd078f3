//! The error of an export that cannot be written or read.

use std::path::PathBuf;

/// A fault of a file of an export.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{}` is no part of a gallery's export: {reason}; expected what an export writes",
    path.display()
)]
pub struct TransferError {
    /// The file.
    pub path: PathBuf,
    /// The fault, in words.
    pub reason: String,
}
