//! Estimates of relevance for a network that is trained already: fitted anew, its weights left as they are.

use crate::config::{DataConfig, TrainConfig};
use crate::device::DeviceChoice;
use crate::error::{Error, Result};
use crate::model::{self, Card};
use crate::plan::Plan;
use crate::train::Prepared;
use crate::weights;
use burn::tensor::Device;
use radiograph::dataset::{Dataset, Skipped};
use retrieval::ModelId;
use std::collections::BTreeMap;
use std::path::Path;

/// A model with new estimates.
#[derive(Debug)]
pub struct Calibrated {
    /// The model file.
    pub model: Vec<u8>,
    /// Its identity, which is another than before: codes are the same, the file is not.
    pub model_id: ModelId,
    /// Held-out pictures that the estimates were fitted to.
    pub queries: usize,
    /// Their mean macro P@10 by code length.
    pub validation: BTreeMap<usize, f64>,
    /// Pictures that could not be used.
    pub skipped: Vec<Skipped>,
}

/// Fits the estimates of the model at `path` to the held-out part of the split train of `dataset`, asked of the rest of it.
///
/// `data` must hold out what was held out when the network was trained: answers to pictures that it learned from are too
/// good. Labels of `except` do not make a neighbour relevant.
///
/// # Errors
/// Those of reading a model; [`Error::TooFewPictures`]; [`Error::NoEstimates`] where the answers do not suffice.
pub fn calibrate(path: &Path, dataset: &Dataset, data: &DataConfig, except: &[String]) -> Result<Calibrated> {
    let model = model::read(path, DeviceChoice::Cpu)?;
    let Card { architecture, preprocess, .. } = model.card.clone();
    let config = TrainConfig { data: data.clone(), preprocess, architecture, ..TrainConfig::default() };
    let prepared = Prepared::new(&config, dataset)?;
    let plan = Plan::new(&config.architecture, &weights::collect(&model.network));
    let lengths: Vec<usize> = config.architecture.code_lengths().collect();
    let estimator = prepared.estimator(&plan, except)?;
    let estimator = estimator.ok_or(Error::NoEstimates { queries: prepared.queries })?;
    let card = Card { estimator: Some(estimator), ..model.card };
    let bytes = model::to_bytes(&model.network, &card)?;
    Ok(Calibrated {
        model_id: model::from_bytes(&bytes, path, &Device::flex())?.id,
        model: bytes,
        queries: prepared.queries,
        validation: prepared.validation.figures(&plan, &lengths)?,
        skipped: prepared.skipped,
    })
}
