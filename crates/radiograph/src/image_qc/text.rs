//! Text burned into a picture: small bright shapes of one height, side by side in a line.

use crate::radiograph::Radiograph;
use crate::region::Region;
use crate::resample::{fitted, resample};

/// The longer side at which text is looked for, in pixels: letters of 1 % of the picture are ten
/// pixels high.
const LARGE: u32 = 1024;
/// The least difference in grey between a letter and its darker surroundings.
const CONTRAST: f32 = 0.3;
/// Letters that make a line. Markers of the side and of the technician have one to three.
const LETTERS: usize = 5;

/// Whether there is likely text in the picture: small bright shapes of one height, side by side in
/// a line.
pub fn burned_in_text(radiograph: &Radiograph) -> bool {
    let (width, height) = fitted(radiograph, LARGE);
    let grey = resample(radiograph, &Region::WHOLE, width, height);
    let mut letters = shapes(&bright(&grey, width as usize), width as usize);
    letters.retain(|letter| letter.is_a_letter(f64::from(height.max(width))));
    letters.sort_by_key(|letter| letter.left);
    letters.iter().any(|first| line_from(first, &letters) >= LETTERS)
}

/// Pixels that are much brighter than the mean of the square of 33 around them.
fn bright(grey: &[f32], width: usize) -> Vec<bool> {
    const REACH: usize = 16;
    let height = grey.len() / width;
    // Sums of all that lies above and to the left.
    let mut sums = vec![0.0_f64; (width + 1) * (height + 1)];
    for y in 0..height {
        let mut row = 0.0;
        for x in 0..width {
            row += f64::from(grey[y * width + x]);
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
        }
    }
    let at = |x: usize, y: usize| sums[y * (width + 1) + x];
    (0..grey.len())
        .map(|pixel| {
            let (x, y) = (pixel % width, pixel / width);
            let (left, top) = (x.saturating_sub(REACH), y.saturating_sub(REACH));
            let (right, bottom) = ((x + REACH + 1).min(width), (y + REACH + 1).min(height));
            let sum = at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top);
            f64::from(grey[pixel] - CONTRAST) > sum / ((right - left) * (bottom - top)) as f64
        })
        .collect()
}

/// A connected shape: its bounds, both ends included, and its pixels.
#[derive(Clone, Copy, Debug)]
struct Shape {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
    pixels: usize,
}

impl Shape {
    fn height(&self) -> f64 {
        (self.bottom - self.top + 1) as f64
    }

    fn width(&self) -> f64 {
        (self.right - self.left + 1) as f64
    }

    /// Tells whether the shape may be a letter: 0.7 to 4 % of the picture's side high, hardly wider
    /// than high, and neither a frame nor a full block.
    fn is_a_letter(&self, side: f64) -> bool {
        let filled = self.pixels as f64 / (self.height() * self.width());
        (0.007 * side..0.04 * side).contains(&self.height())
            && self.width() <= 1.6 * self.height()
            && (0.15..0.9).contains(&filled)
    }
}

/// Shapes of pixels that touch, also at their corners.
fn shapes(bright: &[bool], width: usize) -> Vec<Shape> {
    let mut seen = vec![false; bright.len()];
    let mut shapes = Vec::new();
    for start in 0..bright.len() {
        if bright[start] && !seen[start] {
            shapes.push(fill(start, bright, width, &mut seen));
        }
    }
    shapes
}

fn fill(start: usize, bright: &[bool], width: usize, seen: &mut [bool]) -> Shape {
    let (x, y) = (start % width, start / width);
    let mut shape = Shape { left: x, right: x, top: y, bottom: y, pixels: 0 };
    let mut waiting = vec![start];
    seen[start] = true;
    while let Some(pixel) = waiting.pop() {
        let (x, y) = (pixel % width, pixel / width);
        shape.left = shape.left.min(x);
        shape.right = shape.right.max(x);
        shape.top = shape.top.min(y);
        shape.bottom = shape.bottom.max(y);
        shape.pixels += 1;
        for ny in y.saturating_sub(1)..=y + 1 {
            for nx in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                let next = ny * width + nx;
                if next < bright.len() && bright[next] && !seen[next] {
                    seen[next] = true;
                    waiting.push(next);
                }
            }
        }
    }
    shape
}

/// The number of letters in a row from this one: on one line, of like height, and at most 1.2
/// heights apart.
fn line_from(first: &Shape, by_left: &[Shape]) -> usize {
    let (mut last, mut count) = (*first, 1);
    for letter in by_left.iter().filter(|letter| letter.left > first.left) {
        let gap = letter.left as f64 - last.right as f64;
        let level = (letter.bottom as f64 - last.bottom as f64).abs() <= 0.25 * first.height();
        let alike = (0.7..1.45).contains(&(letter.height() / first.height()));
        if level && alike && (0.0..=1.2 * first.height()).contains(&gap) {
            last = *letter;
            count += 1;
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::super::phantoms::{limb, picture};
    use super::*;

    #[test]
    fn a_line_of_letters_is_text_and_a_marker_is_none() {
        // Letters of 12 × 16 pixels: a frame with a bar, as an A.
        let letter = |x: u32, y: u32| !(3..9).contains(&x) || y < 3 || (8..11).contains(&y);
        let with_letters = |count: u32| {
            picture(512, |x, y| {
                let inside =
                    (40..56).contains(&y) && x >= 60 && (x - 60) % 18 < 12 && (x - 60) / 18 < count;
                if inside && letter((x - 60) % 18, y - 40) { 1.0 } else { limb(x, 256) }
            })
        };
        assert!(burned_in_text(&with_letters(8)));
        assert!(!burned_in_text(&with_letters(2)));
        assert!(!burned_in_text(&picture(512, |x, _| limb(x, 256))));
    }
}
