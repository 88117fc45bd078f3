//! Transfer syntaxes (PS3.5 A): how the elements of a data set are written.

use dicom_dictionary_std::uids;

use crate::layout::{Layout, Order};

/// Explicit VR big endian (PS3.5 A.3), which is retired.
pub const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// The form of a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// The layout of the elements.
    pub layout: Layout,
    /// Whether the whole data set is compressed.
    pub deflated: bool,
}

impl Form {
    /// Returns the form that a transfer syntax states. One that is not known has that of compressed
    /// frames, explicit VR little endian (PS3.5 A.4).
    pub fn of(transfer_syntax: &str) -> Self {
        let (layout, deflated) = match transfer_syntax {
            uids::IMPLICIT_VR_LITTLE_ENDIAN => (Layout::IMPLICIT, false),
            EXPLICIT_VR_BIG_ENDIAN => (Layout::BIG_ENDIAN, false),
            // PS3.5 A.5, A.7, A.11.
            uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | uids::JPIP_REFERENCED_DEFLATE
            | uids::JPIPHTJ2K_REFERENCED_DEFLATE => (Layout::EXPLICIT, true),
            _ => (Layout::EXPLICIT, false),
        };
        Self { layout, deflated }
    }
}

/// Returns the uncompressed transfer syntax that a data set looks like; none if it is too short.
/// Its first group has a low number, and letters follow the first tag where value representations
/// do.
pub fn guessed(data_set: &[u8]) -> Option<&'static str> {
    let start = data_set.get(..8)?;
    let group = |order: Order| order.tag_of(start).group();
    let explicit = start[4..6].iter().all(u8::is_ascii_uppercase);
    Some(match (group(Order::Big) < group(Order::Little), explicit) {
        (true, _) => EXPLICIT_VR_BIG_ENDIAN,
        (false, true) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        (false, false) => uids::IMPLICIT_VR_LITTLE_ENDIAN,
    })
}
