//! The encoder: radiographs in, saliency maps, embeddings and hash codes out.

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::layers::Mode;
use crate::model::{self, Card, Model};
use crate::network::{Architecture, Network};
use crate::saliency_map::SaliencyMap;
use crate::validation::signs;
use burn::tensor::{Tensor, TensorData};
use radiograph::{Input, Preprocess};
use retrieval::{Embedding, HashCode, ModelId};
use std::path::Path;

/// What the network makes of one radiograph.
#[derive(Clone, Debug)]
pub struct Encoding {
    /// Where it looked.
    pub saliency: SaliencyMap,
    /// 512 floats at unit length.
    pub embedding: Embedding,
    /// The code that is searched.
    pub code: HashCode,
}

/// A trained network ready to encode.
pub struct Encoder {
    model: Model,
}

impl Encoder {
    /// Reads a model that `train` wrote.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NotAModel`], [`Error::WeightsUnreadable`] and errors of single weights.
    pub fn load(path: &Path, device: DeviceChoice) -> Result<Self> {
        Ok(Self { model: model::read(path, device)? })
    }

    /// The floor of every comparison: the same network with random weights.
    ///
    /// # Errors
    /// [`Error::WeightsUnwritable`].
    pub fn untrained(
        architecture: &Architecture,
        preprocess: &Preprocess,
        labels: &[String],
        seed: u64,
    ) -> Result<Self> {
        let device = DeviceChoice::Cpu.inference();
        let network = Network::new(architecture, labels.len(), seed, &device);
        let card = Card::new(architecture, preprocess, labels, 0, seed);
        let bytes = model::to_bytes(&network, &card)?;
        Ok(Self { model: model::from_bytes(&bytes, Path::new("untrained network"), &device)? })
    }

    /// Identity of the model: galleries hold codes of one model only.
    pub fn model_id(&self) -> &ModelId {
        &self.model.id
    }

    /// What the model says of itself.
    pub fn card(&self) -> &Card {
        &self.model.card
    }

    /// Bits of a hash code.
    pub fn bits(&self) -> usize {
        self.model.card.architecture.bits
    }

    /// The preprocessing that inputs must have had.
    pub fn preprocess(&self) -> &Preprocess {
        &self.model.card.preprocess
    }

    /// The labels that the model was trained on.
    pub fn labels(&self) -> &[String] {
        &self.model.card.labels
    }

    /// Encodes inputs in one forward pass, in order. Memory grows with the number of inputs: about 4 MB each
    /// at 96 px; give 16 to 64 at a time.
    ///
    /// # Errors
    /// [`Error::InputSize`] for an input that had another preprocessing.
    pub fn encode(&self, inputs: &[Input]) -> Result<Vec<Encoding>> {
        let size = self.preprocess().size;
        if let Some(other) = inputs.iter().find(|input| input.size != size) {
            return Err(Error::InputSize { got: other.size, expected: size });
        }
        if inputs.is_empty() {
            return Ok(Vec::new());
        }
        let side = size as usize;
        let pixels: Vec<f32> = inputs.iter().flat_map(|input| input.pixels.iter().copied()).collect();
        let x = TensorData::new(pixels, [inputs.len(), 1, side, side]);
        let x = Tensor::from_data(x, &DeviceChoice::Cpu.inference());
        let output = self.model.network.forward(x, Mode::Infer);
        let codes = signs(output.hash)?;
        let embeddings = rows(output.embedding);
        let maps = rows(output.saliency.reshape([inputs.len(), side * side]));
        let parts = codes.into_iter().zip(embeddings).zip(maps);
        Ok(parts
            .map(|((code, embedding), values)| Encoding {
                saliency: SaliencyMap { size, values },
                embedding: Embedding::new(embedding),
                code,
            })
            .collect())
    }
}

fn rows(table: Tensor<2>) -> Vec<Vec<f32>> {
    let width = table.dims()[1].max(1);
    let values: Vec<f32> = table.into_data().iter::<f32>().collect();
    values.chunks_exact(width).map(<[f32]>::to_vec).collect()
}
