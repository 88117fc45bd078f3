//! Batches of an epoch's pictures. Pictures are decoded once, changed anew each time, and made
//! ahead of the training step.

use crate::training::augment::augment;
use crate::training::config::{Augmentation, TrainConfig};
use crate::training::targets::Vocabulary;
use burn::tensor::{Device, Tensor, TensorData};
use radiograph::dataset::{Item, Skipped};
use radiograph::{Limits, Preprocess};
use rand::distr::{Distribution, weighted::WeightedIndex};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::mpsc::{Receiver, sync_channel};

/// The number of batches made ahead of the step that takes them.
const AHEAD: usize = 2;

/// Pictures at training size with their labels. They are held as 16-bit grey: 18 kB a picture at 96
/// px.
pub(crate) struct Pictures {
    pub size: usize,
    pixels: Vec<Vec<u16>>,
    /// Label indices of each picture.
    pub labels: Vec<Vec<usize>>,
    /// The frequency of drawing each, relative to the others.
    weights: Vec<f64>,
}

impl Pictures {
    /// Decodes `items` in parallel. Those that fail are left out and listed with the reason. Also
    /// returns the indices of the kept items.
    pub(crate) fn load(
        items: &[&Item],
        vocabulary: &Vocabulary,
        preprocess: &Preprocess,
    ) -> (Self, Vec<usize>, Vec<Skipped>) {
        let limits = Limits::default();
        let read = |item: &&Item| -> std::result::Result<Vec<u16>, Skipped> {
            let (picture, _) = radiograph::read(&item.path, &limits)
                .map_err(|e| Skipped { name: item.name.clone(), reason: e.to_string() })?;
            Ok(preprocess
                .apply(&picture)
                .pixels
                .iter()
                .map(|p| (p * 65535.0).round() as u16)
                .collect())
        };
        let decoded: Vec<_> = items.par_iter().map(read).collect();
        let mut sources = HashMap::<&Option<String>, usize>::new();
        items.iter().for_each(|item| *sources.entry(&item.source).or_default() += 1);
        let mut pictures = Self {
            size: preprocess.size as usize,
            pixels: vec![],
            labels: vec![],
            weights: vec![],
        };
        let (mut kept, mut skipped) = (vec![], vec![]);
        for (i, (item, pixels)) in items.iter().zip(decoded).enumerate() {
            match pixels {
                Ok(pixels) => {
                    let labels = vocabulary.indices(item);
                    pictures
                        .weights
                        .push(vocabulary.sampling_weight(&labels, sources[&item.source]));
                    pictures.pixels.push(pixels);
                    pictures.labels.push(labels);
                    kept.push(i);
                }
                Err(reason) => skipped.push(reason),
            }
        }
        (pictures, kept, skipped)
    }

    pub(crate) fn len(&self) -> usize {
        self.pixels.len()
    }

    fn floats(&self, index: usize) -> Vec<f32> {
        self.pixels[index].iter().map(|&p| f32::from(p) / 65535.0).collect()
    }

    /// The pixels of the pictures `range`, unchanged, one picture after the other.
    pub(crate) fn pixels(&self, range: std::ops::Range<usize>) -> Vec<f32> {
        range.flat_map(|i| self.floats(i)).collect()
    }

    /// The order of an epoch: as many draws as there are pictures, by weight. It depends on the
    /// seed and the epoch alone.
    fn order(&self, seed: u64, epoch: usize) -> Vec<usize> {
        let mut random = stream(seed, epoch, u64::MAX);
        match WeightedIndex::new(&self.weights) {
            Ok(weighted) => (0..self.len()).map(|_| weighted.sample(&mut random)).collect(),
            // No picture has a label, so all have the same weight.
            Err(_) => (0..self.len()).map(|_| random.random_range(0..self.len())).collect(),
        }
    }
}

