//! A part of a picture, in whatever size the picture is.

use std::ops::Range;

/// A rectangle of a picture, as shares of the picture's sides: it holds for every size that the
/// picture is shown in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Region {
    /// Where it begins from the left.
    pub left: f64,
    /// Where it begins from above.
    pub top: f64,
    /// Its share of the width.
    pub width: f64,
    /// Its share of the height.
    pub height: f64,
}

impl Region {
    /// All of the picture.
    pub const WHOLE: Self = Self { left: 0.0, top: 0.0, width: 1.0, height: 1.0 };

    /// Of `width` columns of the picture, those whose middles lie in it.
    #[must_use]
    pub fn columns(&self, width: u32) -> Range<u32> {
        span(self.left, self.width, width)
    }

    /// Of `height` rows of the picture, those whose middles lie in it.
    #[must_use]
    pub fn rows(&self, height: u32) -> Range<u32> {
        span(self.top, self.height, height)
    }

    /// Where it lies once the picture has been turned by a quarter, clockwise.
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
