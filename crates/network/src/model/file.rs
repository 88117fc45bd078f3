//! A model as a file: weights in safetensors, and a card with all that is needed to use them.

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::model::network::{Architecture, Network};
use crate::model::weights;
use burn::tensor::Device;
use radiograph::Preprocess;
use retrieval::ModelId;
use retrieval::estimate::Estimator;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::Path;

/// A model file's description of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The version of this card's layout.
    pub version: u32,
    /// The network.
    pub architecture: Architecture,
    /// The preprocessing it was trained with, and must be used with.
    pub preprocess: Preprocess,
    /// The labels it was trained on.
    pub labels: Vec<String>,
    /// The epoch that validation chose, from 1; 0 if untrained.
    pub epoch: usize,
    /// The training seed.
    pub seed: u64,
    /// True if the hash layer was fitted to the features after training.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fitted: bool,
    /// The estimator of relevance, fitted on the validation part; `None` if that did not suffice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimator: Option<Estimator>,
}

/// The layout that this version writes. It reads all before: layout 1 has no embedding layer.
const VERSION: u32 = 2;

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
        let (architecture, preprocess, labels) =
            (architecture.clone(), preprocess.clone(), labels.to_vec());
        Self {
            version: VERSION,
            architecture,
            preprocess,
            labels,
            epoch,
            seed,
            fitted: false,
            estimator: None,
        }
    }
}

impl Card {
    /// Checks before a network is made that it can be. Returns the reason if not.
    fn check(&self) -> std::result::Result<(), String> {
        match self.version {
            1..=VERSION => self.architecture.check(),
            other => Err(format!(
                "its version is {other}, expected 1 to {VERSION}: use the program that wrote it"
            )),
        }
    }
}

/// The bytes of a model file, weights as f16.
pub(crate) fn to_bytes(network: &Network, card: &Card) -> Result<Vec<u8>> {
    let card = serde_json::to_string(card)
        .map_err(|e| Error::WeightsUnwritable { reason: e.to_string() })?;
    weights::to_bytes(&weights::collect(&network.without_proxies()), true, &card)
}

/// Reads a model from bytes; `path` is for messages.
pub(crate) fn from_bytes(bytes: &[u8], path: &Path, device: &Device) -> Result<Model> {
    let (weights, card) = weights::from_bytes(bytes, path)?;
    let card = card.ok_or_else(|| Error::NotAModel { path: path.into() })?;
    let wrong = |reason: String| Error::WeightsUnreadable {
        path: path.into(),
        reason: format!("model card: {reason}"),
    };
    let card: Card = serde_json::from_str(&card).map_err(|e| wrong(e.to_string()))?;
    card.check().map_err(wrong)?;
    let network = Network::new(&card.architecture, card.labels.len(), 0, device);
    let (network, _) = weights::apply(network, weights)?;
    Ok(Model { network, id: id_of(bytes, &card), card })
}

/// The identity of a model: its bits, and the start of the SHA-256 of the file, card and
/// preprocessing included.
fn id_of(bytes: &[u8], card: &Card) -> ModelId {
    let digest = hex::encode(&Sha256::digest(bytes)[..8]);
    ModelId(format!("skiagraph-{}-{digest}", card.architecture.bits))
}

/// Reads a model file.
pub(crate) fn read(path: &Path, device: DeviceChoice) -> Result<Model> {
    let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
    from_bytes(&bytes, path, &device.open()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The error for a model file in whose card one text was replaced by another.
    fn refusal(bytes: &[u8], from: &str, to: &str) -> String {
        // The header is JSON after its length; it holds the card as text, with quotes escaped.
        let length = u64::from_le_bytes(*bytes.first_chunk().unwrap()) as usize;
        let header = str::from_utf8(&bytes[8..8 + length]).unwrap();
        assert!(header.contains(from), "{from}");
        let header = header.replacen(from, to, 1);
        let changed =
            [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &bytes[8 + length..]]
                .concat();
        refused(&changed)
    }

    fn refused(bytes: &[u8]) -> String {
        let read = from_bytes(bytes, Path::new("some.safetensors"), &Device::flex());
        read.err().expect("no model").to_string()
    }

    #[test]
    fn cards_and_bytes_that_make_no_sense_are_refused_before_a_network_is_made() {
        let (architecture, preprocess) = (Architecture::default(), Preprocess::default());
        let card = Card::new(&architecture, &preprocess, &["a".to_owned()], 0, 0);
        let network = Network::new(&architecture, 1, 0, &Device::flex());
        let bytes = to_bytes(&network, &card).unwrap();
        for (from, to, said) in [
            (
                r#"\"bits\":64"#,
                r#"\"bits\":960000000000"#,
                "bits is 960000000000, expected a multiple of 16",
            ),
            (r#"\"bits\":64"#, r#"\"bits\":0"#, "bits is 0"),
            (r#"\"bits\":64"#, r#"\"bits\":64,\"nested\":[128]"#, "nested has another number"),
            (r#"\"version\":2"#, r#"\"version\":3"#, "version is 3, expected 1 to 2"),
            (
                r#"\"attention\":false"#,
                r#"\"attention\":false,\"embedding\":{\"labels\":9000000000,\"likeness\":1}"#,
                "9000000000 label bits",
            ),
            (r#"\"size\":128"#, r#"\"size\":100000000"#, "size is 100000000, expected 1 to 4096"),
            (r#"\"labels\":[\"a\"]"#, r#"\"labels\":7"#, "model card"),
            (r#""shape":[64]"#, r#""shape":[18446744073709551615]"#, "not a readable weights file"),
            (r#""shape":[64]"#, r#""shape":[63]"#, "not a readable weights file"),
        ] {
            let message = refusal(&bytes, from, to);
            assert!(message.contains(said), "{message}, expected {said}");
        }
        for length in [0, 1, 7, 8, 100, 5000, bytes.len() - 1] {
            assert!(
                refused(&bytes[..length]).contains("not a readable weights file"),
                "{length} bytes"
            );
        }
        let boast = [&u64::MAX.to_le_bytes()[..], &bytes[8..200]].concat();
        assert!(refused(&boast).contains("not a readable weights file"));
    }
}
