//! The model, as JSON: how it was made, and how good it was found to be.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use network::Encoder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model's file says of it.
#[derive(Serialize, JsonSchema)]
pub(in crate::server) struct CardView {
    /// What it was trained to tell apart.
    labels: Vec<String>,
    /// Passes through the training pictures; 0 is untrained.
    epoch: usize,
    seed: u64,
    /// Whether its hash layer was fitted once more after training.
    fitted: bool,
}

impl From<&Encoder> for CardView {
    fn from(encoder: &Encoder) -> Self {
        let card = encoder.card();
        Self {
            labels: card.labels.clone(),
            epoch: card.epoch,
            seed: card.seed,
            fitted: card.fitted,
        }
    }
}

/// How well the model answered the queries of a task.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub(in crate::server) struct QualityView {
    task: String,
    bits: usize,
    queries: usize,
    gallery: usize,
    /// Mean of average precision.
    map_all: FigureView,
    /// Share of relevant pictures among the first ten.
    p_at_10: FigureView,
    /// The same as the mean over the classes.
    macro_p_at_10: FigureView,
}

/// A figure and its 95 % interval.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
struct FigureView {
    value: f64,
    low: f64,
    high: f64,
}

impl QualityView {
    /// The figures of a model's codes in a folder of `skiagraph eval`.
    ///
    /// # Errors
    /// If it has none, or another model's.
    pub(in crate::server) fn read(folder: &Path, model: &str) -> Result<Vec<Self>> {
        #[derive(Deserialize)]
        struct Report {
            model: String,
            results: Vec<serde_json::Value>,
        }
        let path = folder.join("results.json");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("cannot read `{}`", path.display()))?;
        let wrong = || format!("`{}` is not what `skiagraph eval --out` writes", path.display());
        let report: Report = serde_json::from_str(&text).with_context(wrong)?;
        if report.model != model {
            bail!("`{}` is of the model {}; expected {model}", path.display(), report.model);
        }
        let codes = report.results.into_iter().filter(|result| result["method"] == "codes");
        codes.map(|result| serde_json::from_value(result).with_context(wrong)).collect()
    }
}
