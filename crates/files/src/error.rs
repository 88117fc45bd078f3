//! The error of a file or folder.

use std::io;
use std::path::{Path, PathBuf};

/// A file or folder that the system refuses to read or write.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {source}")]
pub struct Error {
    /// The file or folder.
    pub path: PathBuf,
    /// The system's error.
    pub source: io::Error,
}

impl Error {
    /// Converts an error of the system to one that names the path.
    pub fn at(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        move |source| Self { path: path.into(), source }
    }
}

/// Result of operations that name the path.
pub(crate) type Result<T> = std::result::Result<T, Error>;
