//! The model, as JSON: its training, and its figures.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use network::Encoder;
use retrieval::estimate::LabelKinds;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model file's description of the model.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CardView {
    /// The labels that it was trained to tell apart.
    labels: Vec<String>,
    /// The number of passes through the training pictures; 0 is untrained.
    epoch: usize,
    seed: u64,
    /// True if its hash layer was fitted after training.
    fitted: bool,
    /// The labels that name a part of the body; none where the model has no estimates.
    parts: Vec<String>,
    /// The labels that say that there is no finding; every other label is a finding.
    normal: Vec<String>,
}

impl From<&Encoder> for CardView {
    fn from(encoder: &Encoder) -> Self {
        let card = encoder.card();
        let kinds = card.estimator.as_ref().map(|estimator| estimator.kinds());
        let LabelKinds { parts, normal } =
            kinds.cloned().unwrap_or(LabelKinds { parts: Vec::new(), normal: Vec::new() });
        Self {
            labels: card.labels.clone(),
            epoch: card.epoch,
            seed: card.seed,
            fitted: card.fitted,
            parts,
            normal,
        }
    }
}

/// The quality of the model's answers to a task's queries.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
pub(crate) struct QualityView {
    task: String,
    bits: usize,
    queries: usize,
    gallery: usize,
    /// The mean of average precision.
    map_all: FigureView,
    /// The share of relevant pictures among the first ten.
    p_at_10: FigureView,
    /// The mean of that share over the classes.
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
    /// Reads the figures of a model's codes from a folder of `skiagraph eval`.
    ///
    /// # Errors
    /// If it has none, or another model's.
    pub(crate) fn read(folder: &Path, model: &str) -> Result<Vec<Self>> {
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
