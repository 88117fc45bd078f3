//! The quality of saliency maps: their agreement with expert boxes, and their dependence on codes,
//! learned weights and class.

mod alone;
mod boxes;
mod findings;
mod localisation;
mod page;
mod perturbation;

pub use findings::{FindingReport, Findings};
pub use page::render;
pub(crate) use page::{pictures, sections};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use ingest::{Decoded, Listed};
use network::explain::{Explainer, sanity::Randomised};
use network::{DeviceChoice, Encoder};
use radiograph::dataset::{BoundingBox, Dataset, Item, Split, read_boxes};
use retrieval::evaluation::Task;
use serde::Serialize;

use crate::progress::Observer;
use crate::tasks::beside;

/// Experts' boxes by name of the item.
pub type Boxes = BTreeMap<String, Vec<BoundingBox>>;

/// The given boxes, or those beside the data set; empty if there are none.
///
/// # Errors
/// If the boxes cannot be read.
pub fn boxes_of(data: &Path, given: Option<&PathBuf>) -> Result<Boxes> {
    match given.cloned().or_else(|| beside(data, "boxes.csv")) {
        Some(file) => Ok(read_boxes(&file)?),
        None => Ok(Boxes::new()),
    }
}

/// The number of pictures, evenly over the queries, for the slower measures.
const SAMPLED: usize = 100;

/// All measures of a model's saliency.
#[derive(Serialize)]
pub struct Report {
    pub(crate) model: String,
    /// The agreement with expert boxes, by label and by map.
    pub boxes: Vec<localisation::Row>,
    /// The areas under insertion and deletion, by map.
    pub perturbation: Vec<perturbation::Row>,
    /// The similarity to the trained network's maps, as weights are randomised from the head
    /// downwards.
    pub randomised: Vec<SanityRow>,
    /// The accuracy of telling the class from maps alone.
    pub alone: Vec<alone::Row>,
    /// The change of codes under the maps of other pictures.
    pub swapped: alone::Swap,
}

/// A step of the cascading randomisation.
#[derive(Serialize)]
pub struct SanityRow {
    /// The part of the network down to which weights are random.
    pub stage: &'static str,
    /// The rank correlation.
    pub spearman: f64,
    /// The structural similarity.
    pub structural_similarity: f64,
}

impl From<Randomised> for SanityRow {
    fn from(step: Randomised) -> Self {
        let Randomised { stage, spearman, structural_similarity } = step;
        Self { stage, spearman, structural_similarity }
    }
}

/// The model and the data of all measures.
pub struct Subject<'a> {
    pub(crate) encoder: Encoder,
    pub(crate) explainer: Explainer,
    pub(crate) dataset: &'a Dataset,
    pub(crate) boxes: Boxes,
    pub(crate) seed: u64,
    pub(crate) observer: &'a dyn Observer,
}

impl<'a> Subject<'a> {
    /// Makes a subject of a model and the data set to measure it on.
    ///
    /// # Errors
    /// If the model does not load, or learned no saliency.
    pub fn new(
        model: &Path,
        dataset: &'a Dataset,
        boxes: Boxes,
        seed: u64,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let encoder = Encoder::load(model, DeviceChoice::Cpu)?;
        if !encoder.card().architecture.learns_saliency() {
            bail!(
                "`{}` learned no saliency; give a model with a saliency network",
                model.display()
            );
        }
        Ok(Self { encoder, explainer: Explainer::load(model)?, dataset, boxes, seed, observer })
    }

    /// Takes every measure. `tasks` name the classes that maps alone should not tell.
    ///
    /// # Errors
    /// If there are no queries, or a picture cannot be read.
    pub fn measure(&self, tasks: &[Task]) -> Result<Report> {
        let queries: Vec<&Item> = self.of(|split| split == Split::Query).collect();
        if queries.is_empty() {
            bail!("the data set has no row with the split `query`");
        }
        let every = queries.len().div_ceil(SAMPLED);
        let sampled: Vec<Decoded> = self.decode(queries.iter().copied().step_by(every))?;
        let inputs: Vec<_> = sampled.iter().map(|picture| picture.input.clone()).collect();
        let randomised = self.explainer.randomise(&inputs, self.seed)?;
        Ok(Report {
            model: self.encoder.model_id().0.clone(),
            boxes: boxes::measure(self)?,
            perturbation: perturbation::measure(self, &inputs)?,
            randomised: randomised.into_iter().map(SanityRow::from).collect(),
            alone: alone::measure(self, tasks)?,
            swapped: self.explainer.swap_maps(&inputs, self.seed)?.into(),
        })
    }

    /// The items of some splits.
    fn of(&self, wanted: impl Fn(Split) -> bool) -> impl Iterator<Item = &'a Item> {
        self.dataset.items.iter().filter(move |item| item.split.is_some_and(&wanted))
    }

    /// Decodes pictures. One that cannot be read is an error here, as each is chosen for a reason.
    fn decode<'b>(&self, items: impl Iterator<Item = &'b Item>) -> Result<Vec<Decoded>> {
        let one = |item: &Item| {
            ingest::decode(&Listed::from_item(item), self.encoder.preprocess())
                .with_context(|| format!("cannot read `{}`", item.name))
        };
        items.map(one).collect()
    }
}
