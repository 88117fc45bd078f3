//! The stated size of frames (PS3.3 C.7.6.3, C.7.6.6).

/// The stated size of frames, and the frame to decode.
pub(super) struct Shape {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) frames: u32,
    /// The frame asked for; the first is 0.
    pub(super) frame: u32,
}

impl Shape {
    /// Pixels of a frame.
    pub(super) fn pixels(&self) -> usize {
        self.columns as usize * self.rows as usize
    }
}