/// A separate random stream for every picture of every epoch, so that threads do not matter.
pub(crate) fn stream(seed: u64, epoch: usize, position: u64) -> ChaCha8Rng {
    let mut random =
        ChaCha8Rng::seed_from_u64(seed ^ (epoch as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    random.set_stream(position);
    random
}

/// A batch on a device.
pub(crate) struct BatchTensors {
    /// X (N, 1, H, W).
    pub x: Tensor<4>,
    /// y (N, C): 1 for each label of a picture.
    pub present: Tensor<2>,
    /// ŷ (N, C): y weighted by the labels' weights, with a sum of 1.
    pub share: Tensor<2>,
}

/// One batch on the host.
pub(crate) struct Batch {
    pictures: Vec<f32>,
    present: Vec<f32>,
    share: Vec<f32>,
    /// The number of pictures, their side, and the number of labels.
    pub extent: [usize; 3],
}

impl Batch {
    /// Copies the batch to a device.
    pub(crate) fn tensors(self, device: &Device) -> BatchTensors {
        let [n, size, classes] = self.extent;
        let table = |values| Tensor::from_data(TensorData::new(values, [n, classes]), device);
        let pictures = TensorData::new(self.pictures, [n, 1, size, size]);
        BatchTensors {
            x: Tensor::from_data(pictures, device),
            present: table(self.present),
            share: table(self.share),
        }
    }
}

fn make(
    pictures: &Pictures,
    vocabulary: &Vocabulary,
    amounts: &Augmentation,
    seeds: (u64, usize),
    drawn: &[usize],
    first: usize,
) -> Batch {
    let changed: Vec<Vec<f32>> = drawn
        .par_iter()
        .enumerate()
        .map(|(i, &index)| {
            let mut random = stream(seeds.0, seeds.1, (first + i) as u64);
            augment(&pictures.floats(index), pictures.size, amounts, &mut random)
        })
        .collect();
    let (present, share): (Vec<_>, Vec<_>) =
        drawn.iter().map(|&i| vocabulary.rows(&pictures.labels[i])).unzip();
    let extent = [drawn.len(), pictures.size, vocabulary.labels().len()];
    Batch { pictures: changed.concat(), present: present.concat(), share: share.concat(), extent }
}

/// The number of batches of an epoch. The last one is left out if it is not full. Each view of a
/// picture counts as one.
pub(crate) fn steps(pictures: usize, batch: usize) -> usize {
    (pictures / batch).max(1)
}

/// Runs `consume` over the batches of an epoch, which another thread makes ahead.
pub(crate) fn for_each_batch<E>(
    pictures: &Pictures,
    vocabulary: &Vocabulary,
    config: &TrainConfig,
    epoch: usize,
    consume: impl FnOnce(Receiver<Batch>) -> Result<(), E>,
) -> Result<(), E> {
    let (seed, size) = (config.optimisation.seed, config.optimisation.batch.min(pictures.len()));
    let (order, views) = (pictures.order(seed, epoch), config.loss.views());
    let drawn = (size / views).max(1);
    let batch = |i: usize| {
        let rows = order[i * drawn..][..drawn].repeat(views);
        make(pictures, vocabulary, &config.augmentation, (seed, epoch), &rows, i * size)
    };
    ahead(steps(pictures.len(), size), batch, consume)
}

/// Runs `consume` over `count` batches, which another thread makes ahead.
pub(crate) fn ahead<B: Send, E>(
    count: usize,
    make: impl Fn(usize) -> B + Send,
    consume: impl FnOnce(Receiver<B>) -> Result<(), E>,
) -> Result<(), E> {
    let (sender, receiver) = sync_channel(AHEAD);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for i in 0..count {
                // The receiver is gone if training stopped early, with its own error.
                if sender.send(make(i)).is_err() {
                    break;
                }
            }
        });
        consume(receiver)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of 1 × 1 pixels with weights.
    fn pictures(weights: &[f64]) -> Pictures {
        let count = weights.len();
        let pixels = (0..count).map(|i| vec![i as u16]).collect();
        Pictures { size: 1, pixels, labels: vec![vec![]; count], weights: weights.to_vec() }
    }

    #[test]
    fn an_epochs_order_follows_from_seed_and_epoch_alone() {
        let pictures = pictures(&[1.0; 50]);
        assert_eq!(pictures.order(3, 1), pictures.order(3, 1));
        assert_ne!(pictures.order(3, 1), pictures.order(3, 2));
        assert_ne!(pictures.order(3, 1), pictures.order(4, 1));
        assert_eq!(pictures.order(3, 1).len(), 50, "as many draws as pictures");
    }

    #[test]
    fn pictures_are_drawn_by_their_weight() {
        let pictures = pictures(&[0.0, 3.0, 1.0]);
        let drawn: Vec<usize> = (0..1000).flat_map(|epoch| pictures.order(0, epoch)).collect();
        let count = |index| drawn.iter().filter(|&&other| other == index).count();
        assert_eq!(count(0), 0);
        assert!((2100..2400).contains(&count(1)), "three of four: {}", count(1));
    }

    #[test]
    fn without_weights_every_picture_is_drawn() {
        let pictures = pictures(&[0.0; 4]);
        let drawn: Vec<usize> = (0..100).flat_map(|epoch| pictures.order(0, epoch)).collect();
        assert!((0..4).all(|index| drawn.contains(&index)));
    }

    #[test]
    fn the_last_batch_is_left_out_where_it_is_not_full() {
        assert_eq!((steps(64, 32), steps(65, 32), steps(95, 32), steps(5, 32)), (2, 2, 2, 1));
    }

    #[test]
    fn batches_come_in_their_order_and_stop_with_their_taker() {
        let all = ahead(5, |i| i, |batches| Err::<(), _>(Vec::from_iter(batches)));
        assert_eq!(all, Err(vec![0, 1, 2, 3, 4]));
        let stopped = ahead(1000, |i| i, |batches| batches.iter().nth(1).map_or(Ok(()), Err));
        assert_eq!(stopped, Err(1));
    }
}
