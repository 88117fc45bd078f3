//! `skiagraph train`: a network from labelled radiographs.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use network::{DeviceChoice, EpochMetrics, TrainConfig, TrainEvent, TrainOptions};
use radiograph::dataset::{Dataset, Skipped};

use crate::ingest::{self, Rejected};
use crate::memory;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph train --config configs/default.toml --data data/ --out runs/a
  skiagraph train --config configs/default.toml --data data/ --out runs/a --resume
  skiagraph train --config configs/default.toml --data m.csv --out runs/b --seed 2 --json

The run folder gets the model (model.safetensors), the configuration in effect (config.toml), the
figures of each epoch (metrics.jsonl) and a checkpoint from which an interrupted run goes on.";

/// Train a network
///
/// Learns from the rows of the split train, and chooses the epoch on pictures held out of it.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TrainArgs {
    /// What to train and how (TOML)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Data set: a folder with a manifest, the manifest, or a folder of class folders
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Run folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Go on with the run in the folder
    #[arg(long)]
    resume: bool,
    /// Where the network trains: auto, cpu, cuda or vulkan
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Seed instead of the configuration's
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Trains, with a line an epoch on standard error.
pub(crate) fn run(args: &TrainArgs) -> Result<()> {
    memory::keep_freed();
    let config = TrainConfig::read(&args.config)?;
    let dataset = Dataset::open(&args.data)?;
    if !dataset.skipped.is_empty() {
        eprintln!("{}", ingest::describe_rejected(&rejected(&dataset.skipped)));
    }
    let options =
        TrainOptions { out: args.out.clone(), resume: args.resume, seed: args.seed, device: args.device };
    let mut display = Display::default();
    let report = network::train(&config, &dataset, &options, &mut |event| display.show(&event))
        .with_context(|| format!("cannot train in `{}`", args.out.display()))?;
    if args.json {
        return output::json(&report);
    }
    output::text(&format!(
        "{} (model {}) is the network of epoch {}; `skiagraph eval --model {0} --data DIR` measures it",
        report.model.display(),
        report.model_id,
        report.best_epoch
    ))
}

/// Rows that could not be used, for a message.
pub(crate) fn rejected(skipped: &[Skipped]) -> Vec<Rejected> {
    skipped.iter().map(Rejected::from).collect()
}

/// The bar of the epoch that runs, and what it counts to.
#[derive(Default)]
pub(crate) struct Display {
    /// What is trained, where that is not plain.
    name: String,
    bar: Option<Progress>,
    epochs: usize,
    steps: usize,
}

impl Display {
    /// For one run of several.
    pub(crate) fn named(name: &str) -> Self {
        Self { name: format!("{name}: "), ..Self::default() }
    }

    /// Shows what happened on standard error.
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
                let heading = || Progress::steps(&format!("{name}epoch {epoch}/{epochs}"), self.steps);
                let bar = self.bar.get_or_insert_with(heading);
                bar.at(*step, format!("{images_per_second:.1} images/s, loss {loss:.4}"));
            }
            TrainEvent::Epoch(metrics) => {
                if let Some(bar) = self.bar.take() {
                    bar.finish();
                }
                eprintln!("{}{}", self.name, epoch_line(metrics, self.epochs));
            }
            TrainEvent::Fitted(validation) => {
                eprintln!("{}hash layer fitted: validation macro P@10 {}", self.name, figures(validation));
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

fn epoch_line(metrics: &EpochMetrics, epochs: usize) -> String {
    let by_bits: String =
        metrics.validation_by_bits.iter().map(|(bits, figure)| format!(", {figure:.3} at {bits}")).collect();
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
