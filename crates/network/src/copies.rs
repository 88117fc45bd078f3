//! Copies of a picture: the same radiograph, placed and exposed a little differently, as another export of it would be.

use crate::augment::augment;
use crate::config::Augmentation;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What does not make another picture.
const CHANGES: Augmentation = Augmentation {
    rotation: 4.0,
    shift: 0.02,
    scale: 0.04,
    flip: 0.0,
    brightness: 0.03,
    contrast: 0.05,
    gamma: 0.25,
    noise: 0.01,
};

/// A copy of picture number `index`, `size`×`size` in [0, 1]; the same number gives the same changes.
pub(crate) fn copy(pixels: &[f32], size: usize, index: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    random.set_stream(index as u64);
    augment(pixels, size, &CHANGES, &mut random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_near_its_picture_and_named_by_its_number() {
        let picture: Vec<f32> = (0..96 * 96)
            .map(|i| 0.5 + 0.4 * ((i % 96) as f32 * 0.1).sin() * ((i / 96) as f32 * 0.07).cos())
            .collect();
        let apart =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32;
        let copies: Vec<Vec<f32>> = (0..4).map(|index| copy(&picture, 96, index)).collect();
        assert!(copies.iter().all(|copy| (0.001..0.15).contains(&apart(copy, &picture))));
        assert_eq!(copies[3], copy(&picture, 96, 3));
        assert_ne!(copies[3], copies[2]);
    }
}
