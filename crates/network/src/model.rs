//! A model as a file: weights in safetensors, and a card that says all that is needed to use them.

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::network::{Architecture, Network};
use crate::weights;
use burn::tensor::Device;
use radiograph::Preprocess;
use retrieval::ModelId;
use retrieval::estimate::Estimator;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// What a model file says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Layout of this card.
    pub version: u32,
    /// The network.
    pub architecture: Architecture,
    /// The preprocessing it was trained with, and must be used with.
    pub preprocess: Preprocess,
    /// The labels it was trained on.
    pub labels: Vec<String>,
    /// Epoch that validation chose, from 1; 0 is untrained.
    pub epoch: usize,
    /// Training seed.
    pub seed: u64,
    /// How likely a neighbour is relevant, fitted on the validation part; none where that did not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimator: Option<Estimator>,
}

/// The layout that this version writes.
const VERSION: u32 = 1;

/// A network ready for use.
pub(crate) struct Model {
    pub network: Network,
    pub card: Card,
    pub id: ModelId,
}

impl Card {
    /// The card of a network trained with this seed, as of `epoch`.
    pub(crate) fn new(
        architecture: &Architecture,
        preprocess: &Preprocess,
        labels: &[String],
        epoch: usize,
        seed: u64,
    ) -> Self {
        let (architecture, preprocess, labels) = (architecture.clone(), preprocess.clone(), labels.to_vec());
        Self { version: VERSION, architecture, preprocess, labels, epoch, seed, estimator: None }
    }
}

/// Bytes of a model file, weights as f16.
pub(crate) fn to_bytes(network: &Network, card: &Card) -> Result<Vec<u8>> {
    let card = serde_json::to_string(card).map_err(|e| Error::WeightsUnwritable { reason: e.to_string() })?;
    weights::to_bytes(&weights::collect(&network.without_proxies()), true, &card)
}

/// The model that these bytes hold; `path` is for messages.
pub(crate) fn from_bytes(bytes: &[u8], path: &Path, device: &Device) -> Result<Model> {
    let (weights, card) = weights::from_bytes(bytes, path)?;
    let card = card.ok_or_else(|| Error::NotAModel { path: path.into() })?;
    let card: Card = serde_json::from_str(&card)
        .map_err(|e| Error::WeightsUnreadable { path: path.into(), reason: format!("model card: {e}") })?;
    let network = Network::new(&card.architecture, card.labels.len(), 0, device);
    let (network, _) = weights::apply(network, weights)?;
    Ok(Model { network, id: id_of(bytes, &card), card })
}

/// Identity of a model: bits, and the start of the SHA-256 of the file, card and preprocessing included.
fn id_of(bytes: &[u8], card: &Card) -> ModelId {
    let digest: String = Sha256::digest(bytes).iter().take(8).map(|b| format!("{b:02x}")).collect();
    ModelId(format!("skiagraph-{}-{digest}", card.architecture.bits))
}

/// Reads a model file.
pub(crate) fn read(path: &Path, device: DeviceChoice) -> Result<Model> {
    let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
    from_bytes(&bytes, path, &device.open()?)
}
