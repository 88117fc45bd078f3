//! Calibration: fitting a trained network's estimates of relevance, its embedding and its hash
//! layer anew, without gradients.

use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::inference::plan::Plan;
use crate::model::file::{self, Card, Model};
use crate::model::weights;
use crate::training::config::{DataConfig, TrainConfig};
use crate::training::hash_layer_fit;
use crate::training::prepared::Prepared;
use burn::tensor::Device;
use radiograph::dataset::{Dataset, Skipped};
use retrieval::ModelId;
use retrieval::estimate::LabelKinds;
use std::collections::BTreeMap;
use std::path::Path;

/// A model with new estimates, and perhaps a new hash layer.
#[derive(Debug)]
pub struct Calibrated {
    /// The model file's bytes.
    pub model: Vec<u8>,
    /// The new identity. It differs even if the codes are the same, as the file does.
    pub model_id: ModelId,
    /// The number of held-out pictures that the estimates were fitted to.
    pub queries: usize,
    /// True if there are estimates. There are none if the answers do not suffice.
    pub has_estimates: bool,
    /// The mean macro P@10 of the held-out pictures, by code length.
    pub validation: BTreeMap<usize, f64>,
    /// Pictures that could not be used.
    pub skipped: Vec<Skipped>,
}

/// Fits a model's estimates again. Queries are the held-out part of the split train of `dataset`;
/// the rest of it answers. If `lengths` has code lengths (ascending), the hash layer is fitted
/// before that to the pictures that are not held out.
///
/// `data` must hold out the same pictures as when the network was trained: answers to pictures that
/// it learned from are too good. `kinds` is the rule of relevance.
///
/// # Errors
/// Those of reading a model; [`Error::Config`] for impossible lengths; [`Error::TooFewPictures`];
/// [`Error::NoEstimates`] where nothing is fitted, as the answers do not suffice.
pub fn calibrate(
    path: &Path,
    dataset: &Dataset,
    data: &DataConfig,
    kinds: &LabelKinds,
    lengths: &[usize],
) -> Result<Calibrated> {
    let model = file::read(path, DeviceChoice::Cpu)?;
    let Card { architecture, preprocess, .. } = model.card.clone();
    let mut config =
        TrainConfig { data: data.clone(), preprocess, architecture, ..TrainConfig::default() };
    config.optimisation.fit = lengths.to_vec();
    config.check().map_err(|reason| Error::Config { path: path.into(), reason })?;
    let mut prepared = Prepared::new(&config, dataset)?;
    let skipped = std::mem::take(&mut prepared.skipped);
    let calibrated = fitted(model, &prepared, kinds, lengths)?;
    if lengths.is_empty() && !calibrated.has_estimates {
        return Err(Error::NoEstimates { queries: prepared.queries });
    }
    Ok(Calibrated { skipped, ..calibrated })
}

/// Calibrates as [`calibrate`] does, with decoded pictures.
pub(crate) fn fitted(
    mut model: Model,
    prepared: &Prepared,
    kinds: &LabelKinds,
    lengths: &[usize],
) -> Result<Calibrated> {
    if !lengths.is_empty() {
        model = hash_layer_fit::hash_layer(model, prepared, lengths)?;
    }
    let Model { network, card, .. } = model;
    let plan = Plan::new(&card.architecture, &weights::collect(&network));
    let lengths: Vec<usize> = card.architecture.code_lengths().collect();
    let judged = prepared.validation.has_queries();
    let estimator = if judged { prepared.estimator(&plan, kinds)? } else { None };
    let has_estimates = estimator.is_some();
    let bytes = file::to_bytes(&network, &Card { estimator, ..card })?;
    Ok(Calibrated {
        model_id: file::from_bytes(&bytes, Path::new("model"), &Device::flex())?.id,
        model: bytes,
        queries: prepared.queries,
        has_estimates,
        validation: if judged {
            prepared.validation.figures(&plan, &lengths)?
        } else {
            BTreeMap::new()
        },
        skipped: Vec::new(),
    })
}
