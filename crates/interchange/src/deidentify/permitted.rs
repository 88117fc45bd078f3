//! The part of a value that de-identification lets stay.

/// The part of a value that may stay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Permitted {
    /// The value as it is.
    Whole,
    /// A shorter value.
    Part(Vec<u8>),
    /// No value.
    Nothing,
}

impl Permitted {
    /// The value if it fits, or none.
    pub(super) fn whole_if(fits: bool) -> Self {
        if fits { Self::Whole } else { Self::Nothing }
    }
}
