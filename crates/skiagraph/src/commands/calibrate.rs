//! `skiagraph calibrate`: fits the estimates of relevance of a trained model, and on request its
//! hash layer.

use std::path::PathBuf;

use anyhow::{Context, Result};
use network::TrainConfig;
use radiograph::dataset::Dataset;
use serde_json::json;

use crate::ingest_messages;
use crate::model::ModelFile;
use crate::output;
use crate::training_display::{figures, rejected};

const EXAMPLES: &str = "EXAMPLES:
  skiagraph calibrate --data data/ --out calibrated.safetensors
  skiagraph calibrate --model runs/a/model.safetensors --config runs/a/config.toml --data data/ \\
      --out b.safetensors
  skiagraph calibrate --hash-layer 16,32,64,128 --data data/ --out fitted.safetensors

Without --hash-layer the codes stay as they are. But the model's identity changes with its file:
make galleries anew with `index`, or use `gallery reindex`.";

/// Fit a model's estimates of relevance, and on request its hash layer
///
/// Pictures that training held out of the split train are queries; its other rows answer. From the
/// right answers it learns how likely a neighbour is relevant: of the same part of the body, and
/// with a finding in common or both without. It also learns how far off a picture lies that is
/// unlike all known ones. With --hash-layer, embedding and codes of the given lengths are fitted
/// first, to the labels and to the differences between pictures of the same labels. That takes some
/// minutes, without training.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CalibrateArgs {
    #[command(flatten)]
    model: ModelFile,
    /// The configuration that it was trained with, which says what was held out [default: the
    /// default configuration]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Data set: a folder with a manifest, the manifest, or a folder of class folders
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Code lengths of a hash layer to fit, ascending; the shorter codes are the first bits of the
    /// longest
    #[arg(long, value_name = "BITS", value_delimiter = ',')]
    hash_layer: Vec<usize>,
    /// Model file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Fits, and writes the model.
pub(crate) fn run(args: &CalibrateArgs) -> Result<()> {
    let config = args.config.as_deref().map(TrainConfig::read).transpose()?.unwrap_or_default();
    let dataset = Dataset::open(&args.data)?;
    ingest_messages::manifest_diagnostics(&dataset);
    let path = args.model.path()?;
    let calibrated =
        network::calibrate(&path, &dataset, &config.data, &config.relevance, &args.hash_layer)
            .with_context(|| format!("cannot fit the model `{}`", path.display()))?;
    let skipped: Vec<_> = dataset.skipped.iter().chain(&calibrated.skipped).cloned().collect();
    if !skipped.is_empty() {
        eprintln!("{}", ingest_messages::describe_rejected(&rejected(&skipped)));
    }
    files::write(&args.out, &calibrated.model)?;
    if args.json {
        return output::json(&json!({
            "model": args.out,
            "model_id": calibrated.model_id,
            "queries": calibrated.queries,
            "estimates": calibrated.has_estimates,
            "validation": calibrated.validation,
        }));
    }
    let estimates = if calibrated.has_estimates { "" } else { "; too few for estimates" };
    output::text(&format!(
        "{} (model {}): fitted to the answers to {} pictures, whose macro P@10 is {}{estimates}",
        args.out.display(),
        calibrated.model_id,
        calibrated.queries,
        figures(&calibrated.validation)
    ))
}
