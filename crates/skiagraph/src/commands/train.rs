//! `skiagraph train`: trains a network on labelled radiographs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use network::{DeviceChoice, EpochMetrics, SaliencyMetrics, TrainConfig, TrainEvent, TrainOptions};
use radiograph::dataset::{Dataset, Skipped};
use serde::Serialize;

use crate::ingest::{self, Rejected, Remarks};
use crate::memory;
use crate::output;
use crate::progress::Progress;
use crate::saliency;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph train --config configs/default.toml --data data/ --out runs/a
  skiagraph train --config configs/default.toml --data data/ --out runs/a --resume
  skiagraph train --config configs/default.toml --data m.csv --out runs/b --seed 2 --json
  skiagraph train --stage saliency --config configs/saliency.toml --data data/ --out runs/s

The run folder gets the model (model.safetensors), the configuration in effect (config.toml), the
figures of each epoch (metrics.jsonl) and a checkpoint from which an interrupted run goes on.

The stage saliency trains a network that shows where findings lie, by the section [saliency] of the
configuration, and writes saliency.safetensors. Boxes of training pictures teach it. Where there are
none, labels do, and its maps then do not say where a finding lies.";

/// The network to train.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Stage {
    /// The network that makes codes
    Retrieval,
    /// The network that shows where findings lie
    Saliency,
}

/// Train a network
///
/// Learns from the rows of the split train, and chooses the epoch on pictures held out of it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TrainArgs {
    /// Configuration of the training (TOML)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Data set: a folder with a manifest, the manifest, or a folder of class folders
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Network to train
    #[arg(long, value_enum, value_name = "STAGE", default_value = "retrieval")]
    stage: Stage,
    /// Boxes for the stage saliency [default: boxes.csv of the data set, if there is one]
    #[arg(long, value_name = "FILE")]
    boxes: Option<PathBuf>,
    /// Run folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Resume the run in the folder
    #[arg(long)]
    resume: bool,
    /// Device to train on: auto, cpu, cuda or vulkan
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Seed instead of the configuration's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Trains. Prints a line for each epoch on standard error.
pub(crate) fn run(args: &TrainArgs) -> Result<()> {
    memory::keep_freed();
    let config = TrainConfig::read(&args.config)?;
    let dataset = Dataset::open(&args.data)?;
    if !dataset.skipped.is_empty() {
        eprintln!("{}", ingest::describe_rejected(&rejected(&dataset.skipped)));
    }
    let remarks = Remarks::said(&dataset);
    let options = TrainOptions {
        out: args.out.clone(),
        resume: args.resume,
        seed: args.seed,
        device: args.device,
    };
    let mut display = Display::default();
    if args.stage == Stage::Saliency {
        return train_saliency(args, &config, (&dataset, &remarks), &options, &mut display);
    }
    let report = network::train(&config, &dataset, &options, &mut |event| display.show(&event))
        .with_context(|| format!("cannot train in `{}`", args.out.display()))?;
    if args.json {
        return output::json(&Trained { report, remarks: &remarks });
    }
    output::text(&format!(
        "{} (model {}) is the network of epoch {}; `skiagraph eval --model {0} --data DIR` measures it",
        report.model.display(),
        report.model_id,
        report.best_epoch
    ))
}

/// A report of training, and what of the manifest was left out.
#[derive(Serialize)]
struct Trained<'a, R> {
    #[serde(flatten)]
    report: R,
    #[serde(flatten)]
    remarks: &'a Remarks,
}

fn train_saliency(
    args: &TrainArgs,
    config: &TrainConfig,
    (dataset, remarks): (&Dataset, &Remarks),
    options: &TrainOptions,
    display: &mut Display,
) -> Result<()> {
    let boxes = saliency::boxes_of(&args.data, args.boxes.as_ref())?;
    let report = network::train_saliency(config, dataset, &boxes, options, &mut |event| {
        display.show(&event)
    })
    .with_context(|| format!("cannot train in `{}`", args.out.display()))?;
    if args.json {
        return output::json(&Trained { report, remarks });
    }
    let taught = |(name, boxed): (&String, &usize)| match boxed {
        0 => format!("{name} (by labels alone: its map does not say where)"),
        _ => format!("{name} (boxes on {boxed} pictures)"),
    };
    let findings: Vec<String> =
        report.card.findings.iter().zip(&report.card.boxed).map(taught).collect();
    output::text(&format!(
        "{} has a map for each of: {}",
        report.model.display(),
        findings.join(", ")
    ))
}

