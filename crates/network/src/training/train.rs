//! Training for its callers: options in, events and a report out.

use crate::error::{Error, Result};
use crate::model::finding;
use crate::training::checkpoint::{RunFolder, write_whole};
use crate::training::config::TrainConfig;
use crate::training::prepared::Prepared;
use crate::training::report::{TrainEvent, TrainOptions, TrainReport};
use crate::training::run::Run;
use radiograph::dataset::Dataset;

/// Trains a network on the training part of `dataset`: items marked `train`, or all if none is
/// marked. It writes into the run folder: `config.toml`, `metrics.jsonl`, checkpoints, and
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
