//! Training: batches → forward → loss → step; after every epoch validation, metrics and a checkpoint.

use crate::batch::{self, Batch, Pictures};
use crate::checkpoint::{RunFolder, State, write_whole};
use crate::config::{LossConfig, TrainConfig};
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::layers::Mode;
use crate::loss;
use crate::model::{self, Card};
use crate::network::{Network, Output};
use crate::pretrained;
use crate::targets::Vocabulary;
use crate::validation::{Validation, labelled};
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use radiograph::dataset::{Dataset, Item, Skipped, Split};
use retrieval::evaluation::{self, Role};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::Instant;

/// Training pictures that answer the validation queries: enough to rank, few enough to encode every epoch.
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
    /// Mean macro P@10 on the validation part; none where there is none.
    pub validation: Option<f64>,
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
    /// Names and reasons of pictures that could not be used.
    pub skipped: Vec<(String, String)>,
}

/// Trains a network on the training part of `dataset` (items marked `train`; all, where none is marked) and
/// writes into the run folder: `config.toml`, `metrics.jsonl`, checkpoints, and `model.safetensors`, the
/// network of the epoch that was best on the validation part.
///
/// The same seed, configuration and data give the same losses, on any number of threads; a run that was
/// killed and resumed gives the same model.
///
/// # Errors
/// [`Error::TooFewPictures`], [`Error::RunExists`], [`Error::Resume`], [`Error::Diverged`], and errors of files.
pub fn train(
    config: &TrainConfig,
    dataset: &Dataset,
    options: &TrainOptions,
    progress: &mut dyn FnMut(TrainEvent<'_>),
) -> Result<TrainReport> {
    let mut config = config.clone();
    config.optimisation.seed = options.seed.unwrap_or(config.optimisation.seed);
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
    run.report(prepared.skipped)
}

/// The data of a run, decoded.
struct Prepared {
    pictures: Pictures,
    vocabulary: Vocabulary,
    validation: Validation,
    queries: usize,
    skipped: Vec<Skipped>,
}

impl Prepared {
    fn new(config: &TrainConfig, dataset: &Dataset) -> Result<Self> {
        let (kept, held_out) = training_parts(config, dataset);
        let vocabulary = Vocabulary::of(kept.iter().copied(), config.data.view_labels);
        let (pictures, _, mut skipped) = Pictures::load(&kept, &vocabulary, &config.preprocess);
        if pictures.len() < 2 {
            let advice = "mark items `train` in the manifest's split column, or give a folder per class";
            return Err(Error::TooFewPictures { got: pictures.len(), expected: 2, advice });
        }
        let every = kept.len().div_ceil(VALIDATION_GALLERY).max(1);
        let gallery = kept.iter().copied().step_by(every);
        let roles: Vec<(&Item, Role)> =
            held_out.iter().map(|&i| (i, Role::Query)).chain(gallery.map(|i| (i, Role::Gallery))).collect();
        let items: Vec<&Item> = roles.iter().map(|(item, _)| *item).collect();
        let (judged, usable, unusable) = Pictures::load(&items, &vocabulary, &config.preprocess);
        let judged_items = usable.iter().map(|&i| labelled(roles[i].0, roles[i].1)).collect();
        skipped.extend(unusable.into_iter().filter(|s| held_out.iter().any(|i| i.name == s.name)));
        let validation = Validation::new(judged, judged_items, evaluation::default_tasks());
        Ok(Self { pictures, vocabulary, validation, queries: held_out.len(), skipped })
    }
}

/// Items to train on and items held out; no patient or group is in both.
fn training_parts<'a>(config: &TrainConfig, dataset: &'a Dataset) -> (Vec<&'a Item>, Vec<&'a Item>) {
    let (kept, held) = dataset.hold_out(Split::Train, config.data.validation, config.data.split_seed);
    let pick = |indices: Vec<usize>| indices.into_iter().map(|i| &dataset.items[i]).collect();
    (pick(kept), pick(held))
}

/// A run under way.
struct Run<'a> {
    config: &'a TrainConfig,
    folder: RunFolder,
    device: Device,
    network: Network,
    optimiser: ModuleOptimizer,
    targets: Tensor<2>,
    state: State,
    labels: Vec<String>,
    steps: usize,
}

