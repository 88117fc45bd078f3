//! Training of the saliency network: first and alone, on crops, by one cycle of the learning rate.

use super::batch::{Batch, Lesson};
use super::config::SaliencyConfig;
use super::crop::PLACE;
use super::lessons::{Boxes, Lessons, Sign, findings_of};
use crate::error::{Error, Result};
use crate::explain::pointing::pointing;
use crate::inference::plan::MapPlan;
use crate::inference::saliency_map::{SaliencyMap, places};
use crate::model::finding::{self, FindingCard};
use crate::model::layers::{Init, Mode};
use crate::model::saliency::AttentionFcn;
use crate::model::weights;
use crate::training::batch::ahead;
use crate::training::checkpoint::{RunFolder, State, write_whole};
use crate::training::config::TrainConfig;
use crate::training::loss;
use crate::training::optimiser::AdamW;
use crate::training::report::{SaliencyMetrics, TrainEvent, TrainOptions};
use burn::tensor::{Device, Tensor};
use burn_optim::grad_clipping::GradientClipping;
use burn_optim::{GradientsParams, ModuleOptimizer};
use radiograph::Preprocess;
use radiograph::dataset::{Dataset, Item, Skipped, Split};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;
use std::time::Instant;

/// The number of epochs between two validations on the held-out pictures.
const JUDGED_EVERY: usize = 5;

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
pub struct SaliencyReport {
    /// The file of the network.
    pub model: PathBuf,
    /// The network's description of itself.
    pub card: FindingCard,
    /// The metrics of every epoch.
    pub history: Vec<SaliencyMetrics>,
    /// Names and reasons of pictures that could not be used.
    pub skipped: Vec<(String, String)>,
}

/// Trains the saliency network of a configuration's section `[saliency]` on the training part of
/// `dataset`. It writes into the run folder: `config.toml`, `metrics.jsonl`, checkpoints, and at
/// the end `saliency.safetensors`, the network of the last epoch. Only boxes of training pictures
/// are read, including those held out of training for validation.
///
/// The same seed, configuration and data give the same network, on any number of threads, killed
/// and resumed or not.
///
/// # Errors
/// [`Error::NoFindings`], [`Error::FindingUnknown`], [`Error::TooFewPictures`],
/// [`Error::RunExists`], [`Error::Resume`], [`Error::Diverged`], and errors of files.
pub fn train_saliency(
    config: &TrainConfig,
    dataset: &Dataset,
    boxes: &Boxes,
    options: &TrainOptions,
    progress: &mut dyn FnMut(TrainEvent<'_>),
) -> Result<SaliencyReport> {
    let mut config = config.clone();
    config.optimisation.seed = options.seed.unwrap_or(config.optimisation.seed);
    let folder = RunFolder::open(&options.out, options.resume)?;
    let (lessons, judged, skipped) = prepare(&config, dataset, boxes)?;
    let mut run = Run::start(&config, &lessons, folder, options.device.open()?.autodiff())?;
    run.write_config(&options.out)?;
    progress(TrainEvent::Started {
        training: lessons.lessons.len(),
        validation: judged.lessons.len(),
        skipped: &skipped,
        epochs_done: run.state.epochs_done,
        epochs: config.saliency.epochs,
        steps: config.saliency.steps,
    });
    for epoch in run.state.epochs_done..config.saliency.epochs {
        run.epoch(epoch, &lessons, &judged, progress)?;
    }
    let card = FindingCard::new(
        &lessons.findings,
        lessons.boxed(),
        preprocess(&config),
        config.saliency.epochs,
        config.optimisation.seed,
    );
    let model = run.folder.file("saliency.safetensors");
    write_whole(&model, &finding::to_bytes(&run.network, &card)?)?;
    let skipped = skipped.into_iter().map(|s| (s.name, s.reason)).collect();
    Ok(SaliencyReport { model, card, history: run.state.history, skipped })
}

/// The configuration's preprocessing at the saliency network's own size.
fn preprocess(config: &TrainConfig) -> Preprocess {
    Preprocess { size: config.saliency.size, ..config.preprocess.clone() }
}

/// The pictures to learn from, the held-out ones with boxes, and those that could not be read.
fn prepare(
    config: &TrainConfig,
    dataset: &Dataset,
    boxes: &Boxes,
) -> Result<(Lessons, Lessons, Vec<Skipped>)> {
    let (kept, held) =
        dataset.hold_out(Split::Train, config.data.validation, config.data.split_seed);
    let pick = |indices: Vec<usize>| -> Vec<&Item> {
        indices.into_iter().map(|i| &dataset.items[i]).collect()
    };
    let (kept, held) = (pick(kept), pick(held));
    let findings =
        findings_of(&config.saliency.findings, config.saliency.least_boxed, &kept, boxes)?;
    let preprocess = preprocess(config);
    let (lessons, mut skipped) = Lessons::load(&kept, boxes, &findings, &preprocess);
    if lessons.lessons.len() < 2 {
        let advice =
            "mark items `train` in the manifest's split column, or give a folder per class";
        return Err(Error::TooFewPictures { got: lessons.lessons.len(), expected: 2, advice });
    }
    let held: Vec<&Item> = held.into_iter().filter(|item| boxes.contains_key(&item.name)).collect();
    let (judged, unusable) = Lessons::load(&held, boxes, &findings, &preprocess);
    skipped.extend(unusable);
    Ok((lessons, judged, skipped))
}

/// A run under way.
struct Run<'a> {
    config: &'a TrainConfig,
    folder: RunFolder,
    device: Device,
    network: AttentionFcn,
    optimiser: ModuleOptimizer,
    state: State<SaliencyMetrics>,
}

