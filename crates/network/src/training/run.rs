//! A run: epochs of steps, the loss, the learning rate, and the files of each epoch.

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::inference::plan::Plan;
use crate::model::file::{self, Card};
use crate::model::finding;
use crate::model::layers::Mode;
use crate::model::network::Network;
use crate::model::weights;
use crate::training::batch::{self, Batch};
use crate::training::calibrate;
use crate::training::checkpoint::{RunFolder, State, write_whole};
use crate::training::config::TrainConfig;
use crate::training::loss;
use crate::training::objective::Objective;
use crate::training::optimiser::AdamW;
use crate::training::prepared::Prepared;
use crate::training::pretrained;
use crate::training::report::{EpochMetrics, TrainEvent, TrainReport};
use crate::training::schedule::learning_rate;
use burn::tensor::Device;
use burn_optim::{GradientsAccumulator, GradientsParams, ModuleOptimizer};
use std::collections::BTreeMap;
use std::sync::mpsc::Receiver;
use std::time::Instant;

/// A run under way.
pub(crate) struct Run<'a> {
    config: &'a TrainConfig,
    pub folder: RunFolder,
    device: Device,
    network: Network,
    optimiser: ModuleOptimizer,
    /// The gradients of the batches since the optimiser's last step.
    gradients: GradientsAccumulator<Network>,
    objective: Objective<'a>,
    pub state: State<EpochMetrics>,
    labels: Vec<String>,
    /// The number of steps of an epoch.
    pub steps: usize,
}

/// Sums over the steps of an epoch.
#[derive(Default)]
struct Sums {
    steps: usize,
    terms: [f64; 4],
}

impl<'a> Run<'a> {
    pub(crate) fn start(
        config: &'a TrainConfig,
        prepared: &Prepared,
        folder: RunFolder,
        device: DeviceChoice,
    ) -> Result<Self> {
        let device = device.open()?.autodiff();
        let o = &config.optimisation;
        let labels = prepared.vocabulary.labels().to_vec();
        let mut network = Network::new(&config.architecture, labels.len(), o.seed, &device);
        if let Some(path) = &o.pretrained {
            network = pretrained::start_from(network, path)?;
        }
        if let Some(path) = &config.saliency.network {
            network = finding::placed(network, path)?;
        }
        if config.loss.hash.has_proxies() {
            let bits = config.architecture.bits;
            let targets = loss::hadamard_targets(labels.len(), bits, &device);
            network = network.with_proxies(targets / (bits as f32).sqrt());
        }
        let optimiser = ModuleOptimizer::from(AdamW { weight_decay: o.weight_decay });
        let (network, optimiser, state) = folder.load(config, network, optimiser)?;
        let state =
            state.unwrap_or(State { config: config.clone(), epochs_done: 0, history: vec![] });
        let objective = Objective::new(config, &prepared.vocabulary, &device);
        let steps = batch::steps(prepared.pictures.len(), o.batch);
        let gradients = GradientsAccumulator::new();
        Ok(Self {
            config,
            folder,
            device,
            network,
            optimiser,
            gradients,
            objective,
            state,
            labels,
            steps,
        })
    }

