//! A saliency map as numbers, and back onto the picture it was made of.

use radiograph::Frame;

/// Saliency in (0, 1) of every place of the padded square that the network saw.
#[derive(Clone, Debug, PartialEq)]
pub struct SaliencyMap {
    /// Side of the square.
    pub size: u32,
    /// size × size values, row by row.
    pub values: Vec<f32>,
}

impl SaliencyMap {
    /// The map over the picture itself: `width` × `height` values, bilinear, where `frame` says which part of
    /// the square the picture fills.
    pub fn onto(&self, frame: &Frame, width: u32, height: u32) -> Vec<f32> {
        let place = |at: u32, length: u32, start: u32, extent: u32| {
            start as f32 + (at as f32 + 0.5) * extent as f32 / length.max(1) as f32 - 0.5
        };
        let rows = (0..height).map(|y| place(y, height, frame.top, frame.height));
        rows.flat_map(|y| (0..width).map(move |x| (place(x, width, frame.left, frame.width), y)))
            .map(|(x, y)| self.at(x, y))
            .collect()
    }

    /// The map in a square of another size, bilinear.
    pub fn resized(&self, size: u32) -> Self {
        let whole = Frame { left: 0, top: 0, width: self.size, height: self.size };
        Self { size, values: self.onto(&whole, size, size) }
    }

    /// The values of the part of the square that the picture fills, row by row.
    pub fn within(&self, frame: &Frame) -> Vec<f32> {
        places(frame, self.size).map(|place| self.values[place]).collect()
    }

    /// Mean over the part of the square that the picture fills.
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

/// Where the picture's pixels lie among those of a square of side `size`, row by row.
pub(crate) fn places(frame: &Frame, size: u32) -> impl Iterator<Item = usize> {
    let Frame { left, top, width, height } = *frame;
    (top..top + height).flat_map(move |y| (left..left + width).map(move |x| (y * size + x) as usize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_returns_to_the_part_of_the_square_that_the_picture_fills() {
        // A picture twice as wide as high fills rows 1 and 2 of a 4×4 square.
        let values = (0..16).map(|i| (i / 4) as f32).collect();
        let map = SaliencyMap { size: 4, values };
        let frame = Frame { left: 0, top: 1, width: 4, height: 2 };
        let onto = map.onto(&frame, 4, 2);
        assert_eq!(onto, [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]);
        assert_eq!(map.within(&frame), onto);
        assert_eq!(map.mean(&frame), 1.5);
    }

    #[test]
    fn a_resized_map_is_interpolated_between_the_middles_of_its_places() {
        let map = SaliencyMap { size: 2, values: vec![0.0, 1.0, 0.0, 1.0] };
        assert_eq!(map.resized(2), map);
        assert_eq!(map.resized(4).values[..4], [0.0, 0.25, 0.75, 1.0]);
    }
}
