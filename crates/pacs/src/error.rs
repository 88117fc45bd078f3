//! What can go wrong between us and a PACS, each with what was got, what was expected and what to do.

use std::path::PathBuf;

/// Errors of this crate. None shows patient data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that the system refuses.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder that holds something else than an inbox.
    #[error("{path} is no inbox: got {got}, expected an empty folder or an inbox of this version")]
    NotAnInbox {
        /// The folder.
        path: PathBuf,
        /// What is there.
        got: String,
    },
    /// Somebody else consumes.
    #[error("{path} has a consumer already, expected none: stop the other process, or give it the work")]
    ConsumerBusy {
        /// The inbox.
        path: PathBuf,
    },
    /// An instance beyond the limit.
    #[error("an instance of more than {limit} bytes; raise the limit if this is a real radiograph")]
    InstanceTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A disk that is as good as full.
    #[error("{free} bytes are free on the inbox's disk, expected at least {needed}: make room")]
    OutOfSpace {
        /// Free bytes.
        free: u64,
        /// What the limits leave free.
        needed: u64,
    },
    /// A position of a feed that does not read.
    #[error(
        "{path} is not a number, expected the position of a feed; remove it to read the feed from its start"
    )]
    Position {
        /// The file.
        path: PathBuf,
    },
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
