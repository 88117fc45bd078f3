//! The saliency network as a file: weights in safetensors, and a card that says which finding each map shows.

use crate::error::{Error, Result};
use crate::saliency::AttentionFcn;
use crate::weights::{self, Weights};
use radiograph::Preprocess;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What stands before the names of its weights, as in the model file of a whole network.
const PREFIX: &str = "saliency.";
/// The layout that this version writes.
const VERSION: u32 = 1;
/// Findings that a file may name, so that no card asks for a network without limit.
const MOST_FINDINGS: usize = 256;

/// What the file of a saliency network says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingCard {
    /// Layout of this card.
    pub saliency_version: u32,
    /// What its maps show, in their order.
    pub findings: Vec<String>,
    /// Training pictures with boxes, by finding; a map of none was taught by labels alone and does not localise.
    pub boxed: Vec<usize>,
    /// The preprocessing that it was trained with, and must be used with.
    pub preprocess: Preprocess,
    /// Epochs.
    pub epochs: usize,
    /// Training seed.
    pub seed: u64,
}

impl FindingCard {
    /// The card of a network of this version.
    pub(crate) fn new(
        findings: &[String],
        boxed: Vec<usize>,
        preprocess: Preprocess,
        epochs: usize,
        seed: u64,
    ) -> Self {
        Self { saliency_version: VERSION, findings: findings.to_vec(), boxed, preprocess, epochs, seed }
    }

    fn check(&self) -> std::result::Result<(), String> {
        let (version, findings, size) = (self.saliency_version, self.findings.len(), self.preprocess.size);
        let rules = [
            (
                version == VERSION,
                format!("its version is {version}, expected {VERSION}: use the program that wrote it"),
            ),
            (
                (1..=MOST_FINDINGS).contains(&findings) && self.boxed.len() == findings,
                format!(
                    "it names {findings} findings and {} counts, expected as many, 1 to {MOST_FINDINGS}",
                    self.boxed.len()
                ),
            ),
            (
                size.is_multiple_of(16),
                format!("its pictures are {size} pixels wide, expected a multiple of 16"),
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

/// Weights of a network under the names of a model file.
pub(crate) fn named(network: &AttentionFcn) -> Weights {
    weights::collect(network).into_iter().map(|(name, weight)| (format!("{PREFIX}{name}"), weight)).collect()
}

/// Bytes of the file, weights as f16.
pub(crate) fn to_bytes(network: &AttentionFcn, card: &FindingCard) -> Result<Vec<u8>> {
    let card = serde_json::to_string(card).map_err(|e| Error::WeightsUnwritable { reason: e.to_string() })?;
    weights::to_bytes(&named(network), true, &card)
}

/// The weights and the card that these bytes hold, each weight of the shape it must have; `path` is for messages.
pub(crate) fn from_bytes(bytes: &[u8], path: &Path) -> Result<(Weights, FindingCard)> {
    let (file, card) = weights::from_bytes(bytes, path)?;
    let wrong = |reason: String| Error::NotASaliencyNetwork { path: path.into(), reason };
    let card = card.ok_or_else(|| wrong("it has no card".to_owned()))?;
    let card: FindingCard = serde_json::from_str(&card).map_err(|e| wrong(e.to_string()))?;
    card.check().map_err(wrong)?;
    let own =
        file.into_iter().filter_map(|(name, weight)| Some((name.strip_prefix(PREFIX)?.to_owned(), weight)));
    let device = burn::tensor::Device::flex();
    let blank = AttentionFcn::of_findings(&mut crate::layers::Init::new(0, &device), card.findings.len());
    let (network, _) = weights::apply(blank, own.collect())?;
    Ok((named(&network), card))
}
