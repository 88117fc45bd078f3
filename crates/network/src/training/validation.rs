//! The quality of codes on the validation part: the figure by which the epoch is chosen.

use crate::error::Result;
use crate::inference::plan::Plan;
use crate::model::embedding::INPUTS;
use crate::training::batch::Pictures;
use crate::training::copies::copy;
use radiograph::dataset::Item;
use radiograph::{Frame, Input};
use rayon::prelude::*;
use retrieval::estimate::{Estimator, LabelKinds, labelled_answers};
use retrieval::evaluation::{self, EvaluationError, Labelled, Options, Ranking, Role, Task};
use retrieval::{Embedding, HashCode};
use std::collections::BTreeMap;

/// The number of pictures that are encoded together.
const BATCH: usize = 32;

/// A data set's picture as an item of the evaluation, in the given role.
pub fn labelled(item: &Item, role: Role) -> Labelled {
    // Two sources may number patients alike.
    let source = item.source.as_deref().unwrap_or_default();
    Labelled {
        labels: item.labels.clone(),
        patient: item.patient.as_ref().map(|patient| format!("{source}/{patient}")),
        unit: item.unit(),
        columns: item.columns.clone(),
        role,
    }
}

/// The validation part as queries, and some training pictures as their gallery.
pub(crate) struct Validation {
    pictures: Pictures,
    items: Vec<Labelled>,
    tasks: Vec<Task>,
}

impl Validation {
    /// Makes a validation. `pictures` and `items` are parallel, queries first. Tasks without a
    /// query are left out.
    pub(crate) fn new(pictures: Pictures, items: Vec<Labelled>, tasks: Vec<Task>) -> Self {
        Self { pictures, items, tasks }
    }

    /// Tells whether there are queries for validation.
    pub(crate) fn has_queries(&self) -> bool {
        self.queries() > 0
    }

    fn queries(&self) -> usize {
        self.items.iter().filter(|item| item.role == Role::Query).count()
    }

    /// The mean over the tasks of the macro P@10 of hash codes, expected over ties, by code length.
    /// Empty without a query.
    pub(crate) fn figures(&self, plan: &Plan, lengths: &[usize]) -> Result<BTreeMap<usize, f64>> {
        let (codes, _) = encode(plan, &self.pictures, self.pictures.len())?;
        let mut figures = BTreeMap::new();
        for &bits in lengths {
            let first = |code: &HashCode| Ok(HashCode::from_bytes(&code.to_bytes()[..bits / 8])?);
            let codes = codes.iter().map(first).collect::<Result<Vec<_>>>()?;
            figures.extend(self.figure(&codes)?.map(|figure| (bits, figure)));
        }
        Ok(figures)
    }

    fn figure(&self, codes: &[HashCode]) -> Result<Option<f64>> {
        let options = Options { bootstrap: 0, seed: 0 };
        let mut figures = Vec::new();
        for task in &self.tasks {
            match evaluation::evaluate(
                task,
                &self.items,
                &Ranking::Codes(codes),
                "validation",
                &options,
            ) {
                Ok(result) => figures.push(result.macro_p_at_10.value),
                // The task is of another data set: none of its queries or columns is here.
                Err(EvaluationError::Task { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok((!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64))
    }

    /// An estimator fitted to the queries' answers from the whole training part, which is as dense
    /// as galleries are. `None` if the answers do not suffice. `kinds` is the rule of relevance.
    pub(crate) fn estimator(
        &self,
        plan: &Plan,
        (pictures, gallery): (&Pictures, &[Labelled]),
        kinds: &LabelKinds,
    ) -> Result<Option<Estimator>> {
        let (mut codes, mut embeddings) = encode(plan, &self.pictures, self.queries())?;
        let (more_codes, known) = encode(plan, pictures, pictures.len())?;
        let held_out = embeddings.clone();
        codes.extend(more_codes);
        embeddings.extend_from_slice(&known);
        let items = [&self.items[..self.queries()], gallery].concat();
        let answers = labelled_answers(&items, &codes, &embeddings, kinds);
        Ok(Estimator::fit(&answers, kinds, &known, &held_out, &self.inner_embeddings(plan)))
    }

    /// The embeddings of the queries' inner parts.
    fn inner_embeddings(&self, plan: &Plan) -> Vec<Embedding> {
        let size = self.pictures.size;
        let embedding = |at: usize| {
            let (size, frame) = (size as u32, Frame::full(size as u32));
            let whole = Input { size, pixels: self.pictures.pixels(at..at + 1), frame };
            Embedding::new(plan.run(&whole.inner().pixels, self.pictures.size).embedding)
        };
        (0..self.queries()).map(embedding).collect()
    }
}

/// The features of all pictures, then of their mirror images, then of slightly changed copies
/// (3N×2816), by the frozen network.
pub(crate) fn features(plan: &Plan, pictures: &Pictures) -> Vec<Vec<f32>> {
    let size = pictures.size;
    let starts = || (0..pictures.len()).step_by(BATCH);
    let pixels = |start| pictures.pixels(start..(start + BATCH).min(pictures.len()));
    let mirrored = |start| {
        let mut pixels = pixels(start);
        pixels.chunks_exact_mut(size).for_each(<[f32]>::reverse);
        pixels
    };
    let copied = |start| -> Vec<f32> {
        let pixels = pixels(start);
        let copies = pixels.par_chunks_exact(size * size).enumerate();
        copies.flat_map_iter(|(i, picture)| copy(picture, size, start + i)).collect()
    };
    starts()
        .map(pixels)
        .chain(starts().map(mirrored))
        .chain(starts().map(copied))
        .flat_map(|pixels| rows(plan, &pixels, pictures.size))
        .collect()
}

fn rows(plan: &Plan, pixels: &[f32], size: usize) -> Vec<Vec<f32>> {
    plan.run(pixels, size).features.chunks_exact(INPUTS).map(<[f32]>::to_vec).collect()
}

/// Encodes the first `count` pictures by the frozen network.
fn encode(
    plan: &Plan,
    pictures: &Pictures,
    count: usize,
) -> Result<(Vec<HashCode>, Vec<Embedding>)> {
    let (mut codes, mut embeddings) = (Vec::new(), Vec::new());
    for start in (0..count).step_by(BATCH) {
        let encoded = plan.run(&pictures.pixels(start..(start + BATCH).min(count)), pictures.size);
        for signs in encoded.hash.chunks_exact(plan.bits) {
            codes.push(HashCode::from_signs(signs)?);
        }
        let rows = encoded.embedding.chunks_exact(plan.embedding_length);
        embeddings.extend(rows.map(|row| Embedding::new(row.to_vec())));
    }
    Ok((codes, embeddings))
}
