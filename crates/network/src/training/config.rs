//! A training experiment as a TOML file: every value has a documented default.

use crate::error::{Error, Result};
use crate::model::network::Architecture;
use crate::training::finding::SaliencyConfig;
use crate::training::loss::HashLoss;
use radiograph::Preprocess;
use retrieval::estimate::LabelKinds;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// One experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainConfig {
    /// What is learned from.
    pub data: DataConfig,
    /// Preprocessing, in training and in use.
    pub preprocess: Preprocess,
    /// The network.
    pub architecture: Architecture,
    /// Weights of the loss terms.
    pub loss: LossConfig,
    /// Random changes of training pictures.
    pub augmentation: Augmentation,
    /// Steps and learning rate.
    pub optimisation: Optimisation,
    /// Which labels name parts of the body and which nothing found: what estimates of relevance are
    /// fitted to.
    pub relevance: LabelKinds,
    /// The saliency network that is taught where findings lie, for `train --stage saliency`.
    pub saliency: SaliencyConfig,
}

/// What is learned from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// Share of the training units (patients or groups) kept for choosing the epoch.
    pub validation: f64,
    /// Whether the view (`view=PA`) is a label too.
    pub view_labels: bool,
    /// Labels whose radiographs are neither learned from nor judged by, to try what a model makes
    /// of the unknown.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// Seed of the cut into training and validation, apart from the training seed.
    pub split_seed: u64,
}

impl Default for DataConfig {
    fn default() -> Self {
        Self { validation: 0.1, view_labels: true, leave_out: Vec::new(), split_seed: 0 }
    }
}

/// Weights of the loss terms:
/// L = hash + λc·CE + λi·instance + λd·erased + λa·area + λt·variation + λq·disagreement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LossConfig {
    /// Which loss trains the code.
    pub hash: HashLoss,
    /// Labels that do not make two pictures similar for losses of pairs and triplets, besides the
    /// views: such as share little else.
    pub pair_labels_except: Vec<String>,
    /// s of OrthoHash; none is √K.
    pub scale: Option<f32>,
    /// m of OrthoHash.
    pub margin: f32,
    /// λc: classification of the modified image.
    pub classification: f32,
    /// λi: two views of a picture are near, other pictures apart, by their embeddings. Where it is
    /// above 0, a batch has half as many pictures, each in two views.
    pub instance: f32,
    /// τ of the term `instance`.
    pub instance_temperature: f32,
    /// λd: what is erased must not tell the class.
    pub erased: f32,
    /// λa: mean saliency beyond `area_allowed`.
    pub area: f32,
    /// a₀.
    pub area_allowed: f32,
    /// λt: total variation of the map.
    pub variation: f32,
    /// λq: the map of a flipped picture is the flipped map.
    pub disagreement: f32,
    /// Share of each batch that the second passes (erased, flipped) are taken over.
    pub probe_share: f32,
}

impl LossConfig {
    /// Views of each picture in a batch.
    pub(crate) fn views(&self) -> usize {
        if self.instance > 0.0 { 2 } else { 1 }
    }
}

impl Default for LossConfig {
    fn default() -> Self {
        Self {
            hash: HashLoss::OrthoHash,
            pair_labels_except: vec!["chest".to_owned()],
            scale: None,
            margin: 0.3,
            classification: 0.5,
            instance: 0.0,
            instance_temperature: 0.1,
            erased: 0.1,
            area: 1.0,
            area_allowed: 0.4,
            variation: 0.1,
            disagreement: 1.0,
            probe_share: 0.125,
        }
    }
}

/// Random changes of a training picture; each amount is the half-width of a uniform draw around no
/// change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Degrees.
    pub rotation: f32,
    /// Share of the side.
    pub shift: f32,
    /// Share of the size.
    pub scale: f32,
    /// Logarithm of the width's share of the height: pictures that were squeezed must not be told
    /// by it.
    pub aspect: f32,
    /// Probability of a left–right flip.
    pub flip: f32,
    /// Added grey.
    pub brightness: f32,
    /// Share of the contrast.
    pub contrast: f32,
    /// Logarithm of the gamma exponent.
    pub gamma: f32,
    /// Largest standard deviation of added noise.
    pub noise: f32,
}

impl Default for Augmentation {
    fn default() -> Self {
        Self {
            rotation: 10.0,
            shift: 0.08,
            scale: 0.15,
            aspect: 0.0,
            flip: 0.5,
            brightness: 0.1,
            contrast: 0.2,
            gamma: 0.3,
            noise: 0.03,
        }
    }
}

/// Steps and learning rate (AdamW, Loshchilov and Hutter 2019; cosine after a linear warm-up).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Optimisation {
    /// Passes over as many pictures as the training part has.
    pub epochs: usize,
    /// Pictures that go through the network together; memory grows with them.
    pub batch: usize,
    /// Batches whose gradients are averaged for a step of the optimiser.
    pub accumulate: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Epochs over which it rises from 0; may be a fraction.
    pub warm_up: f64,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// Seed of weights, sampling and augmentation.
    pub seed: u64,
    /// Code lengths, ascending, for which embedding and hash layer are fitted when all else is
    /// trained; empty keeps the hash layer as it was trained, and the features as the embedding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fit: Vec<usize>,
    /// What to start from: torchvision ResNet-18 weights (.pth or .safetensors) for the backbone,
    /// or a model of this program, of which every weight is taken that has a place of its name and
    /// shape. The stage saliency starts from a saliency network.
    pub pretrained: Option<PathBuf>,
}

