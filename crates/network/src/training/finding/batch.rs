//! Batches of crops. Pictures are drawn by finding, so that rare lesions are seen often.

use super::config::SaliencyConfig;
use super::crop::{Crop, PLACE, Taught};
use super::lessons::Lessons;
use crate::training::batch::stream;
use burn::tensor::{Device, Tensor, TensorData};
use rand::Rng;
use rand::distr::{Distribution, weighted::WeightedIndex};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// The share of the pictures without a finding that come from the sources that have it. The others
/// are of any source.
const SAME_SOURCE: f64 = 0.75;

/// One batch on the host.
pub(crate) struct Batch {
    /// The crops' pixels, N×side×side.
    pixels: Vec<f32>,
    /// The targets, N×h×w×F.
    targets: Vec<f32>,
    /// The tables `known`, `labels` and `weights`, each N×F.
    known: Vec<f32>,
    labels: Vec<f32>,
    weights: Vec<f32>,
    /// The number of crops, their side, and the number of findings.
    extent: [usize; 3],
}

/// One batch in the form that the loss takes. All but `pixels` end in F, the findings.
pub(crate) struct Lesson {
    /// The crops' pixels (N, 1, H, W).
    pub pixels: Tensor<4>,
    /// The targets (N, H/4, W/4, F).
    pub targets: Tensor<4>,
    /// 1 where targets are known (N, F).
    pub known: Tensor<2>,
    /// The labels (N, F).
    pub labels: Tensor<2>,
    /// The labels' weights (N, F).
    pub weights: Tensor<2>,
}

impl Batch {
    /// Draws the crops of a step, which depend on seed, epoch and step alone.
    pub(crate) fn draw(
        lessons: &Lessons,
        config: &SaliencyConfig,
        seed: u64,
        epoch: usize,
        step: usize,
    ) -> Self {
        let bearing = (config.batch as f64 * config.bearing).round() as usize;
        let one = |i: usize| {
            let mut random = stream(seed, epoch, (step * config.batch + i) as u64);
            crop(lessons, config, i < bearing, &mut random)
        };
        let crops: Vec<(Vec<f32>, Vec<Taught>)> =
            (0..config.batch).into_par_iter().map(one).collect();
        let of = |value: fn(&Taught) -> f32| -> Vec<f32> {
            crops.iter().flat_map(|(_, taught)| taught.iter().map(value)).collect()
        };
        let places = (config.crop / PLACE).pow(2);
        let interleaved = |taught: &Vec<Taught>| -> Vec<f32> {
            (0..places).flat_map(|place| taught.iter().map(move |t| t.places[place])).collect()
        };
        Self {
            targets: crops.iter().flat_map(|(_, taught)| interleaved(taught)).collect(),
            known: of(|taught| f32::from(u8::from(taught.known))),
            labels: of(|taught| taught.label),
            weights: of(|taught| taught.weight),
            pixels: crops.iter().flat_map(|(pixels, _)| pixels.iter().copied()).collect(),
            extent: [config.batch, config.crop, lessons.findings.len()],
        }
    }

    /// Converts the batch to tensors.
    pub(crate) fn tensors(self, device: &Device) -> Lesson {
        let [n, side, findings] = self.extent;
        let table = |values| Tensor::from_data(TensorData::new(values, [n, findings]), device);
        let picture =
            |values, shape: [usize; 4]| Tensor::from_data(TensorData::new(values, shape), device);
        Lesson {
            pixels: picture(self.pixels, [n, 1, side, side]),
            targets: picture(self.targets, [n, side / PLACE, side / PLACE, findings]),
            known: table(self.known),
            labels: table(self.labels),
            weights: table(self.weights),
        }
    }
}

fn crop(
    lessons: &Lessons,
    config: &SaliencyConfig,
    bearing: bool,
    random: &mut ChaCha8Rng,
) -> (Vec<f32>, Vec<Taught>) {
    let lesson =
        &lessons.lessons[if bearing { bears(lessons, random) } else { does_not(lessons, random) }];
    let aimed = random.random::<f64>() < config.aimed;
    let crop = Crop::draw(lesson, config.crop, aimed && bearing, random);
    (crop.pixels(lesson, lessons.size, random), crop.taught(lesson, config))
}

/// Draws a finding, in proportion to the pictures that have it.
fn finding(lessons: &Lessons, random: &mut ChaCha8Rng) -> usize {
    let counts = lessons.bearing.iter().map(Vec::len);
    WeightedIndex::new(counts).map_or(0, |weighted| weighted.sample(random))
}

/// Draws a picture with some finding.
fn bears(lessons: &Lessons, random: &mut ChaCha8Rng) -> usize {
    let pictures = &lessons.bearing[finding(lessons, random)];
    any(pictures, random).unwrap_or_else(|| random.random_range(0..lessons.lessons.len()))
}

/// Draws a picture without some finding, mostly of a source that has it; any picture if there is
/// none.
fn does_not(lessons: &Lessons, random: &mut ChaCha8Rng) -> usize {
    let same_source = random.random::<f64>() < SAME_SOURCE;
    let pictures = &lessons.beside[finding(lessons, random)];
    let found = if same_source { any(pictures, random) } else { None };
    found.unwrap_or_else(|| random.random_range(0..lessons.lessons.len()))
}

fn any(pictures: &[usize], random: &mut ChaCha8Rng) -> Option<usize> {
    (!pictures.is_empty()).then(|| pictures[random.random_range(0..pictures.len())])
}
