//! Random changes of training pictures, so that the code does not depend on the scanner or the
//! patient's position.

use crate::training::config::Augmentation;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// A changed copy of a square picture of `size`×`size` in [0, 1].
pub(crate) fn augment(
    pixels: &[f32],
    size: usize,
    amounts: &Augmentation,
    random: &mut ChaCha8Rng,
) -> Vec<f32> {
    let placement = Placement::draw(size as f32, amounts, random);
    let mut out: Vec<f32> = (0..size * size)
        .map(|i| sample(pixels, size, placement.source((i % size) as f32, (i / size) as f32)))
        .collect();
    change_tones(&mut out, amounts, random);
    out
}

/// A uniform draw in ±`amount`.
pub(crate) fn around(amount: f32, random: &mut ChaCha8Rng) -> f32 {
    (random.random::<f32>() * 2.0 - 1.0) * amount
}

/// The source of a new picture's pixels: rotation, scale, aspect, shift and flip.
struct Placement {
    centre: f32,
    cos: f32,
    sin: f32,
    shift: (f32, f32),
    /// The factors of x and y; below 0 they mirror.
    factors: (f32, f32),
}

impl Placement {
    fn draw(size: f32, amounts: &Augmentation, random: &mut ChaCha8Rng) -> Self {
        let angle = around(amounts.rotation, random).to_radians();
        let zoom = 1.0 / (1.0 + around(amounts.scale, random));
        let shift = (around(amounts.shift, random) * size, around(amounts.shift, random) * size);
        let flip = if random.random::<f32>() < amounts.flip { -1.0 } else { 1.0 };
        // Nothing is drawn if the aspect does not change: such a configuration gives the same run
        // for a seed as without the field.
        let aspect =
            if amounts.aspect > 0.0 { (around(amounts.aspect, random) / 2.0).exp() } else { 1.0 };
        let factors = (flip / aspect, aspect);
        Self {
            centre: (size - 1.0) / 2.0,
            cos: angle.cos() * zoom,
            sin: angle.sin() * zoom,
            shift,
            factors,
        }
    }

    fn source(&self, x: f32, y: f32) -> (f32, f32) {
        let (fx, fy) = self.factors;
        let (x, y) = ((x - self.centre) * fx - self.shift.0, (y - self.centre) * fy - self.shift.1);
        (self.cos * x - self.sin * y + self.centre, self.sin * x + self.cos * y + self.centre)
    }
}

/// Samples bilinearly; black outside.
pub(crate) fn sample(pixels: &[f32], size: usize, (x, y): (f32, f32)) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (dx, dy) = (x - left, y - top);
    let at = |x: f32, y: f32| {
        let inside = x >= 0.0 && y >= 0.0 && x < size as f32 && y < size as f32;
        if inside { pixels[y as usize * size + x as usize] } else { 0.0 }
    };
    let upper = at(left, top) * (1.0 - dx) + at(left + 1.0, top) * dx;
    let lower = at(left, top + 1.0) * (1.0 - dx) + at(left + 1.0, top + 1.0) * dx;
    upper * (1.0 - dy) + lower * dy
}

/// Gamma, contrast, brightness, noise; the result stays in [0, 1].
fn change_tones(pixels: &mut [f32], amounts: &Augmentation, random: &mut ChaCha8Rng) {
    let gamma = around(amounts.gamma, random).exp();
    let contrast = 1.0 + around(amounts.contrast, random);
    let brightness = around(amounts.brightness, random);
    // A uniform draw of half-width σ√3 has the standard deviation σ.
    let noise = random.random::<f32>() * amounts.noise * 3f32.sqrt();
    for p in pixels {
        let value = (p.powf(gamma) - 0.5) * contrast + 0.5 + brightness + around(noise, random);
        *p = value.clamp(0.0, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn still() -> Augmentation {
        Augmentation {
            rotation: 0.0,
            shift: 0.0,
            scale: 0.0,
            aspect: 0.0,
            flip: 0.0,
            brightness: 0.0,
            contrast: 0.0,
            gamma: 0.0,
            noise: 0.0,
        }
    }

    #[test]
    fn no_change_is_no_change_and_a_flip_mirrors() {
        let picture: Vec<f32> = (0..16).map(|i| i as f32 / 16.0).collect();
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let same = augment(&picture, 4, &still(), &mut random);
        assert!(same.iter().zip(&picture).all(|(a, b)| (a - b).abs() < 1e-6));
        let flipped = augment(&picture, 4, &Augmentation { flip: 1.0, ..still() }, &mut random);
        assert!((flipped[0] - picture[3]).abs() < 1e-6 && (flipped[7] - picture[4]).abs() < 1e-6);
    }

    #[test]
    fn an_aspect_stretches_one_side_and_shrinks_the_other() {
        let amounts = Augmentation { aspect: 0.4, ..still() };
        let placement = Placement::draw(9.0, &amounts, &mut ChaCha8Rng::seed_from_u64(1));
        let (x, y) = placement.source(8.0, 8.0);
        assert!((x - 8.0).abs() > 1e-3, "drawn close to 1");
        assert!(((x - 4.0) * (y - 4.0) - 16.0).abs() < 1e-4, "the area stays: {x}, {y}");
    }

    #[test]
    fn the_same_seed_gives_the_same_picture_within_bounds() {
        let picture: Vec<f32> = (0..64).map(|i| (i % 7) as f32 / 6.0).collect();
        let draw = |seed| {
            augment(&picture, 8, &Augmentation::default(), &mut ChaCha8Rng::seed_from_u64(seed))
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        assert!(draw(3).iter().all(|p| (0.0..=1.0).contains(p)));
    }
}
