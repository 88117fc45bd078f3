//! Reasons to doubt that a picture may be shared, from the attributes of its file.

use std::fmt;

use serde::Serialize;

/// The reason why a picture itself may name the patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Burned In Annotation is YES (PS3.3 C.7.6.1.1.5).
    Annotation,
    /// Burned In Annotation is there, and no clear NO.
    UnclearAnnotation,
    /// An overlay lies in unused bits of the pixels (PS3.3 C.9.2, retired), which stay as they are.
    OverlayInPixels,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Annotation => "BurnedInAnnotation is YES",
            Self::UnclearAnnotation => "BurnedInAnnotation is neither YES nor NO",
            Self::OverlayInPixels => "an overlay lies in unused bits of the pixels",
        })
    }
}
