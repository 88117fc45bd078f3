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
    /// The training data.
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
    /// The labels that name parts of the body, and those that say that there is no finding.
    /// Estimates of relevance are fitted by them.
    pub relevance: LabelKinds,
    /// The saliency network that is taught where findings lie, for `train --stage saliency`.
    pub saliency: SaliencyConfig,
}

/// The training data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DataConfig {
    /// The share of the training units (patients or groups) that is kept for choosing the epoch.
    pub validation: f64,
    /// True if the view (`view=PA`) is a label, too.
    pub view_labels: bool,
    /// Labels whose radiographs are left out of training and validation, to test a model on unknown
    /// findings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<String>,
    /// The seed of the division into training and validation, apart from the training seed.
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
    /// The loss that trains the code.
    pub hash: HashLoss,
    /// Labels, besides the views, that do not make two pictures similar for losses of pairs and
    /// triplets: their pictures share little else.
    pub pair_labels_except: Vec<String>,
    /// s of OrthoHash; √K if it is missing.
    pub scale: Option<f32>,
    /// m of OrthoHash.
    pub margin: f32,
    /// λc: the weight of classifying the modified image.
    pub classification: f32,
    /// λi: the weight of the term `instance`: by their embeddings, two views of a picture are near
    /// and other pictures apart. If it is above 0, a batch has half as many pictures, each in two
    /// views.
    pub instance: f32,
    /// τ of the term `instance`.
    pub instance_temperature: f32,
    /// λd: the weight of the term by which the erased picture must not tell the class.
    pub erased: f32,
    /// λa: the weight of mean saliency beyond `area_allowed`.
    pub area: f32,
    /// a₀: the mean saliency without a penalty.
    pub area_allowed: f32,
    /// λt: the weight of the map's total variation.
    pub variation: f32,
    /// λq: the weight of the difference between the map of a flipped picture and the flipped map.
    pub disagreement: f32,
    /// The share of each batch that goes through the second passes (erased, flipped).
    pub probe_share: f32,
}

impl LossConfig {
    /// The number of views of each picture in a batch.
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

/// Random changes of a training picture. Each amount is the half-width of a uniform draw around no
/// change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Augmentation {
    /// Rotation, in degrees.
    pub rotation: f32,
    /// Shift, as a share of the side.
    pub shift: f32,
    /// Change of size, as a share of it.
    pub scale: f32,
    /// Change of the ratio of width to height, as its logarithm, so that the network cannot
    /// recognise squeezed pictures.
    pub aspect: f32,
    /// Probability of a left–right flip.
    pub flip: f32,
    /// Change of brightness: added grey.
    pub brightness: f32,
    /// Change of contrast, as a share of it.
    pub contrast: f32,
    /// Change of the gamma exponent, as its logarithm.
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
    /// The number of epochs. Each draws as many pictures as the training part has.
    pub epochs: usize,
    /// The number of pictures that go through the network together. Memory grows with it.
    pub batch: usize,
    /// The number of batches whose gradients are averaged for a step of the optimiser.
    pub accumulate: usize,
    /// The highest learning rate.
    pub learning_rate: f64,
    /// The number of epochs over which the learning rate rises from 0; may be a fraction.
    pub warm_up: f64,
    /// Decoupled weight decay.
    pub weight_decay: f32,
    /// The seed of weights, sampling and augmentation.
    pub seed: u64,
    /// Code lengths, ascending, for which embedding and hash layer are fitted after all other
    /// training. If empty, the hash layer stays as it was trained, and the features are the
    /// embedding.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fit: Vec<usize>,
    /// The file of initial weights: torchvision ResNet-18 weights (.pth or .safetensors) for the
    /// backbone, or a model of this program. Of a model, every weight with a matching name and
    /// shape is taken. The stage saliency starts from a saliency network.
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
    /// Checks that codes can have the fitted lengths. Returns the reason if not.
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

    /// Checks every value. Returns the reason if one is not allowed.
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
        // The nesting is deeper than any stack.
        for open in ["[", "{a="] {
            assert!(read(&format!("data = {}", open.repeat(200_000))).is_err());
        }
        assert!(read(&format!("[{}]", "a.".repeat(200_000))).is_err());
    }
}
