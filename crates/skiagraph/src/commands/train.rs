//! `skiagraph train`: trains a network on labelled radiographs.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::ValueEnum;
use ingest::ManifestDiagnostics;
use network::{DeviceChoice, TrainConfig, TrainOptions};
use radiograph::dataset::Dataset;
use serde::Serialize;
use study::saliency;

use crate::ingest_messages;
use crate::memory;
use crate::output;
use crate::training_display::{TrainingDisplay, rejected};

const EXAMPLES: &str = "EXAMPLES:
  skiagraph train --config configs/default.toml --data data/ --out runs/a
  skiagraph train --config configs/default.toml --data data/ --out runs/a --resume
  skiagraph train --config configs/default.toml --data m.csv --out runs/b --seed 2 --json
  skiagraph train --stage saliency --config configs/saliency.toml --data data/ --out runs/s

The run folder gets the model (model.safetensors), the configuration in effect (config.toml), the
figures of each epoch (metrics.jsonl) and a checkpoint from which an interrupted run goes on.

The stage saliency trains a network that shows where findings lie, by the section [saliency] of the
configuration, and writes saliency.safetensors. Boxes of training pictures teach it. Without boxes,
labels do, and then its maps do not show where a finding lies.";

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
    /// Seed, in place of the configuration's
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
        eprintln!("{}", ingest_messages::describe_rejected(&rejected(&dataset.skipped)));
    }
    let diagnostics = ingest_messages::manifest_diagnostics(&dataset);
    let options = TrainOptions {
        out: args.out.clone(),
        resume: args.resume,
        seed: args.seed,
        device: args.device,
    };
    let mut display = TrainingDisplay::default();
    if args.stage == Stage::Saliency {
        return train_saliency(args, &config, (&dataset, &diagnostics), &options, &mut display);
    }
    let report = network::train(&config, &dataset, &options, &mut |event| display.show(&event))
        .with_context(|| format!("cannot train in `{}`", args.out.display()))?;
    if args.json {
        return output::json(&Trained { report, diagnostics: &diagnostics });
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
    diagnostics: &'a ManifestDiagnostics,
}

fn train_saliency(
    args: &TrainArgs,
    config: &TrainConfig,
    (dataset, diagnostics): (&Dataset, &ManifestDiagnostics),
    options: &TrainOptions,
    display: &mut TrainingDisplay,
) -> Result<()> {
    let boxes = saliency::boxes_of(&args.data, args.boxes.as_ref())?;
    let report = network::train_saliency(config, dataset, &boxes, options, &mut |event| {
        display.show(&event)
    })
    .with_context(|| format!("cannot train in `{}`", args.out.display()))?;
    if args.json {
        return output::json(&Trained { report, diagnostics });
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
