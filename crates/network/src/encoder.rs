//! The encoder: radiographs in, saliency maps, embeddings and hash codes out, by the frozen network.

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::model::{self, Card, Model};
use crate::network::{Architecture, Network};
use crate::plan::Plan;
use crate::resnet::FEATURES;
use crate::saliency_map::SaliencyMap;
use crate::weights;
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
    card: Card,
    id: ModelId,
    plan: Plan,
}

impl Encoder {
    /// Reads a model that `train` wrote.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NotAModel`], [`Error::WeightsUnreadable`] and errors of single weights.
    pub fn load(path: &Path, device: DeviceChoice) -> Result<Self> {
        Ok(Self::freeze(model::read(path, device)?))
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
        Ok(Self::freeze(model::from_bytes(&bytes, Path::new("untrained network"), &device)?))
    }

    fn freeze(model: Model) -> Self {
        let plan = Plan::new(&model.card.architecture, &weights::collect(&model.network));
        Self { card: model.card, id: model.id, plan }
    }

    /// Identity of the model: galleries hold codes of one model only.
    pub fn model_id(&self) -> &ModelId {
        &self.id
    }

    /// What the model says of itself.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Bits of a hash code.
    pub fn bits(&self) -> usize {
        self.card.architecture.bits
    }

    /// The preprocessing that inputs must have had.
    pub fn preprocess(&self) -> &Preprocess {
        &self.card.preprocess
    }

    /// The labels that the model was trained on.
    pub fn labels(&self) -> &[String] {
        &self.card.labels
    }

    /// Multiplications and additions that one picture takes, counted as if no convolution took a short cut.
    pub fn operations(&self) -> usize {
        self.plan.operations(self.preprocess().size as usize)
    }

    /// Encodes inputs, in order. Memory does not grow with their number beyond what they and the results take; sixteen
    /// at a time go through the network, fewer than that use it less well.
    ///
    /// # Errors
    /// [`Error::InputSize`] for an input that had another preprocessing.
    pub fn encode(&self, inputs: &[Input]) -> Result<Vec<Encoding>> {
        let size = self.preprocess().size;
        if let Some(other) = inputs.iter().find(|input| input.size != size) {
            return Err(Error::InputSize { got: other.size, expected: size });
        }
        let side = size as usize;
        let pixels: Vec<f32> = inputs.iter().flat_map(|input| input.pixels.iter().copied()).collect();
        let encoded = rayon::scope(|_| self.plan.run(&pixels, side));
        let maps = encoded.saliency.chunks_exact((side * side).max(1));
        let rows = encoded.embedding.chunks_exact(FEATURES).zip(encoded.hash.chunks_exact(self.bits()));
        maps.zip(rows)
            .map(|(map, (embedding, hash))| {
                Ok(Encoding {
                    saliency: SaliencyMap { size, values: map.to_vec() },
                    embedding: Embedding::new(embedding.to_vec()),
                    code: HashCode::from_signs(hash)?,
                })
            })
            .collect()
    }
}