impl Default for Optimisation {
    fn default() -> Self {
        Self {
            epochs: 20,
            batch: 32,
            accumulate: 1,
            learning_rate: 1e-3,
            warm_up: 1.0,
            weight_decay: 0.05,
            seed: 0,
            fit: Vec::new(),
            pretrained: None,
        }
    }
}

impl Optimisation {
    /// Whether codes can have the lengths that are fitted; the reason if not.
    fn check_fit(&self) -> std::result::Result<(), String> {
        let Some((&bits, nested)) = self.fit.split_last() else { return Ok(()) };
        let ascends = self.fit.windows(2).all(|pair| pair[0] < pair[1]);
        let fitted = Architecture { bits, nested: nested.to_vec(), ..Architecture::default() };
        match ascends {
            true => fitted.check().map_err(|reason| format!("optimisation.fit: {reason}")),
            false => {
                Err(format!("optimisation.fit is {:?}, expected lengths that ascend", self.fit))
            }
        }
    }
}

impl TrainConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// [`Error::File`] and [`Error::Config`], which says what is allowed.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::File { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    /// Parses and checks a configuration; `path` is for messages.
    ///
    /// # Errors
    /// [`Error::Config`], which says what is allowed.
    pub fn parse(text: &str, path: &Path) -> Result<Self> {
        let wrong = |reason: String| Error::Config { path: path.into(), reason };
        let config: Self = toml::from_str(text).map_err(|e| wrong(e.to_string()))?;
        config.check().map_err(wrong)?;
        match config.architecture.embedding {
            Some(_) => Err(wrong(
                "architecture.embedding is not trained, expected none: optimisation.fit fits it"
                    .to_owned(),
            )),
            None => Ok(config),
        }
    }

    /// Whether every value makes sense; the reason if not.
    pub(crate) fn check(&self) -> std::result::Result<(), String> {
        self.architecture.check()?;
        self.optimisation.check_fit()?;
        self.saliency.check()?;
        let (size, o) = (self.preprocess.size, &self.optimisation);
        let rules = [
            (
                size % 32 == 0 && (32..=1024).contains(&size),
                format!("preprocess.size is {size}, expected a multiple of 32 from 32 to 1024"),
            ),
            (
                o.batch >= 2,
                format!(
                    "optimisation.batch is {}, expected at least 2 (batch normalisation)",
                    o.batch
                ),
            ),
            (
                o.batch.is_multiple_of(self.loss.views()),
                format!(
                    "optimisation.batch is {}, expected an even number for loss.instance",
                    o.batch
                ),
            ),
            (
                self.loss.instance_temperature > 0.0,
                format!(
                    "loss.instance_temperature is {}, expected above 0",
                    self.loss.instance_temperature
                ),
            ),
            (
                self.architecture.taught.is_none() || self.saliency.network.is_some(),
                "architecture.taught follows from saliency.network, which is not given".to_owned(),
            ),
            (o.accumulate >= 1, "optimisation.accumulate is 0, expected at least 1".to_owned()),
            (o.epochs >= 1, "optimisation.epochs is 0, expected at least 1".to_owned()),
            (
                o.learning_rate > 0.0,
                format!("optimisation.learning_rate is {}, expected above 0", o.learning_rate),
            ),
            (
                (0.0..=0.5).contains(&self.data.validation),
                format!("data.validation is {}, expected 0 to 0.5", self.data.validation),
            ),
            (
                (0.0..=1.0).contains(&self.loss.probe_share),
                format!("loss.probe_share is {}, expected 0 to 1", self.loss.probe_share),
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, reason)| Err(reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TrainConfig> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        TrainConfig::read(file.path())
    }

    #[test]
    fn an_empty_file_is_the_default() {
        assert_eq!(read("").unwrap(), TrainConfig::default());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let message = |text| read(text).unwrap_err().to_string();
        assert!(message("[architecture]\nbits = 20").contains("architecture.bits is 20"));
        assert!(message("[architecture]\nbitz = 64").contains("bitz"));
        assert!(message("[optimisation]\naccumulate = 0").contains("accumulate is 0"));
        assert!(message("[optimisation]\nfit = [64, 32]").contains("lengths that ascend"));
        assert!(
            message("[optimisation]\nfit = [20]")
                .contains("optimisation.fit: architecture.bits is 20")
        );
        let embedding = "[architecture.embedding]\nlabels = 8\nlikeness = 8";
        assert!(message(embedding).contains("optimisation.fit fits it"));
        assert!(
            message("[loss]\ninstance = 1.0\n[optimisation]\nbatch = 33").contains("even number")
        );
        assert!(
            message("[loss]\ninstance_temperature = 0.0").contains("instance_temperature is 0")
        );
        assert!(message("[preprocess]\nsize = 100").contains("multiple of 32"));
        assert!(message("[saliency]\nsize = 100").contains("saliency.size is 100"));
        let taught = "[architecture]\ntaught = { findings = 1, backbone = 32 }";
        assert!(message(taught).contains("saliency.network, which is not given"));
        assert!(
            message("[architecture]\nbits = 64\nnested = [64]")
                .contains("nested has another number")
        );
        // Deeper than any stack.
        for open in ["[", "{a="] {
            assert!(read(&format!("data = {}", open.repeat(200_000))).is_err());
        }
        assert!(read(&format!("[{}]", "a.".repeat(200_000))).is_err());
    }
}
