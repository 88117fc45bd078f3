//! The saliency network as a file: weights in safetensors, and a card that names each map's
//! finding.

use crate::error::{Error, Result};
use crate::model::network::{Network, Taught};
use crate::model::saliency::AttentionFcn;
use crate::model::weights::{self, Weights};
use radiograph::Preprocess;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// The prefix of its weights' names, as in the model file of a whole network.
const PREFIX: &str = "saliency.";
/// The layout that this version writes.
const VERSION: u32 = 1;
/// The most findings that a file may name, so that no card asks for a network without limit.
const MOST_FINDINGS: usize = 256;

/// The description of itself that a saliency network's file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingCard {
    /// The version of this card's layout.
    pub saliency_version: u32,
    /// The findings that its maps show, in order.
    pub findings: Vec<String>,
    /// The number of training pictures with boxes, by finding. A map without any was taught by
    /// labels alone and does not localise.
    pub boxed: Vec<usize>,
    /// The preprocessing that it was trained with, and must be used with.
    pub preprocess: Preprocess,
    /// The number of epochs.
    pub epochs: usize,
    /// The training seed.
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
        Self {
            saliency_version: VERSION,
            findings: findings.to_vec(),
            boxed,
            preprocess,
            epochs,
            seed,
        }
    }

    fn check(&self) -> std::result::Result<(), String> {
        let (version, findings, size) =
            (self.saliency_version, self.findings.len(), self.preprocess.size);
        let rules = [
            (
                version == VERSION,
                format!(
                    "its version is {version}, expected {VERSION}: use the program that wrote it"
                ),
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

/// The weights of a network by their names in a model file.
pub(crate) fn named(network: &AttentionFcn) -> Weights {
    weights::collect(network)
        .into_iter()
        .map(|(name, weight)| (format!("{PREFIX}{name}"), weight))
        .collect()
}

/// The bytes of the file, weights as f16.
pub(crate) fn to_bytes(network: &AttentionFcn, card: &FindingCard) -> Result<Vec<u8>> {
    let card = serde_json::to_string(card)
        .map_err(|e| Error::WeightsUnwritable { reason: e.to_string() })?;
    weights::to_bytes(&named(network), true, &card)
}

/// A saliency network with the weights of a file, to train them further. It must have as many
/// findings.
///
/// # Errors
/// Those of [`read`], and errors of single weights.
pub(crate) fn start_from(network: AttentionFcn, path: &Path) -> Result<AttentionFcn> {
    Ok(weights::apply(network, without_prefix(read(path)?.0))?.0)
}

/// A network whose saliency network is that of a file.
///
/// # Errors
/// Those of [`read`], and errors of single weights.
pub(crate) fn placed(network: Network, path: &Path) -> Result<Network> {
    let mut all = weights::collect(&network);
    all.extend(read(path)?.0);
    Ok(weights::apply(network, all)?.0)
}

/// The settings for a network that uses the saliency network of a file, whose preprocessing must be
/// the configuration's.
///
/// # Errors
/// Those of [`read`], and [`Error::NotASaliencyNetwork`] for one with another preprocessing.
pub(crate) fn taught(path: &Path, preprocess: &Preprocess, backbone: usize) -> Result<Taught> {
    let (_, card) = read(path)?;
    if card.preprocess == *preprocess {
        return Ok(Taught { findings: card.findings.len(), backbone });
    }
    let reason = format!(
        "it takes {:?}, the section [preprocess] says {preprocess:?}: make them the same",
        card.preprocess
    );
    Err(Error::NotASaliencyNetwork { path: path.into(), reason })
}

/// Reads the file of a saliency network.
///
/// # Errors
/// [`Error::File`], [`Error::NotASaliencyNetwork`], [`Error::WeightsUnreadable`] and errors of
/// single weights.
pub(crate) fn read(path: &Path) -> Result<(Weights, FindingCard)> {
    let bytes = std::fs::read(path).map_err(|source| Error::File { path: path.into(), source })?;
    from_bytes(&bytes, path)
}

/// Reads weights and card from bytes, and checks each weight's shape; `path` is for messages.
fn from_bytes(bytes: &[u8], path: &Path) -> Result<(Weights, FindingCard)> {
    let (file, card) = weights::from_bytes(bytes, path)?;
    let wrong = |reason: String| Error::NotASaliencyNetwork { path: path.into(), reason };
    let card = card.ok_or_else(|| wrong("it has no card".to_owned()))?;
    let card: FindingCard = serde_json::from_str(&card).map_err(|e| wrong(e.to_string()))?;
    card.check().map_err(wrong)?;
    let device = burn::tensor::Device::flex();
    let blank = AttentionFcn::of_findings(
        &mut crate::model::layers::Init::new(0, &device),
        card.findings.len(),
    );
    let (network, _) = weights::apply(blank, without_prefix(file))?;
    Ok((named(&network), card))
}

fn without_prefix(weights: Weights) -> Weights {
    weights
        .into_iter()
        .filter_map(|(name, weight)| Some((name.strip_prefix(PREFIX)?.to_owned(), weight)))
        .collect()
}
