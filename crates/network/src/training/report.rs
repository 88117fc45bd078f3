//! A run as its users follow it: its options, its events, its figures, its report.

use crate::device::DeviceChoice;
use radiograph::dataset::Skipped;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where and how a run is made.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// Run folder.
    pub out: PathBuf,
    /// Go on from the checkpoint in the run folder.
    pub resume: bool,
    /// Replaces the configuration's seed.
    pub seed: Option<u64>,
    /// Where to run.
    pub device: DeviceChoice,
}

/// One epoch in figures; also a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// From 1.
    pub epoch: usize,
    /// Mean over the steps: the whole loss, then its terms, unweighted.
    pub loss: f64,
    /// OrthoHash.
    pub hash: f64,
    /// Classification.
    pub classification: f64,
    /// Mean of the saliency maps.
    pub saliency_mean: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Mean macro P@10 on the validation part, and over the code lengths; none where there is none.
    pub validation: Option<f64>,
    /// The same for each code length, where there are several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub validation_by_bits: BTreeMap<usize, f64>,
    /// Training pictures a second, validation apart.
    pub images_per_second: f64,
    /// Seconds of the whole epoch.
    pub seconds: f64,
}

/// What happens in a run, for a progress display.
#[derive(Debug)]
pub enum TrainEvent<'a> {
    /// The pictures are read.
    Started {
        /// Pictures trained on.
        training: usize,
        /// Validation queries.
        validation: usize,
        /// Pictures that could not be used.
        skipped: &'a [Skipped],
        /// Epochs done before, in a resumed run.
        epochs_done: usize,
        /// Epochs in all.
        epochs: usize,
        /// Steps an epoch.
        steps: usize,
    },
    /// A step is done.
    Step {
        /// From 1.
        epoch: usize,
        /// From 1.
        step: usize,
        /// The whole loss.
        loss: f64,
        /// Training pictures a second in this epoch so far.
        images_per_second: f64,
    },
    /// An epoch is done.
    Epoch(&'a EpochMetrics),
    /// An epoch of the saliency network is done.
    SaliencyEpoch(&'a SaliencyMetrics),
    /// The hash layer was fitted, and gives these validation figures by code length.
    Fitted(&'a BTreeMap<usize, f64>),
}

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub struct TrainReport {
    /// The model file.
    pub model: PathBuf,
    /// Its identity.
    pub model_id: retrieval::ModelId,
    /// The epoch that validation chose, from 1.
    pub best_epoch: usize,
    /// Every epoch.
    pub history: Vec<EpochMetrics>,
    /// Validation figures of the hash layer by code length, where this call fitted one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fitted: BTreeMap<usize, f64>,
    /// Names and reasons of pictures that could not be used.
    pub skipped: Vec<(String, String)>,
}

/// One epoch in figures; also a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaliencyMetrics {
    /// From 1.
    pub epoch: usize,
    /// Mean over the steps: the whole loss, then its terms, unweighted.
    pub loss: f64,
    /// Error at the places of the maps.
    pub places: f64,
    /// 1 − soft Dice where there are boxes.
    pub overlap: f64,
    /// Labels told by the most salient share.
    pub labels: f64,
    /// Labels told by the encoder.
    pub help: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Share of the held-out pictures with boxes of a finding whose map is largest in one of them;
    /// in epochs that were judged.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pointing: BTreeMap<String, f64>,
    /// Crops a second.
    pub images_per_second: f64,
    /// Seconds of the whole epoch.
    pub seconds: f64,
}
