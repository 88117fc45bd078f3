//! Training as its users see it: options in, events and a report out; the data prepared for
//! `run.rs`.

use crate::batch::Pictures;
use crate::checkpoint::{RunFolder, write_whole};
use crate::config::{DataConfig, TrainConfig};
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::finding::{self, SaliencyMetrics};
use crate::plan::Plan;
use crate::run::Run;
use crate::targets::Vocabulary;
use crate::validation::{self, Validation, labelled};
use radiograph::dataset::{Dataset, Item, Skipped, Split};
use retrieval::estimate::{Estimator, LabelKinds};
use retrieval::evaluation::{self, Labelled, Role};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Training pictures that answer the validation queries: enough to rank, few enough to encode every
/// epoch.
const VALIDATION_GALLERY: usize = 800;

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

/// Trains a network on the training part of `dataset` (items marked `train`; all, where none is
/// marked) and writes into the run folder: `config.toml`, `metrics.jsonl`, checkpoints, and
/// `model.safetensors`, the network of the epoch that was best on the validation part.
///
/// The same seed, configuration and data give the same losses, on any number of threads; a run that
/// was killed and resumed gives the same model.
///
/// # Errors
/// [`Error::TooFewPictures`], [`Error::RunExists`], [`Error::Resume`], [`Error::Diverged`], and
/// errors of files.
pub fn train(
    config: &TrainConfig,
    dataset: &Dataset,
    options: &TrainOptions,
    progress: &mut dyn FnMut(TrainEvent<'_>),
) -> Result<TrainReport> {
    let mut config = config.clone();
    config.optimisation.seed = options.seed.unwrap_or(config.optimisation.seed);
    if let Some(path) = &config.saliency.network {
        let (preprocess, backbone) = (&config.preprocess, config.saliency.backbone);
        config.architecture.taught = Some(finding::taught(path, preprocess, backbone)?);
    }
    let folder = RunFolder::open(&options.out, options.resume)?;
    let prepared = Prepared::new(&config, dataset)?;
    let mut run = Run::start(&config, &prepared, folder, options.device)?;
    let effective = toml::to_string_pretty(&config)
        .map_err(|e| Error::Config { path: options.out.clone(), reason: e.to_string() })?;
    write_whole(&run.folder.file("config.toml"), effective.as_bytes())?;
    progress(TrainEvent::Started {
        training: prepared.pictures.len(),
        validation: prepared.queries,
        skipped: &prepared.skipped,
        epochs_done: run.state.epochs_done,
        epochs: config.optimisation.epochs,
        steps: run.steps,
    });
    for epoch in run.state.epochs_done..config.optimisation.epochs {
        run.epoch(epoch, &prepared, progress)?;
    }
    run.report(prepared, progress)
}

/// The data of a run, decoded.
pub(crate) struct Prepared {
    pub pictures: Pictures,
    /// Parallel to the pictures.
    items: Vec<Labelled>,
    pub vocabulary: Vocabulary,
    pub validation: Validation,
    /// Pictures held out as validation queries.
    pub queries: usize,
    pub skipped: Vec<Skipped>,
}

impl Prepared {
    pub(crate) fn new(config: &TrainConfig, dataset: &Dataset) -> Result<Self> {
        let (kept, held_out) = training_parts(&config.data, dataset)?;
        let vocabulary = Vocabulary::of(kept.iter().copied(), config.data.view_labels);
        let (pictures, learned, mut skipped) =
            Pictures::load(&kept, &vocabulary, &config.preprocess);
        if pictures.len() < 2 {
            let advice =
                "mark items `train` in the manifest's split column, or give a folder per class";
            return Err(Error::TooFewPictures { got: pictures.len(), expected: 2, advice });
        }
        let every = kept.len().div_ceil(VALIDATION_GALLERY).max(1);
        let gallery = kept.iter().copied().step_by(every);
        let roles: Vec<(&Item, Role)> = held_out
            .iter()
            .map(|&i| (i, Role::Query))
            .chain(gallery.map(|i| (i, Role::Gallery)))
            .collect();
        let judged_by: Vec<&Item> = roles.iter().map(|(item, _)| *item).collect();
        let (judged, usable, unusable) =
            Pictures::load(&judged_by, &vocabulary, &config.preprocess);
        let judged_items = usable.iter().map(|&i| labelled(roles[i].0, roles[i].1)).collect();
        skipped.extend(unusable.into_iter().filter(|s| held_out.iter().any(|i| i.name == s.name)));
        let validation = Validation::new(judged, judged_items, evaluation::default_tasks());
        let items = learned.iter().map(|&i| labelled(kept[i], Role::Gallery)).collect();
        Ok(Self { pictures, items, vocabulary, validation, queries: held_out.len(), skipped })
    }

    /// Features of the training pictures, then of their mirror images, then of copies changed a
    /// little (3N×2816).
    pub(crate) fn features(&self, plan: &Plan) -> Vec<Vec<f32>> {
        validation::features(plan, &self.pictures)
    }

    /// How much each label of a training picture counts for the hash layer that is fitted last, 0
    /// for those it has not (N×C).
    pub(crate) fn label_rows(&self) -> Vec<Vec<f32>> {
        let weights = self.vocabulary.fit_weights();
        let weight =
            |indices: &[usize], label| if indices.contains(&label) { weights[label] } else { 0.0 };
        let row =
            |indices: &Vec<usize>| (0..weights.len()).map(|label| weight(indices, label)).collect();
        self.pictures.labels.iter().map(row).collect()
    }

    /// What a model says of its own answers; none where validation does not suffice for it.
    pub(crate) fn estimator(&self, plan: &Plan, kinds: &LabelKinds) -> Result<Option<Estimator>> {
        self.validation.estimator(plan, (&self.pictures, &self.items), kinds)
    }
}

/// Items to train on and items held out; no patient or group is in both.
fn training_parts<'a>(
    data: &DataConfig,
    dataset: &'a Dataset,
) -> Result<(Vec<&'a Item>, Vec<&'a Item>)> {
    let labels = dataset.vocabulary();
    if let Some(label) = data.leave_out.iter().find(|label| !labels.contains(label)) {
        return Err(Error::LeftOutUnknown { label: label.clone(), known: labels.join(", ") });
    }
    let (kept, held) = dataset.hold_out(Split::Train, data.validation, data.split_seed);
    let known = |item: &&Item| !item.labels.iter().any(|label| data.leave_out.contains(label));
    let pick = |indices: Vec<usize>| {
        indices.into_iter().map(|i| &dataset.items[i]).filter(known).collect()
    };
    Ok((pick(kept), pick(held)))
}