/// The rows that could not be used, for a message.
pub(crate) fn rejected(skipped: &[Skipped]) -> Vec<Rejected> {
    skipped.iter().map(Rejected::from).collect()
}

/// The progress bar of the running epoch, and its counts.
#[derive(Default)]
pub(crate) struct Display {
    /// The name of the run, if there are several.
    name: String,
    bar: Option<Progress>,
    epochs: usize,
    steps: usize,
}

impl Display {
    /// A display of one run of several.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: format!("{name}: "), ..Self::default() }
    }

    /// Shows an event on standard error.
    pub(crate) fn show(&mut self, event: &TrainEvent) {
        match event {
            TrainEvent::Started { training, validation, skipped, epochs_done, epochs, steps } => {
                (self.epochs, self.steps) = (*epochs, *steps);
                if !skipped.is_empty() {
                    eprintln!("{}", ingest::describe_rejected(&rejected(skipped)));
                }
                let name = &self.name;
                eprintln!(
                    "{name}{training} pictures to learn from, {validation} to judge by, {steps} steps an epoch"
                );
                if *epochs_done > 0 {
                    eprintln!("{name}going on after epoch {epochs_done}/{epochs}");
                }
            }
            TrainEvent::Step { epoch, step, loss, images_per_second } => {
                let (name, epochs) = (&self.name, self.epochs);
                let heading =
                    || Progress::steps(&format!("{name}epoch {epoch}/{epochs}"), self.steps);
                let bar = self.bar.get_or_insert_with(heading);
                bar.at(*step, format!("{images_per_second:.1} images/s, loss {loss:.4}"));
            }
            TrainEvent::Epoch(metrics) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish();
                }
                eprintln!("{}{}", self.name, epoch_line(metrics, self.epochs));
            }
            TrainEvent::SaliencyEpoch(metrics) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish();
                }
                eprintln!("{}", saliency_line(metrics, self.epochs));
            }
            TrainEvent::Fitted(validation) => {
                eprintln!(
                    "{}hash layer fitted: validation macro P@10 {}",
                    self.name,
                    figures(validation)
                );
            }
        }
    }
}

/// Figures by code length, for a message.
pub(crate) fn figures(by_bits: &BTreeMap<usize, f64>) -> String {
    let figures: Vec<String> =
        by_bits.iter().map(|(bits, figure)| format!("{figure:.3} at {bits} bits")).collect();
    if figures.is_empty() { "-".to_owned() } else { figures.join(", ") }
}

fn saliency_line(metrics: &SaliencyMetrics, epochs: usize) -> String {
    let pointing: String = metrics
        .pointing
        .iter()
        .map(|(finding, share)| format!("  {finding} pointed at {share:.3}"))
        .collect();
    format!(
        "epoch {}/{epochs}  loss {:.4} (places {:.4}, overlap {:.4}, labels {:.4}, help {:.4}){pointing}  \
         {:.1} images/s  {:.0} s",
        metrics.epoch,
        metrics.loss,
        metrics.places,
        metrics.overlap,
        metrics.labels,
        metrics.help,
        metrics.images_per_second,
        metrics.seconds,
    )
}

fn epoch_line(metrics: &EpochMetrics, epochs: usize) -> String {
    let by_bits: String = metrics
        .validation_by_bits
        .iter()
        .map(|(bits, figure)| format!(", {figure:.3} at {bits}"))
        .collect();
    let validation =
        metrics.validation.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.3}{by_bits}"));
    format!(
        "epoch {}/{epochs}  loss {:.4} (hash {:.4}, class {:.4})  mean saliency {:.3}  \
         validation macro P@10 {validation}  {:.1} images/s  {:.0} s",
        metrics.epoch,
        metrics.loss,
        metrics.hash,
        metrics.classification,
        metrics.saliency_mean,
        metrics.images_per_second,
        metrics.seconds,
    )
}
