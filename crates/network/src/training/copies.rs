//! Copies of a picture: the same radiograph, placed and exposed a little differently, as in another
//! export of it.

use crate::training::augment::augment;
use crate::training::config::Augmentation;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Changes that leave a picture the same.
const CHANGES: Augmentation = Augmentation {
    rotation: 4.0,
    shift: 0.02,
    scale: 0.04,
    aspect: 0.0,
    flip: 0.0,
    brightness: 0.03,
    contrast: 0.05,
    gamma: 0.25,
    noise: 0.01,
};

/// A copy of picture number `index`, `size`×`size` in [0, 1]. The same number gives the same
/// changes.
pub(crate) fn copy(pixels: &[f32], size: usize, index: usize) -> Vec<f32> {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    random.set_stream(index as u64);
    augment(pixels, size, &CHANGES, &mut random)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DeviceChoice;
    use crate::inference::encoder::{Encoder, Encoding};
    use radiograph::dataset::Dataset;
    use radiograph::{Input, Limits};
    use std::collections::HashSet;
    use std::path::Path;

    #[test]
    fn a_copy_is_near_its_picture_and_named_by_its_number() {
        let picture: Vec<f32> = (0..96 * 96)
            .map(|i| 0.5 + 0.4 * ((i % 96) as f32 * 0.1).sin() * ((i / 96) as f32 * 0.07).cos())
            .collect();
        let apart = |a: &[f32], b: &[f32]| {
            a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
        };
        let copies: Vec<Vec<f32>> = (0..4).map(|index| copy(&picture, 96, index)).collect();
        assert!(copies.iter().all(|copy| (0.001..0.15).contains(&apart(copy, &picture))));
        assert_eq!(copies[3], copy(&picture, 96, 3));
        assert_ne!(copies[3], copies[2]);
    }

    /// The samples, and their encodings by the shipped model.
    fn samples(encoder: &Encoder) -> (Vec<Input>, Vec<Encoding>) {
        let samples =
            Dataset::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples")).unwrap();
        let read = |path| radiograph::read(path, &Limits::default()).unwrap().0;
        let inputs: Vec<Input> = samples
            .items
            .iter()
            .map(|item| encoder.preprocess().apply(&read(&item.path)))
            .collect();
        let encodings = encoder.encode(&inputs).unwrap();
        (inputs, encodings)
    }

    #[test]
    fn the_model_that_ships_tells_pictures_of_a_class_apart_and_knows_their_copies() {
        let model =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/skiagraph.safetensors");
        let encoder = Encoder::load(&model, DeviceChoice::Cpu).unwrap();
        let (inputs, originals) = samples(&encoder);
        let distinct: HashSet<Vec<u8>> = originals.iter().map(|e| e.code.to_bytes()).collect();
        assert!(distinct.len() * 100 >= 99 * originals.len(), "{} codes", distinct.len());
        let copied: Vec<usize> = (0..inputs.len()).step_by(3).collect();
        let of = |&i: &usize| Input { pixels: copy(&inputs[i].pixels, 96, i), ..inputs[i].clone() };
        let copies = encoder.encode(&copied.iter().map(of).collect::<Vec<_>>()).unwrap();
        let found = |apart: &dyn Fn(&Encoding, &Encoding) -> f32| {
            let first = |(&own, copy): (&usize, &Encoding)| {
                let nearest = apart(copy, &originals[own]);
                (0..originals.len()).all(|i| i == own || apart(copy, &originals[i]) > nearest)
            };
            copied.iter().zip(&copies).filter(|&pair| first(pair)).count() as f64
                / copied.len() as f64
        };
        let by_code = found(&|a, b| a.code.distance(&b.code) as f32);
        let by_embedding = found(&|a, b| a.embedding.distance(&b.embedding));
        assert!(
            by_code >= 0.85 && by_embedding >= 0.97,
            "{by_code} by code, {by_embedding} by embedding"
        );
    }
}
