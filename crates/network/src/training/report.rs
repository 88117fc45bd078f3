//! A run's options, events, metrics and report.

use crate::device::DeviceChoice;
use radiograph::dataset::Skipped;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The options of a run.
#[derive(Clone, Debug)]
pub struct TrainOptions {
    /// The run folder.
    pub out: PathBuf,
    /// True to continue from the checkpoint in the run folder.
    pub resume: bool,
    /// A seed in place of the configuration's.
    pub seed: Option<u64>,
    /// The device to run on.
    pub device: DeviceChoice,
}

/// The metrics of one epoch; also a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// The whole loss. It and its unweighted terms are means over the steps.
    pub loss: f64,
    /// The hash term.
    pub hash: f64,
    /// The classification term.
    pub classification: f64,
    /// The mean of the saliency maps.
    pub saliency_mean: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The mean macro P@10 on the validation part, over the code lengths; `None` without a
    /// validation part.
    pub validation: Option<f64>,
    /// The macro P@10 for each code length, if there are several.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub validation_by_bits: BTreeMap<usize, f64>,
    /// Training pictures a second, without validation.
    pub images_per_second: f64,
    /// The time of the whole epoch in seconds.
    pub seconds: f64,
}

/// An event of a run, for a progress display.
#[derive(Debug)]
pub enum TrainEvent<'a> {
    /// The pictures are read.
    Started {
        /// The number of training pictures.
        training: usize,
        /// The number of validation queries.
        validation: usize,
        /// Pictures that could not be used.
        skipped: &'a [Skipped],
        /// The number of epochs done before, in a resumed run.
        epochs_done: usize,
        /// The number of epochs in all.
        epochs: usize,
        /// The number of steps of an epoch.
        steps: usize,
    },
    /// A step is done.
    Step {
        /// The number of the epoch, from 1.
        epoch: usize,
        /// The number of the step, from 1.
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
    /// The hash layer was fitted, with these validation figures by code length.
    Fitted(&'a BTreeMap<usize, f64>),
}

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub struct TrainReport {
    /// The model file.
    pub model: PathBuf,
    /// The model's identity.
    pub model_id: retrieval::ModelId,
    /// The epoch that validation chose, from 1.
    pub best_epoch: usize,
    /// The metrics of every epoch.
    pub history: Vec<EpochMetrics>,
    /// The validation figures of the hash layer by code length, if this call fitted one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fitted: BTreeMap<usize, f64>,
    /// Names and reasons of pictures that could not be used.
    pub skipped: Vec<(String, String)>,
}

/// The metrics of one epoch of the saliency network; also a line of `metrics.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaliencyMetrics {
    /// The number of the epoch, from 1.
    pub epoch: usize,
    /// The whole loss. It and its unweighted terms are means over the steps.
    pub loss: f64,
    /// The error at the places of the maps.
    pub places: f64,
    /// 1 − soft Dice where there are boxes.
    pub overlap: f64,
    /// The error of predicting labels from the maps' most salient share.
    pub labels: f64,
    /// The error of predicting labels from the encoder.
    pub help: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// The share of the held-out pictures with boxes of a finding whose map is largest in one of
    /// them. Only epochs with validation have it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pointing: BTreeMap<String, f64>,
    /// Crops a second.
    pub images_per_second: f64,
    /// The time of the whole epoch in seconds.
    pub seconds: f64,
}
