//! The encoder: a frozen network that turns radiographs into saliency maps, embeddings and hash
//! codes.

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::inference::check_size;
use crate::inference::finder::Finder;
use crate::inference::plan::{Encoded, Plan};
use crate::inference::saliency_map::SaliencyMap;
use crate::kernels::on_processor;
use crate::model::file::{self, Card, Model};
use crate::model::layers::Mode;
use crate::model::network::{Architecture, Network};
use crate::model::weights;
use burn::tensor::{Device, Tensor, TensorData};
use radiograph::{Frame, Input, Preprocess, Radiograph};
use retrieval::{Embedding, HashCode, ModelId};
use std::path::Path;

/// The network's result for one radiograph.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// The saliency map.
    pub saliency: SaliencyMap,
    /// The embedding: a point at unit length, of [`Architecture::embedding_length`] floats.
    pub embedding: Embedding,
    /// The hash code, by which it is searched.
    pub code: HashCode,
}

/// A map of where to look in a radiograph.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The saliency of each place.
    pub map: SaliencyMap,
    /// The picture's place in the map's square.
    pub frame: Frame,
    /// The highest value of each finding's map. Empty without a finder.
    pub findings: Vec<(String, f32)>,
}

/// A trained network ready to encode.
pub struct Encoder {
    card: Card,
    id: ModelId,
    engine: Engine,
    /// The length of its codes: all bits of the network, or the first of them.
    bits: usize,
    /// The finder, whose maps replace the network's own in [`Encoder::look`].
    finder: Option<Finder>,
}

/// The implementation that runs the network.
enum Engine {
    /// The frozen plan, on the processor.
    Plan(Box<Plan>),
    /// Burn, on another device.
    Network(Box<Network>, Device),
}

/// The number of pictures that go to another device together.
const BATCH: usize = 64;

impl Encoder {
    /// Reads a model that `train` wrote.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NotAModel`], [`Error::WeightsUnreadable`] and errors of single
    /// weights.
    pub fn load(path: &Path, device: DeviceChoice) -> Result<Self> {
        Ok(Self::freeze(file::read(path, device)?))
    }

    /// An encoder with random weights: the baseline of every comparison. It lacks an embedding
    /// layer, which would have to be fitted.
    ///
    /// # Errors
    /// [`Error::WeightsUnwritable`].
    pub fn untrained(
        architecture: &Architecture,
        preprocess: &Preprocess,
        labels: &[String],
        seed: u64,
    ) -> Result<Self> {
        let device = Device::flex();
        let architecture = Architecture { embedding: None, ..architecture.clone() };
        let network = Network::new(&architecture, labels.len(), seed, &device);
        let card = Card::new(&architecture, preprocess, labels, 0, seed);
        let bytes = file::to_bytes(&network, &card)?;
        Ok(Self::freeze(file::from_bytes(&bytes, Path::new("untrained network"), &device)?))
    }

    fn freeze(model: Model) -> Self {
        let device = model.network.device();
        let engine = if on_processor(&device) {
            Engine::Plan(Box::new(Plan::new(
                &model.card.architecture,
                &weights::collect(&model.network),
            )))
        } else {
            Engine::Network(Box::new(model.network), device)
        };
        Self {
            bits: model.card.architecture.bits,
            card: model.card,
            id: model.id,
            engine,
            finder: None,
        }
    }

    /// An encoder of shorter codes: the first bits of the model's own. To a gallery they are
    /// another model's codes. It has no estimator, as that was fitted to the whole codes.
    ///
    /// # Errors
    /// [`Error::CodeLength`] where the model was not trained for that length.
    pub fn shortened(mut self, bits: usize) -> Result<Self> {
        let expected: Vec<usize> = self.card.architecture.code_lengths().collect();
        if !expected.contains(&bits) {
            return Err(Error::CodeLength { got: bits, expected });
        }
        if bits != self.bits {
            self.id = ModelId(format!("{}-first-{bits}", self.id));
            self.card.estimator = None;
            self.bits = bits;
        }
        Ok(self)
    }

    /// Adds a saliency network of findings, whose maps [`Encoder::look`] then shows. Codes stay the
    /// same.
    pub fn with_finder(self, finder: Finder) -> Self {
        Self { finder: Some(finder), ..self }
    }

    /// Tells whether [`Encoder::look`] shows where findings may lie.
    pub fn has_finder(&self) -> bool {
        self.finder.is_some()
    }

    /// A map of where to look in a radiograph: S², S being the union of the maps of findings if
    /// there is a finder, otherwise the network's own saliency map. Squaring leaves the peaks and
    /// removes the haze between them.
    ///
    /// # Errors
    /// Those of [`Encoder::encode`].
    pub fn look(&self, radiograph: &Radiograph) -> Result<Look> {
        let Some(finder) = &self.finder else {
            let input = self.preprocess().apply(radiograph);
            let map = self.encode(std::slice::from_ref(&input))?.remove(0).saliency;
            return Ok(Look { map, frame: input.frame, findings: Vec::new() });
        };
        let input = finder.preprocess().apply(radiograph);
        let maps = finder.find(std::slice::from_ref(&input))?.remove(0);
        let highest = |map: &SaliencyMap| map.values.iter().copied().fold(0.0, f32::max);
        let highest = maps.by_finding.iter().map(highest);
        let findings = finder.card().findings.iter().cloned().zip(highest).collect();
        Ok(Look { map: maps.union().squared(), frame: input.frame, findings })
    }

