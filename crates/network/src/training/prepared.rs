//! The decoded data of a run: pictures to learn from, and pictures held out for validation.

use crate::error::{Error, Result};
use crate::inference::plan::Plan;
use crate::training::batch::Pictures;
use crate::training::config::{DataConfig, TrainConfig};
use crate::training::targets::Vocabulary;
use crate::training::validation::{self, Validation, labelled};
use radiograph::dataset::{Dataset, Item, Skipped, Split};
use retrieval::estimate::{Estimator, LabelKinds};
use retrieval::evaluation::{self, Labelled, Role};

/// The number of training pictures that answer the validation queries: enough to rank, few enough
/// to encode every epoch.
const VALIDATION_GALLERY: usize = 800;

/// The decoded data of a run.
pub(crate) struct Prepared {
    pub pictures: Pictures,
    /// The labelled items, parallel to the pictures.
    items: Vec<Labelled>,
    pub vocabulary: Vocabulary,
    pub validation: Validation,
    /// The number of pictures held out as validation queries.
    pub queries: usize,
    pub skipped: Vec<Skipped>,
}

impl Prepared {
    pub(crate) fn new(config: &TrainConfig, dataset: &Dataset) -> Result<Self> {
        let (kept, held_out) = training_parts(&config.data, dataset)?;
        let vocabulary = Vocabulary::of(kept.iter().copied(), config.data.view_labels);
        let (pictures, learned, mut skipped) =
            Pictures::load(&kept, &vocabulary, &config.preprocess);
        if pictures.len() < 2 {
            let advice =
                "mark items `train` in the manifest's split column, or give a folder per class";
            return Err(Error::TooFewPictures { got: pictures.len(), expected: 2, advice });
        }
        let every = kept.len().div_ceil(VALIDATION_GALLERY).max(1);
        let gallery = kept.iter().copied().step_by(every);
        let roles: Vec<(&Item, Role)> = held_out
            .iter()
            .map(|&i| (i, Role::Query))
            .chain(gallery.map(|i| (i, Role::Gallery)))
            .collect();
        let judged_by: Vec<&Item> = roles.iter().map(|(item, _)| *item).collect();
        let (judged, usable, unusable) =
            Pictures::load(&judged_by, &vocabulary, &config.preprocess);
        let judged_items = usable.iter().map(|&i| labelled(roles[i].0, roles[i].1)).collect();
        skipped.extend(unusable.into_iter().filter(|s| held_out.iter().any(|i| i.name == s.name)));
        let validation = Validation::new(judged, judged_items, evaluation::default_tasks());
        let items = learned.iter().map(|&i| labelled(kept[i], Role::Gallery)).collect();
        Ok(Self { pictures, items, vocabulary, validation, queries: held_out.len(), skipped })
    }

    /// The features of the training pictures, then of their mirror images, then of slightly changed
    /// copies (3N×2816).
    pub(crate) fn features(&self, plan: &Plan) -> Vec<Vec<f32>> {
        validation::features(plan, &self.pictures)
    }

    /// The weight of each label of a training picture for the hash layer that is fitted last; 0 for
    /// labels that it lacks (N×C).
    pub(crate) fn label_rows(&self) -> Vec<Vec<f32>> {
        let weights = self.vocabulary.fit_weights();
        let weight =
            |indices: &[usize], label| if indices.contains(&label) { weights[label] } else { 0.0 };
        let row =
            |indices: &Vec<usize>| (0..weights.len()).map(|label| weight(indices, label)).collect();
        self.pictures.labels.iter().map(row).collect()
    }

    /// The estimator of the model's answers; `None` if validation does not suffice for it.
    pub(crate) fn estimator(&self, plan: &Plan, kinds: &LabelKinds) -> Result<Option<Estimator>> {
        self.validation.estimator(plan, (&self.pictures, &self.items), kinds)
    }
}

/// The items to train on and those held out. No patient or group is in both.
fn training_parts<'a>(
    data: &DataConfig,
    dataset: &'a Dataset,
) -> Result<(Vec<&'a Item>, Vec<&'a Item>)> {
    let labels = dataset.vocabulary();
    if let Some(label) = data.leave_out.iter().find(|label| !labels.contains(label)) {
        return Err(Error::LeftOutUnknown { label: label.clone(), known: labels.join(", ") });
    }
    let (kept, held) = dataset.hold_out(Split::Train, data.validation, data.split_seed);
    let known = |item: &&Item| !item.labels.iter().any(|label| data.leave_out.contains(label));
    let pick = |indices: Vec<usize>| {
        indices.into_iter().map(|i| &dataset.items[i]).filter(known).collect()
    };
    Ok((pick(kept), pick(held)))
}
