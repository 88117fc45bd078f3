//! A part of a picture, independent of the picture's size.

use std::ops::Range;

/// A rectangle of a picture, as shares of the picture's sides: it holds for every size that the
/// picture is shown in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Its left edge, as a share of the picture's width.
    pub left: f64,
    /// Its upper edge, as a share of the picture's height.
    pub top: f64,
    /// Its share of the width.
    pub width: f64,
    /// Its share of the height.
    pub height: f64,
}

impl Region {
    /// All of the picture.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };

    /// The columns, of `width` in all, whose middles lie in the region.
    #[must_use]
    pub fn columns(&self, width: u32) -> Range<u32> {
        span(self.left, self.width, width)
    }

    /// The rows, of `height` in all, whose middles lie in the region.
    #[must_use]
    pub fn rows(&self, height: u32) -> Range<u32> {
        span(self.top, self.height, height)
    }

    /// The region after the picture has been turned by a quarter, clockwise.
    pub(crate) fn turned(&self) -> Self {
        Self {
            left: 1.0 - self.top - self.height,
            top: self.left,
            width: self.height,
            height: self.width,
        }
    }
}

fn span(start: f64, extent: f64, length: u32) -> Range<u32> {
    let at = |share: f64| (share * f64::from(length)).round().clamp(0.0, f64::from(length)) as u32;
    at(start)..at(start + extent)
}
