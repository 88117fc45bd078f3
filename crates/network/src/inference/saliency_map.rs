//! A saliency map as numbers, and back onto the picture it was made of.

use radiograph::Frame;
use std::ops::Range;

/// The saliency, in (0, 1), of every place of the padded square that the network saw.
#[derive(Clone, Debug, PartialEq)]
pub struct SaliencyMap {
    /// The side of the square, in places.
    pub size: u32,
    /// The size × size values, row by row.
    pub values: Vec<f32>,
}

impl SaliencyMap {
    /// The map over the picture itself: `width` × `height` values, interpolated bilinearly. `frame`
    /// says which part of the square shows which part of the picture. Parts that the network did
    /// not see are 0.
    pub fn onto(&self, frame: &Frame, width: u32, height: u32) -> Vec<f32> {
        let columns = along(frame.region.columns(width), frame.left, frame.width, width);
        let rows = along(frame.region.rows(height), frame.top, frame.height, height);
        let value =
            |x: &Option<f32>, y: &Option<f32>| x.zip(*y).map_or(0.0, |(x, y)| self.at(x, y));
        rows.iter().flat_map(|y| columns.iter().map(move |x| value(x, y))).collect()
    }

    /// The map resized to a square of another size, bilinearly.
    pub fn resized(&self, size: u32) -> Self {
        let whole = Frame::full(self.size);
        Self { size, values: self.onto(&whole, size, size) }
    }

    /// The squares of the map's values, for drawing: low values nearly vanish.
    pub fn squared(&self) -> Self {
        Self { size: self.size, values: self.values.iter().map(|value| value * value).collect() }
    }

    /// The values of the part of the square that the picture fills, row by row.
    pub fn within(&self, frame: &Frame) -> Vec<f32> {
        places(frame, self.size).map(|place| self.values[place]).collect()
    }

    /// The mean over the part of the square that the picture fills.
    pub fn mean(&self, frame: &Frame) -> f32 {
        self.within(frame).iter().sum::<f32>() / (frame.width * frame.height).max(1) as f32
    }

    fn at(&self, x: f32, y: f32) -> f32 {
        let last = (self.size - 1) as f32;
        let (x, y) = (x.clamp(0.0, last), y.clamp(0.0, last));
        let (left, top) = (x as usize, y as usize);
        let (dx, dy) = (x.fract(), y.fract());
        let side = self.size as usize;
        let value = |x: usize, y: usize| self.values[y.min(side - 1) * side + x.min(side - 1)];
        let upper = value(left, top) * (1.0 - dx) + value(left + 1, top) * dx;
        let lower = value(left, top + 1) * (1.0 - dx) + value(left + 1, top + 1) * dx;
        upper * (1.0 - dy) + lower * dy
    }
}

/// The positions in the square of the middles of a picture's `length` pixels. Only the `shown` ones
/// have one: they fill `extent` places from `start` on.
fn along(shown: Range<u32>, start: u32, extent: u32, length: u32) -> Vec<Option<f32>> {
    let scale = extent as f32 / shown.len().max(1) as f32;
    let place = |at: u32| start as f32 + ((at - shown.start) as f32 + 0.5) * scale - 0.5;
    (0..length).map(|at| shown.contains(&at).then(|| place(at))).collect()
}

/// The positions of the picture's pixels among those of a square of side `size`, row by row.
pub(crate) fn places(frame: &Frame, size: u32) -> impl Iterator<Item = usize> {
    let Frame { left, top, width, height, .. } = *frame;
    (top..top + height)
        .flat_map(move |y| (left..left + width).map(move |x| (y * size + x) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;
    use radiograph::Region;

    #[test]
    fn a_map_returns_to_the_part_of_the_square_that_the_picture_fills() {
        // A picture twice as wide as high fills rows 1 and 2 of a 4×4 square.
        let values = (0..16).map(|i| (i / 4) as f32).collect();
        let map = SaliencyMap { size: 4, values };
        let frame = Frame { top: 1, height: 2, ..Frame::full(4) };
        let onto = map.onto(&frame, 4, 2);
        assert_eq!(onto, [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
        assert_eq!(map.within(&frame), onto);
        assert_eq!(map.mean(&frame), 1.5);
    }

    #[test]
    fn a_map_of_a_cropped_picture_returns_to_the_part_that_was_kept() {
        // The right half of the middle of a picture of 8×8: 4×2 pixels, in rows 1 and 2 of a 4×4
        // square.
        let values = (0..16).map(|i| 1.0 + i as f32).collect();
        let map = SaliencyMap { size: 4, values };
        let region = Region { left: 0.5, top: 0.375, width: 0.5, height: 0.25 };
        let frame = Frame { top: 1, height: 2, region, ..Frame::full(4) };
        let onto = map.onto(&frame, 8, 8);
        let mut expected = vec![0.0; 64];
        expected[28..32].copy_from_slice(&[5.0, 6.0, 7.0, 8.0]);
        expected[36..40].copy_from_slice(&[9.0, 10.0, 11.0, 12.0]);
        assert_eq!(onto, expected);
        // At half the size, its one shown row lies between those two.
        assert_eq!(map.onto(&frame, 4, 4)[10..12], [7.5, 9.5]);
    }

    #[test]
    fn a_resized_map_is_interpolated_between_the_middles_of_its_places() {
        let map = SaliencyMap { size: 2, values: vec![0.0, 1.0, 0.0, 1.0] };
        assert_eq!(map.resized(2), map);
        assert_eq!(map.resized(4).values[..4], [0.0, 0.25, 0.75, 1.0]);
    }
}