    pub(crate) fn epoch(
        &mut self,
        epoch: usize,
        prepared: &Prepared,
        progress: &mut dyn FnMut(TrainEvent<'_>),
    ) -> Result<()> {
        let started = Instant::now();
        let mut sums = Sums::default();
        let (pictures, vocabulary, config) =
            (&prepared.pictures, &prepared.vocabulary, self.config);
        batch::for_each_batch(pictures, vocabulary, config, epoch, |batches| {
            self.take_steps(epoch, batches, started, &mut sums, progress)
        })?;
        let trained = started.elapsed().as_secs_f64();
        // A plan takes memory, so there is none without validation.
        let freeze = || Plan::new(&config.architecture, &weights::collect(&self.network));
        let plan = prepared.validation.has_queries().then(freeze);
        let lengths: Vec<usize> = config.architecture.code_lengths().collect();
        let judge = |plan| prepared.validation.figures(plan, &lengths);
        let by_bits = plan.as_ref().map_or(Ok(BTreeMap::new()), judge)?;
        let mean = |i: usize| sums.terms[i] / sums.steps.max(1) as f64;
        let metrics = EpochMetrics {
            epoch: epoch + 1,
            loss: mean(0),
            hash: mean(1),
            classification: mean(2),
            saliency_mean: mean(3),
            learning_rate: self.learning_rate(epoch, self.steps - 1),
            validation: (!by_bits.is_empty())
                .then(|| by_bits.values().sum::<f64>() / by_bits.len() as f64),
            validation_by_bits: if lengths.len() > 1 { by_bits } else { BTreeMap::new() },
            images_per_second: (sums.steps * config.optimisation.batch.min(pictures.len())) as f64
                / trained,
            seconds: started.elapsed().as_secs_f64(),
        };
        self.finish_epoch(metrics, prepared, plan, progress)
    }

    /// Writes the model first, then the checkpoint. A kill between them repeats the epoch and
    /// writes the same model again.
    fn finish_epoch(
        &mut self,
        metrics: EpochMetrics,
        prepared: &Prepared,
        plan: Option<Plan>,
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
            let kinds = &c.relevance;
            // A layer that is fitted later gets its own estimator. At 224 px an estimator costs a
            // sixth of an epoch.
            let plan = plan.filter(|_| c.optimisation.fit.is_empty());
            let estimator =
                plan.as_ref().map_or(Ok(None), |plan| prepared.estimator(plan, kinds))?;
            let card = Card { estimator, ..card };
            write_whole(
                &self.folder.file("model.safetensors"),
                &file::to_bytes(&self.network, &card)?,
            )?;
        }
        self.folder.write_metrics(&self.state.history)?;
        self.folder.save(&self.network, &self.optimiser, &self.state)
    }

    fn take_steps(
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

    /// Runs one step. Returns loss, hash term, classification term and mean saliency.
    fn step(&mut self, epoch: usize, step: usize, batch: Batch) -> [f64; 4] {
        let batch = batch.tensors(&self.device);
        let output = self.network.forward(batch.x.clone(), Mode::Train);
        let progress = (epoch as f64 + step as f64 / self.steps as f64)
            / self.config.optimisation.epochs as f64;
        let (total, reported) = self.objective.of(&self.network, &batch, output, progress);
        let share = total / self.config.optimisation.accumulate as f32;
        let gradients = GradientsParams::from_grads(share.backward(), &self.network);
        self.update(epoch, step, gradients);
        reported.map(|term| f64::from(term.into_scalar::<f32>()))
    }

    /// Runs a step of the optimiser, once the gradients of enough batches have been gathered.
    fn update(&mut self, epoch: usize, step: usize, gradients: GradientsParams) {
        let batches = self.config.optimisation.accumulate;
        self.gradients.accumulate(&self.network, gradients);
        if (step + 1).is_multiple_of(batches) || step + 1 == self.steps {
            let rate = self.learning_rate(epoch, step);
            // The optimiser takes the network by value; a clone shares its tensors.
            self.network = self.optimiser.step(rate, self.network.clone(), self.gradients.grads());
        }
    }

    fn learning_rate(&self, epoch: usize, step: usize) -> f64 {
        let at = epoch as f64 + (step + 1) as f64 / self.steps as f64;
        learning_rate(&self.config.optimisation, at)
    }

    /// Fits the hash layer of the best epoch, if that is wanted and not done yet. Returns the run's
    /// report.
    pub(crate) fn report(
        self,
        prepared: Prepared,
        progress: &mut dyn FnMut(TrainEvent<'_>),
    ) -> Result<TrainReport> {
        let path = self.folder.file("model.safetensors");
        let mut model = file::read(&path, DeviceChoice::Cpu)?;
        let (lengths, mut fitted) = (&self.config.optimisation.fit, BTreeMap::new());
        if !lengths.is_empty() && !model.card.fitted {
            let calibrated = calibrate::fitted(model, &prepared, &self.config.relevance, lengths)?;
            progress(TrainEvent::Fitted(&calibrated.validation));
            write_whole(&path, &calibrated.model)?;
            model = file::read(&path, DeviceChoice::Cpu)?;
            fitted = calibrated.validation;
        }
        Ok(TrainReport {
            model: path,
            model_id: model.id,
            best_epoch: best(&self.state.history),
            history: self.state.history,
            fitted,
            skipped: prepared.skipped.into_iter().map(|s| (s.name, s.reason)).collect(),
        })
    }
}

/// The epoch with the best validation figure, the last of equals. Without validation it is the
/// last.
fn best(history: &[EpochMetrics]) -> usize {
    history
        .iter()
        .max_by(|a, b| a.validation.unwrap_or(0.0).total_cmp(&b.validation.unwrap_or(0.0)))
        .map_or(0, |m| m.epoch)
}