/// The whole loss, then its unweighted terms.
type Terms<T> = [T; 5];

impl<'a> Run<'a> {
    fn start(
        config: &'a TrainConfig,
        lessons: &Lessons,
        folder: RunFolder,
        device: Device,
    ) -> Result<Self> {
        let init = &mut Init::new(config.optimisation.seed, &device);
        let mut network =
            weights::identify(AttentionFcn::of_findings(init, lessons.findings.len()));
        if let Some(path) = &config.optimisation.pretrained {
            network = finding::start_from(network, path)?;
        }
        let SaliencyConfig { weight_decay, clip, .. } = config.saliency;
        let optimiser = ModuleOptimizer::from(AdamW { weight_decay });
        let optimiser = optimiser.with_grad_clipping(GradientClipping::Norm(clip));
        let (network, optimiser, state) = folder.load(config, network, optimiser)?;
        let state =
            state.unwrap_or(State { config: config.clone(), epochs_done: 0, history: vec![] });
        Ok(Self { config, folder, device, network, optimiser, state })
    }

    fn write_config(&self, path: &std::path::Path) -> Result<()> {
        let text = toml::to_string_pretty(self.config)
            .map_err(|e| Error::Config { path: path.into(), reason: e.to_string() })?;
        write_whole(&self.folder.file("config.toml"), text.as_bytes())
    }

