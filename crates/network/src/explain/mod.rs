//! Measurements of saliency. `pointing` and `peaks` compare maps with boxes that experts drew,
//! beside the maps of `masks` and Grad-CAM. `brightness` tests whether maps show more than
//! brightness. `perturb` tests whether codes depend on what maps show. `sanity`, by `agreement`,
//! tests whether maps depend on what the network learned. `leakage` tests whether maps alone give
//! the class away. `evidence` is no map of the network's: it finds by trial what makes two pictures
//! similar.

pub mod agreement;
pub mod brightness;
pub mod evidence;
mod grad_cam;
pub mod leakage;
pub mod masks;
pub mod peaks;
pub mod perturb;
pub mod pointing;
#[cfg(test)]
mod samples;
pub mod sanity;

use crate::device::DeviceChoice;
use crate::error::Result;
use crate::inference::check_size;
use crate::inference::saliency_map::SaliencyMap;
use crate::model::file::{self, Card};
use crate::model::layers::Mode;
use crate::model::network::Network;
use burn::tensor::{Device, Tensor, TensorData};
pub use grad_cam::Target;
use radiograph::Input;
use retrieval::{Embedding, HashCode};
use std::path::Path;

/// The number of pictures that go through the network together.
const BATCH: usize = 16;

/// A trained network that is not frozen, on the processor. It gives results that an encoder does
/// not.
pub struct Explainer {
    network: Network,
    card: Card,
}

impl Explainer {
    /// Reads a model that `train` wrote.
    ///
    /// # Errors
    /// Those of [`crate::Encoder::load`].
    pub fn load(path: &Path) -> Result<Self> {
        let model = file::read(path, DeviceChoice::Cpu)?;
        Ok(Self { network: model.network, card: model.card })
    }

    /// The model's description of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The network's own maps, in order. They are all ones for a network without saliency.
    ///
    /// # Errors
    /// [`crate::Error::InputSize`] for an input that had another preprocessing.
    pub fn saliency(&self, inputs: &[Input]) -> Result<Vec<SaliencyMap>> {
        by_batches(inputs, |batch| {
            Ok(squares(self.network.saliency_of(self.tensor(batch)?, Mode::Infer)))
        })
    }

    /// Codes of pictures under given maps of any size, in order.
    ///
    /// # Errors
    /// [`crate::Error::InputSize`] for an input that had another preprocessing, and errors of
    /// codes.
    pub fn codes_under(&self, pictures: &[(&Input, &SaliencyMap)]) -> Result<Vec<HashCode>> {
        by_batches(pictures, |batch| {
            let x = self.tensor(batch.iter().map(|(input, _)| *input))?;
            let maps =
                batch.iter().flat_map(|(_, map)| map.resized(self.card.preprocess.size).values);
            let saliency = planes(maps.collect(), x.dims());
            let signs = values(self.network.forward_with_saliency(x, saliency, Mode::Infer).hash);
            let rows = signs.chunks_exact(self.card.architecture.bits);
            rows.map(|row| Ok(HashCode::from_signs(row)?)).collect()
        })
    }

    /// X (N, 1, H, W) of inputs with the model's preprocessing.
    fn tensor<'a>(&self, inputs: impl IntoIterator<Item = &'a Input>) -> Result<Tensor<4>> {
        let size = self.card.preprocess.size;
        let (mut pixels, mut count) = (Vec::new(), 0);
        for input in inputs {
            check_size(input, size)?;
            pixels.extend_from_slice(&input.pixels);
            count += 1;
        }
        Ok(planes(pixels, [count, 1, size as usize, size as usize]))
    }
}

/// The results for all items, computed for [`BATCH`] at a time.
fn by_batches<T, R>(items: &[T], mut run: impl FnMut(&[T]) -> Result<Vec<R>>) -> Result<Vec<R>> {
    let mut results = Vec::with_capacity(items.len());
    for batch in items.chunks(BATCH) {
        results.extend(run(batch)?);
    }
    Ok(results)
}

/// A tensor on the processor.
fn planes(values: Vec<f32>, shape: [usize; 4]) -> Tensor<4> {
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The maps of a tensor of squares with one channel, wherever the channel dimension is.
fn squares(maps: Tensor<4>) -> Vec<SaliencyMap> {
    let side = maps.dims()[2];
    let values = values(maps);
    let map = |values: &[f32]| SaliencyMap { size: side as u32, values: values.to_vec() };
    values.chunks_exact(side * side).map(map).collect()
}

/// Values stretched from 0, the least, to 1, the largest; all 0 if they are equal.
fn stretched(values: &[f32]) -> Vec<f32> {
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let range = values.iter().copied().fold(f32::NEG_INFINITY, f32::max) - least;
    values.iter().map(|v| if range > 0.0 { (v - least) / range } else { 0.0 }).collect()
}

/// The cosine of two embeddings, which have length 1.
fn cosine(a: &Embedding, b: &Embedding) -> f64 {
    a.values().iter().zip(b.values()).map(|(a, b)| f64::from(a * b)).sum()
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let count = values.len().max(1);
    values.sum::<f64>() / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::encoder::Encoder;
    use crate::model::file;

    #[test]
    fn a_loaded_model_gives_the_maps_and_codes_of_its_encoder() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let made = samples::explainer(5);
        std::fs::write(&path, file::to_bytes(&made.network, &made.card).unwrap()).unwrap();
        let explainer = Explainer::load(&path).unwrap();
        assert_eq!(explainer.card(), &made.card);
        // More than one batch.
        let inputs = samples::inputs(BATCH + 1);
        let encodings = Encoder::load(&path, DeviceChoice::Cpu).unwrap().encode(&inputs).unwrap();
        let maps = explainer.saliency(&inputs).unwrap();
        let pictures: Vec<_> = inputs.iter().zip(&maps).collect();
        let codes = explainer.codes_under(&pictures).unwrap();
        assert_eq!((maps.len(), codes.len()), (inputs.len(), inputs.len()));
        for (encoding, (map, code)) in encodings.iter().zip(maps.iter().zip(&codes)) {
            let pairs = encoding.saliency.values.iter().zip(&map.values);
            assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-4));
            // A value near 0 may round to the other sign.
            assert!(encoding.code.distance(code) <= 1);
        }
    }

    #[test]
    fn an_input_of_another_size_is_refused() {
        let mut inputs = samples::inputs(2);
        inputs[1].size = 16;
        let message = samples::explainer(5).saliency(&inputs).unwrap_err().to_string();
        assert!(message.contains("input is 16×16"), "{message}");
    }

    #[test]
    fn values_are_stretched() {
        assert_eq!(stretched(&[3.0, 1.0, 2.0]), [1.0, 0.0, 0.5]);
        assert_eq!(stretched(&[2.0, 2.0]), [0.0, 0.0]);
    }
}
