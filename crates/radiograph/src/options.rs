//! Options of decoding: the frame of a file, and what is drawn into it.

/// Options of decoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The frame of a DICOM file that has several; the first is 0.
    pub frame: u32,
    /// Whether overlays of a DICOM file are drawn into the picture, as a viewer would.
    pub overlays: bool,
}
