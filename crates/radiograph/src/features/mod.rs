//! Hand-made descriptors of a preprocessed picture, to compare with learnt embeddings.

mod hog;
mod lbp;
pub mod radon;

use serde::{Deserialize, Serialize};

use crate::resample::resample;
use crate::{Input, Radiograph, Region};

/// A descriptor. Each is a vector of finite floats that are not negative; a black picture's are
/// zeros but for [`Feature::Lbp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Feature {
    /// Histograms of oriented gradients (Dalal and Triggs 2005): (c − 1)² · 36 floats from 0 to 1
    /// for c × c cells of 8 × 8 pixels, c being the side over 8, at least 2 and at most 8: 1764 of
    /// any picture from 64 pixels.
    Hog,
    /// Local binary patterns (Ojala et al. 2002): 8 · 8 · 59 = 3776 floats from 0 to 1.
    Lbp,
    /// Projections by the Radon transform (Tizhoosh 2015): 8 · 46 = 368 floats from 0 to √2.
    Radon,
}

impl Feature {
    /// Describes a picture.
    ///
    /// Values that a picture is too small for are 0. An input whose pixels do not fill its square
    /// counts as one without pixels; [`Preprocess::apply`](crate::Preprocess::apply) never gives
    /// one.
    #[must_use]
    pub fn describe(self, input: &Input) -> Vec<f32> {
        match self {
            Self::Hog => hog::describe(input),
            Self::Lbp => lbp::describe(input),
            Self::Radon => radon::projections(input),
        }
    }
}

/// A square picture.
struct Picture {
    side: usize,
    /// Row by row.
    pixels: Vec<f32>,
}

impl Picture {
    /// The input with `side` × `side` pixels: as it is, means over areas, or enlarged. None without
    /// pixels.
    fn new(input: &Input, side: u32) -> Option<Self> {
        let radiograph = Radiograph::new(input.size, input.size, input.pixels.clone()).ok()?;
        Some(Self {
            side: side as usize,
            pixels: resample(&radiograph, &Region::WHOLE, side, side),
        })
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        self.pixels[y * self.side + x]
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer;
    use serde::de::value::{Error, StrDeserializer};

    use super::*;
    use crate::{Frame, Preprocess};

    const ALL: [Feature; 3] = [Feature::Hog, Feature::Lbp, Feature::Radon];

    /// A picture with something everywhere.
    fn input(size: u32) -> Input {
        let pixels = (0..size * size).map(|i| (i * 7919 % 101) as f32 / 100.0).collect();
        Input { size, pixels, frame: Frame::full(size) }
    }

    #[test]
    fn lengths_are_as_documented() {
        let lengths = |size: u32| ALL.map(|feature| feature.describe(&input(size)).len());
        for size in [64, 96, 128, 224] {
            assert_eq!(lengths(size), [1764, 3776, 368]);
        }
        assert_eq!(lengths(60), [1296, 3776, 368]);
        assert_eq!(lengths(16), [36, 3776, 368]);
    }

    #[test]
    fn pictures_of_any_size_have_finite_features() {
        for size in [1, 2, 3, 7, 8, 9, 31, 33] {
            for feature in ALL {
                let described = feature.describe(&input(size));
                assert!(
                    described.iter().all(|value| value.is_finite() && *value >= 0.0),
                    "{feature:?} at {size}"
                );
            }
        }
        let sums = |size| ALL.map(|feature| feature.describe(&input(size)).iter().sum::<f32>());
        assert_eq!(sums(1), [0.0; 3]);
        let [hog, lbp, radon] = sums(8);
        assert!(hog > 0.0 && lbp > 0.0 && radon > 0.0);
    }

    #[test]
    fn inputs_without_pixels_are_described_by_zeros() {
        let frame = Frame::full(1);
        for input in [(0, 0), (4, 3), (u32::MAX, 5)].map(|(size, n)| Input {
            size,
            pixels: vec![1.0; n],
            frame,
        }) {
            for feature in ALL {
                let described = feature.describe(&input);
                assert!(
                    !described.is_empty() && described.iter().all(|&value| value == 0.0),
                    "{feature:?}"
                );
            }
            assert!(radon::barcode(&input).iter().all(|&bit| !bit));
        }
    }

    #[test]
    fn what_preprocessing_gives_is_described() {
        let pixels = (0..50 * 40).map(|i| (i % 50) as f32 / 50.0).collect();
        let input = Preprocess::default().apply(&Radiograph::new(50, 40, pixels).unwrap());
        assert!(ALL.iter().all(|feature| feature.describe(&input).iter().sum::<f32>() > 1.0));
    }

    #[test]
    fn configurations_name_features_in_lower_case() {
        let read = |name: &'static str| {
            let name: StrDeserializer<'_, Error> = name.into_deserializer();
            Feature::deserialize(name)
        };
        assert_eq!(["hog", "lbp", "radon"].map(|name| read(name).unwrap()), ALL);
        assert!(read("HOG").is_err());
    }
}
