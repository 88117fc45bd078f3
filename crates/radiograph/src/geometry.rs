//! The geometry of a picture, as its file states it: the patient's directions and the distance of
//! pixels.

/// The distance between the centres of neighbouring pixels, in millimetres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing {
    /// From a row to the next.
    pub rows: f64,
    /// From a column to the next.
    pub columns: f64,
    /// Whether it holds at the detector, so that what lies before it is magnified. Otherwise it was
    /// calibrated.
    pub at_detector: bool,
}

/// The directions of the patient in which a picture runs, as letters of DICOM's Patient
/// Orientation: `L`, `R`, `A`, `P`, `H`, `F`, or up to three of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orientation {
    /// The direction of its right edge.
    pub right: String,
    /// The direction of its lower edge.
    pub down: String,
}
