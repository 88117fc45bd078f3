//! Several pictures in one file, or several exposures of one plate: an even band that crosses the
//! whole picture.

use crate::radiograph::Radiograph;
use crate::region::Region;
use crate::resample::{fitted, resample};

/// The longer side at which gutters are looked for, in pixels.
const SMALL: u32 = 256;
/// Grey that a gutter's pixels may differ by.
const EVEN: f32 = 0.02;
/// Share of a side that each of several pictures takes at least.
const SHARE: f64 = 0.2;

/// Whether an even band crosses the whole picture, with something to see on both sides: several
/// pictures in one file, or both limbs.
pub fn several_pictures(radiograph: &Radiograph) -> bool {
    let (width, height) = fitted(radiograph, SMALL);
    let small = resample(radiograph, &Region::WHOLE, width, height);
    let (width, height) = (width as usize, height as usize);
    let row = |y: usize| (0..width).map(|x| small[y * width + x]).collect();
    let column = |x: usize| (0..height).map(|y| small[y * width + x]).collect();
    divided(height, row) || divided(width, column)
}

fn divided(count: usize, line: impl Fn(usize) -> Vec<f32>) -> bool {
    let even: Vec<bool> = (0..count)
        .map(|at| {
            let line = line(at);
            let darkest = line.iter().copied().fold(f32::INFINITY, f32::min);
            line.iter().all(|&grey| grey - darkest <= EVEN)
        })
        .collect();
    let least = (SHARE * count as f64) as usize;
    // At least two lines thick, so that it is no row of a ruler or of a grid.
    (least..count.saturating_sub(least + 1)).any(|at| {
        let uneven = |part: &[bool]| part.iter().filter(|&&even| !even).count();
        even[at] && even[at + 1] && uneven(&even[..at]) >= least && uneven(&even[at + 2..]) >= least
    })
}

#[cfg(test)]
mod tests {
    use super::super::phantoms::{limb, picture};
    use super::*;

    #[test]
    fn a_band_between_two_pictures_is_seen_and_one_beside_a_picture_is_not() {
        let texture = |x: u32, y: u32| ((x * 7 + y * 13) % 17) as f32 / 60.0;
        assert!(!several_pictures(&picture(256, |x, y| limb(x, 128) + texture(x, y))));
        assert!(several_pictures(&picture(256, |x, y| match x {
            0..125 => limb(x, 60) + texture(x, y),
            125..131 => 0.0,
            _ => limb(x, 190) + texture(x, y),
        })));
        assert!(!several_pictures(&picture(256, |x, y| if x < 60 {
            0.0
        } else {
            limb(x, 150) + texture(x, y)
        })));
    }
}
