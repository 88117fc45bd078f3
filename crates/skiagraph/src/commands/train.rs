//! `skiagraph train`: a network from labelled radiographs.

use std::path::PathBuf;

use anyhow::{Context, Result};
use network::{DeviceChoice, TrainConfig, TrainEvent, TrainOptions};
use radiograph::dataset::Dataset;

use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph train --config configs/base.toml --data data/ --out runs/a
  skiagraph train --config configs/base.toml --data data/ --out runs/a --resume
  skiagraph train --config configs/base.toml --data data/manifest.csv --out runs/b --seed 2 --json

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
    /// Where the network trains: auto or cpu
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
    let config = TrainConfig::read(&args.config)?;
    let dataset = Dataset::open(&args.data)?;
    for skipped in &dataset.skipped {
        eprintln!("  skipped {}: {}", skipped.name, skipped.reason);
    }
    let options =
        TrainOptions { out: args.out.clone(), resume: args.resume, seed: args.seed, device: args.device };
    let mut progress = None;
    let report = network::train(&config, &dataset, &options, &mut |event| show(event, &mut progress))
        .with_context(|| format!("training in `{}` failed", args.out.display()))?;
    if args.json {
        return output::json(&report);
    }
    output::text(&format!("model: {}", args.out.join("model.safetensors").display()))
}

/// Shows an event of the training on standard error.
fn show(event: TrainEvent, progress: &mut Option<Progress>) {
    match event {
        TrainEvent::Step { epoch, epochs, step, steps, images_per_second, loss } => {
            let bar =
                progress.get_or_insert_with(|| Progress::steps(&format!("epoch {epoch}/{epochs}"), steps));
            bar.at(step, format!("{images_per_second:.1} images/s, loss {loss:.4}"));
        }
        _ => {}
    }
}