/// Sums over the steps of an epoch.
#[derive(Default)]
struct Sums {
    steps: usize,
    terms: [f64; 4],
}

impl<'a> Run<'a> {
    fn start(
        config: &'a TrainConfig,
        prepared: &Prepared,
        folder: RunFolder,
        device: DeviceChoice,
    ) -> Result<Self> {
        let device = device.training();
        let o = &config.optimisation;
        let labels = prepared.vocabulary.labels().to_vec();
        let mut network = Network::new(&config.architecture, labels.len(), o.seed, &device);
        if let Some(path) = &o.pretrained {
            network = pretrained::into_backbone(network, path)?;
        }
        let optimiser = AdamWConfig::new().with_weight_decay(o.weight_decay).init();
        let (network, optimiser, state) = folder.load(config, network, optimiser)?;
        let state = state.unwrap_or(State { config: config.clone(), epochs_done: 0, history: vec![] });
        let targets = loss::hadamard_targets(labels.len(), config.architecture.bits, &device);
        let steps = batch::steps(prepared.pictures.len(), o.batch);
        Ok(Self { config, folder, device, network, optimiser, targets, state, labels, steps })
    }

    fn epoch(
        &mut self,
        epoch: usize,
        prepared: &Prepared,
        progress: &mut dyn FnMut(TrainEvent<'_>),
    ) -> Result<()> {
        let started = Instant::now();
        let mut sums = Sums::default();
        let (pictures, vocabulary, config) = (&prepared.pictures, &prepared.vocabulary, self.config);
        batch::for_each_batch(pictures, vocabulary, config, epoch, |batches| {
            self.steps(epoch, batches, started, &mut sums, progress)
        })?;
        let trained = started.elapsed().as_secs_f64();
        let validation = prepared.validation.figure(&self.network.valid(), &self.device.clone().inner())?;
        let mean = |i: usize| sums.terms[i] / sums.steps.max(1) as f64;
        let metrics = EpochMetrics {
            epoch: epoch + 1,
            loss: mean(0),
            hash: mean(1),
            classification: mean(2),
            saliency_mean: mean(3),
            learning_rate: self.learning_rate(epoch, self.steps - 1),
            validation,
            images_per_second: (sums.steps * config.optimisation.batch.min(pictures.len())) as f64 / trained,
            seconds: started.elapsed().as_secs_f64(),
        };
        self.finish_epoch(metrics, progress)
    }

    /// Model first, then checkpoint: a kill between them repeats the epoch and writes the same model again.
    fn finish_epoch(
        &mut self,
        metrics: EpochMetrics,
        progress: &mut dyn FnMut(TrainEvent<'_>),
    ) -> Result<()> {
        progress(TrainEvent::Epoch(&metrics));
        self.state.epochs_done = metrics.epoch;
        self.state.history.push(metrics);
        if best(&self.state.history) == self.state.epochs_done {
            let c = self.config;
            let card = Card::new(
                &c.architecture,
                &c.preprocess,
                &self.labels,
                self.state.epochs_done,
                c.optimisation.seed,
            );
            write_whole(&self.folder.file("model.safetensors"), &model::to_bytes(&self.network, &card)?)?;
        }
        let lines: Vec<String> =
            self.state.history.iter().filter_map(|m| serde_json::to_string(m).ok()).collect();
        write_whole(&self.folder.file("metrics.jsonl"), (lines.join("\n") + "\n").as_bytes())?;
        self.folder.save(&self.network, &self.optimiser, &self.state)
    }

    fn steps(
        &mut self,
        epoch: usize,
        batches: Receiver<Batch>,
        started: Instant,
        sums: &mut Sums,
        progress: &mut dyn FnMut(TrainEvent<'_>),
    ) -> Result<()> {
        let mut pictures = 0;
        for (step, batch) in batches.into_iter().enumerate() {
            pictures += batch.extent[0];
            let terms = self.step(epoch, step, batch);
            if !terms[0].is_finite() {
                return Err(Error::Diverged { epoch: epoch + 1, step: step + 1, loss: terms[0] });
            }
            sums.steps += 1;
            sums.terms.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            let images_per_second = pictures as f64 / started.elapsed().as_secs_f64();
            progress(TrainEvent::Step {
                epoch: epoch + 1,
                step: step + 1,
                loss: terms[0],
                images_per_second,
            });
        }
        Ok(())
    }

    /// One step; gives loss, hash term, classification term, mean saliency.
    fn step(&mut self, epoch: usize, step: usize, batch: Batch) -> [f64; 4] {
        let (x, present, share) = batch.tensors(&self.device);
        let output = self.network.forward(x.clone(), Mode::Train);
        let (total, reported) = self.loss(x, present, share, output);
        let gradients = GradientsParams::from_grads(total.backward(), &self.network);
        let rate = self.learning_rate(epoch, step);
        // The optimiser takes the network by value; a clone shares its tensors.
        self.network = self.optimiser.step(rate, self.network.clone(), gradients);
        reported.map(|term| f64::from(term.into_scalar::<f32>()))
    }

    /// L = hash + λc·CE + λd·erased + λa·area + λt·variation + λq·disagreement.
    fn loss(
        &self,
        x: Tensor<4>,
        present: Tensor<2>,
        share: Tensor<2>,
        output: Output,
    ) -> (Tensor<1>, [Tensor<1>; 4]) {
        let l: &LossConfig = &self.config.loss;
        let scale = l.scale.unwrap_or((self.config.architecture.bits as f32).sqrt());
        let hash = loss::ortho_hash(
            output.hash,
            self.targets.clone(),
            share.clone(),
            present.clone(),
            scale,
            l.margin,
        );
        let classification = loss::cross_entropy(output.logits, share);
        let mut total = hash.clone() + classification.clone() * l.classification;
        let saliency = output.saliency;
        if self.network.has_saliency() {
            total = total
                + loss::area(saliency.clone(), l.area_allowed) * l.area
                + loss::total_variation(saliency.clone()) * l.variation;
            let probed = (x.dims()[0] as f32 * l.probe_share).round() as usize;
            if probed >= 2 {
                let some = |t: Tensor<4>| t.narrow(0, 0, probed);
                total = total + self.probe(some(x), some(saliency.clone()), present.narrow(0, 0, probed));
            }
        }
        (total.clone(), [total, hash, classification, saliency.mean()])
    }

    /// The terms that need a second pass, over a few pictures of the batch.
    fn probe(&self, x: Tensor<4>, saliency: Tensor<4>, present: Tensor<2>) -> Tensor<1> {
        let l = &self.config.loss;
        let mirrored = self.network.saliency_of(x.clone().flip([3]), Mode::Probe);
        let moved = loss::disagreement(mirrored, saliency.clone().flip([3])) * l.disagreement;
        if l.erased == 0.0 {
            return moved;
        }
        let erased = self.network.classify_without(x, saliency, Mode::Probe);
        moved + loss::erased(erased, present) * l.erased
    }

    /// Linear from 0 over the warm-up, then half a cosine down to 0.
    fn learning_rate(&self, epoch: usize, step: usize) -> f64 {
        let o = &self.config.optimisation;
        let at = epoch as f64 + (step + 1) as f64 / self.steps as f64;
        if at < o.warm_up {
            return o.learning_rate * at / o.warm_up;
        }
        let part = (at - o.warm_up) / (o.epochs as f64 - o.warm_up).max(1e-9);
        o.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * part.clamp(0.0, 1.0)).cos())
    }

    fn report(self, skipped: Vec<Skipped>) -> Result<TrainReport> {
        let path = self.folder.file("model.safetensors");
        let bytes = std::fs::read(&path).map_err(|source| Error::File { path: path.clone(), source })?;
        let model = model::from_bytes(&bytes, &path, &Device::flex())?;
        Ok(TrainReport {
            model: path,
            model_id: model.id,
            best_epoch: best(&self.state.history),
            history: self.state.history,
            skipped: skipped.into_iter().map(|s| (s.name, s.reason)).collect(),
        })
    }
}

/// The epoch with the best validation figure, the last of equals; without validation the last.
fn best(history: &[EpochMetrics]) -> usize {
    history
        .iter()
        .max_by(|a, b| a.validation.unwrap_or(0.0).total_cmp(&b.validation.unwrap_or(0.0)))
        .map_or(0, |m| m.epoch)
}
