//! Errors of bytes that are no DICOM. Each says what was got, and what was expected.

use dicom_core::Tag;

use crate::element::ITEM;
use crate::limits::{MAX_DEPTH, MAX_FRAGMENTS};

/// Errors of this crate. None shows a value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bytes that are no DICOM file.
    #[error("no DICM after 128 bytes")]
    NoPrefix,
    /// Bytes that end within the header of an element.
    #[error("cut off in or after {}: got {got} bytes at byte {at}, expected 4", place(*last))]
    CutOff {
        /// The element read last.
        last: Option<Tag>,
        /// The position of the header.
        header_at: usize,
        /// The position of the bytes.
        at: usize,
        /// The number of bytes that are left.
        got: usize,
    },
    /// An element that claims more bytes than there are.
    #[error("element {tag} at byte {at}: got {got} bytes, expected the {claimed} that it claims")]
    Length {
        /// The element.
        tag: Tag,
        /// The position of its header.
        header_at: usize,
        /// The position of its value.
        at: usize,
        /// The number of bytes that are left.
        got: usize,
        /// The number of bytes that it claims.
        claimed: usize,
    },
    /// Sequences in sequences without end.
    #[error("sequences lie more than {MAX_DEPTH} deep at byte {at}")]
    Depth {
        /// The innermost sequence.
        tag: Tag,
        /// The position of its items.
        at: usize,
    },
    /// Something else in the place of an item.
    #[error("got {got} before byte {at}, expected an item {ITEM}")]
    NoItem {
        /// The tag in its place.
        got: Tag,
        /// The position behind its header.
        at: usize,
    },
    /// More fragments than films have.
    #[error("more than {MAX_FRAGMENTS} fragments in {tag}")]
    TooManyFragments {
        /// The element.
        tag: Tag,
        /// The position behind its fragments.
        at: usize,
    },
    /// A deflated data set that does not inflate.
    #[error("the deflated data set does not inflate: {0}")]
    Inflate(std::io::Error),
}

fn place(last: Option<Tag>) -> String {
    last.map_or("the preamble".to_owned(), |tag| format!("element {tag}"))
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