    /// The identity of the model. A gallery holds codes of one model only.
    pub fn model_id(&self) -> &ModelId {
        &self.id
    }

    /// The model's description of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The length of a hash code in bits.
    pub fn bits(&self) -> usize {
        self.bits
    }

    /// The preprocessing that inputs must have had.
    pub fn preprocess(&self) -> &Preprocess {
        &self.card.preprocess
    }

    /// The labels that the model was trained on.
    pub fn labels(&self) -> &[String] {
        &self.card.labels
    }

    /// The number of multiplications and additions for one picture, counted as if no convolution
    /// took a short cut.
    pub fn operations(&self) -> usize {
        let size = self.preprocess().size as usize;
        match &self.engine {
            Engine::Plan(plan) => plan.operations(size),
            Engine::Network(network, _) => {
                Plan::new(&self.card.architecture, &weights::collect(&**network)).operations(size)
            }
        }
    }

    /// The hash layer's outputs u for one row of its inputs: an embedding, or 512 features without
    /// an embedding layer.
    pub(crate) fn hash_of(&self, row: &[f32]) -> Vec<f32> {
        match &self.engine {
            Engine::Plan(plan) => plan.hash_of(row),
            Engine::Network(network, device) => {
                let row = Tensor::from_data(TensorData::new(row.to_vec(), [1, row.len()]), device);
                network.hash_of(row).into_data().iter::<f32>().collect()
            }
        }
    }

    /// Encodes inputs, in order. Memory does not grow with their number beyond the inputs and
    /// results. Sixteen at a time go through the network; fewer use it less well.
    ///
    /// # Errors
    /// [`Error::InputSize`] for an input that had another preprocessing.
    pub fn encode(&self, inputs: &[Input]) -> Result<Vec<Encoding>> {
        let size = self.preprocess().size;
        inputs.iter().try_for_each(|input| check_size(input, size))?;
        let side = size as usize;
        let pixels: Vec<f32> =
            inputs.iter().flat_map(|input| input.pixels.iter().copied()).collect();
        let encoded = match &self.engine {
            // It runs within the pool, so that the calling thread works, too.
            Engine::Plan(plan) => rayon::scope(|_| plan.run(&pixels, side)),
            Engine::Network(network, device) => by_network(network, device, &pixels, side),
        };
        let maps = encoded.saliency.chunks_exact((side * side).max(1));
        let rows = encoded
            .embedding
            .chunks_exact(self.card.architecture.embedding_length())
            .zip(encoded.hash.chunks_exact(self.card.architecture.bits));
        maps.zip(rows)
            .map(|(map, (embedding, hash))| {
                Ok(Encoding {
                    saliency: SaliencyMap { size, values: map.to_vec() },
                    embedding: Embedding::new(embedding.to_vec()),
                    code: HashCode::from_signs(&hash[..self.bits])?,
                })
            })
            .collect()
    }
}

fn by_network(network: &Network, device: &Device, pixels: &[f32], side: usize) -> Encoded {
    let mut encoded = Encoded::default();
    for batch in pixels.chunks(BATCH * side * side) {
        let shape = [batch.len() / (side * side), 1, side, side];
        let x = Tensor::from_data(TensorData::new(batch.to_vec(), shape), device);
        let output = network.forward(x, Mode::Infer);
        encoded.saliency.extend(output.saliency.into_data().iter::<f32>());
        encoded.embedding.extend(output.embedding.into_data().iter::<f32>());
        encoded.hash.extend(output.hash.into_data().iter::<f32>());
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::embedding::EmbeddingParts;

    #[test]
    fn a_shortened_code_is_the_first_bits() {
        let architecture = Architecture { bits: 48, nested: vec![16], ..Architecture::default() };
        let preprocess = Preprocess { size: 32, ..Preprocess::default() };
        let encoder = || Encoder::untrained(&architecture, &preprocess, &[], 3).unwrap();
        let pixels: Vec<f32> = (0..32 * 32).map(|i| (i as f32 * 0.013).sin().abs()).collect();
        let frame = radiograph::Frame::full(32);
        let input = Input { size: 32, pixels, frame };
        let (whole, short) = (encoder(), encoder().shortened(16).unwrap());
        let [a, b] =
            [&whole, &short].map(|e| e.encode(std::slice::from_ref(&input)).unwrap()[0].code);
        assert_eq!(a.to_bytes()[..2], b.to_bytes()[..]);
        assert!(whole.model_id() != short.model_id());
        let message = encoder().shortened(32).err().unwrap().to_string();
        assert!(message.contains("32") && message.contains("16, 48"), "{message}");
    }

    #[test]
    fn both_engines_encode_alike() {
        for embedding in [None, Some(EmbeddingParts { labels: 24, likeness: 20 })] {
            let architecture = Architecture { bits: 16, embedding, ..Architecture::default() };
            let network = Network::new(&architecture, 3, 1, &Device::flex());
            let plan = Plan::new(&architecture, &weights::collect(&network));
            let pixels: Vec<f32> =
                (0..2 * 32 * 32).map(|i| (i as f32 * 0.01).sin().abs()).collect();
            let (a, b) =
                (plan.run(&pixels, 32), by_network(&network, &Device::flex(), &pixels, 32));
            for (a, b) in [(a.saliency, b.saliency), (a.embedding, b.embedding)] {
                assert_eq!(a.len(), b.len());
                assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4));
            }
        }
    }
}