    fn epoch(
        &mut self,
        epoch: usize,
        lessons: &Lessons,
        judged: &Lessons,
        progress: &mut dyn FnMut(TrainEvent<'_>),
    ) -> Result<()> {
        let started = Instant::now();
        let (config, seed) = (&self.config.saliency, self.config.optimisation.seed);
        let draw = |step| Batch::draw(lessons, config, seed, epoch, step);
        let mut sums = Terms::default();
        ahead(config.steps, draw, |batches| {
            self.take_steps(epoch, batches, started, &mut sums, progress)
        })?;
        let trained = started.elapsed().as_secs_f64();
        let last = epoch + 1 == config.epochs;
        let looks = last || (epoch + 1).is_multiple_of(JUDGED_EVERY);
        let pointing = if looks { points(&self.network, judged) } else { BTreeMap::new() };
        let [loss, places, overlap, labels, help] = sums.map(|sum| sum / config.steps as f64);
        let metrics = SaliencyMetrics {
            epoch: epoch + 1,
            loss,
            places,
            overlap,
            labels,
            help,
            learning_rate: self.rate(epoch, config.steps - 1),
            pointing,
            images_per_second: (config.steps * config.batch) as f64 / trained,
            seconds: started.elapsed().as_secs_f64(),
        };
        progress(TrainEvent::SaliencyEpoch(&metrics));
        self.finish_epoch(metrics)
    }

    fn finish_epoch(&mut self, metrics: SaliencyMetrics) -> Result<()> {
        self.state.epochs_done = metrics.epoch;
        self.state.history.push(metrics);
        self.folder.write_metrics(&self.state.history)?;
        self.folder.save(&self.network, &self.optimiser, &self.state)
    }

    fn take_steps(
        &mut self,
        epoch: usize,
        batches: Receiver<Batch>,
        started: Instant,
        sums: &mut Terms<f64>,
        progress: &mut dyn FnMut(TrainEvent<'_>),
    ) -> Result<()> {
        for (step, batch) in batches.into_iter().enumerate() {
            let terms = self.step(epoch, step, batch);
            if !terms[0].is_finite() {
                return Err(Error::Diverged { epoch: epoch + 1, step: step + 1, loss: terms[0] });
            }
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
            let crops = ((step + 1) * self.config.saliency.batch) as f64;
            progress(TrainEvent::Step {
                epoch: epoch + 1,
                step: step + 1,
                loss: terms[0],
                images_per_second: crops / started.elapsed().as_secs_f64(),
            });
        }
        Ok(())
    }

    fn step(&mut self, epoch: usize, step: usize, batch: Batch) -> Terms<f64> {
        let rate = self.rate(epoch, step);
        let Some(terms) = terms(&self.network, &self.config.saliency, batch.tensors(&self.device))
        else {
            return Terms::default();
        };
        let gradients = GradientsParams::from_grads(terms[0].backward(), &self.network);
        // The optimiser takes the network by value; a clone shares its tensors.
        self.network = self.optimiser.step(rate, self.network.clone(), gradients);
        terms.map(|term| f64::from(term.into_scalar::<f32>()))
    }

    fn rate(&self, epoch: usize, step: usize) -> f64 {
        let c = &self.config.saliency;
        c.rate((epoch * c.steps + step + 1) as f64 / (c.epochs * c.steps) as f64)
    }
}

/// L = places + λo·overlap + labels + λh·help; `None` for a network without findings.
pub(super) fn terms(
    network: &AttentionFcn,
    config: &SaliencyConfig,
    lesson: Lesson,
) -> Option<Terms<Tensor<1>>> {
    let Lesson { pixels, targets, known, labels, weights } = lesson;
    let logits = network.findings(pixels, Mode::Train)?;
    let places = loss::finding_places(logits.places.clone(), targets.clone(), known);
    let overlap = loss::finding_overlap(logits.places.clone(), targets);
    let told =
        loss::finding_labels(logits.places, labels.clone(), weights.clone(), config.top_share);
    let help = loss::finding_scores(logits.picture, labels, weights);
    let total = places.clone()
        + overlap.clone() * config.overlap
        + told.clone()
        + help.clone() * config.help;
    Some([total, places, overlap, told, help])
}

/// The share, for each finding, of the pictures with boxes of it whose map is largest in one of
/// them.
pub(super) fn points(network: &AttentionFcn, judged: &Lessons) -> BTreeMap<String, f64> {
    let plan = MapPlan::new(&finding::named(network));
    let (size, count) = (judged.size, judged.findings.len());
    let mut hits = vec![Vec::new(); count];
    for lesson in &judged.lessons {
        let pixels: Vec<f32> = lesson.pixels.iter().map(|grey| f32::from(*grey) / 255.0).collect();
        let maps = plan.run(&pixels, size);
        for (f, sign) in lesson.signs.iter().enumerate() {
            let Sign::Boxed(boxes) = sign else { continue };
            let values = maps[f..].iter().step_by(count).copied().collect();
            let map = SaliencyMap { size: (size / PLACE) as u32, values }.resized(size as u32);
            let inside = |place: usize| {
                let (x, y) = ((place % size) as f32 + 0.5, (place / size) as f32 + 0.5);
                boxes.iter().any(|[l, t, r, b]| (*l..*r).contains(&x) && (*t..*b).contains(&y))
            };
            let inside: Vec<bool> = places(&lesson.frame, size as u32).map(inside).collect();
            hits[f].push(pointing(&map.within(&lesson.frame), &inside));
        }
    }
    let share = |hits: &Vec<f64>| hits.iter().sum::<f64>() / hits.len() as f64;
    let all = judged.findings.iter().zip(&hits).filter(|(_, hits)| !hits.is_empty());
    all.map(|(finding, hits)| (finding.clone(), share(hits))).collect()
}
