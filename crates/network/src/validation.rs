//! How good the codes are on the validation part: the figure by which the epoch is chosen.

use crate::batch::Pictures;
use crate::error::Result;
use crate::plan::Plan;
use crate::resnet::FEATURES;
use radiograph::dataset::Item;
use retrieval::estimate::{Estimator, known_answers};
use retrieval::evaluation::{self, Labelled, Options, Ranking, Role, Task};
use retrieval::{Embedding, HashCode};

/// Pictures that are encoded together.
const BATCH: usize = 32;

/// A data set's picture as the evaluation sees it, in the given role.
pub fn labelled(item: &Item, role: Role) -> Labelled {
    // Patient numbers of two sources may coincide.
    let source = item.source.as_deref().unwrap_or_default();
    Labelled {
        labels: item.labels.clone(),
        patient: item.patient.as_ref().map(|patient| format!("{source}/{patient}")),
        unit: item.unit(),
        columns: item.columns.clone(),
        role,
    }
}

/// The validation part as queries, some training pictures as their gallery.
pub(crate) struct Validation {
    pictures: Pictures,
    items: Vec<Labelled>,
    tasks: Vec<Task>,
}

/// What validation makes of a network.
#[derive(Default)]
pub(crate) struct Judged {
    /// Mean over the tasks of the macro P@10 of hash codes, expected over ties; none without a query.
    pub figure: Option<f64>,
    /// Fitted to the answers; none where they do not suffice.
    pub estimator: Option<Estimator>,
}

impl Validation {
    /// `pictures` and `items` run in parallel; of `tasks`, those count that some query belongs to.
    pub(crate) fn new(pictures: Pictures, items: Vec<Labelled>, tasks: Vec<Task>) -> Self {
        Self { pictures, items, tasks }
    }

    /// Judges the network of an epoch. `freeze` makes the plan, which takes memory, if it is needed at all; labels of
    /// `except` do not make a neighbour relevant to the estimator.
    pub(crate) fn judge(&self, freeze: impl FnOnce() -> Plan, except: &[String]) -> Result<Judged> {
        if !self.items.iter().any(|item| item.role == Role::Query) {
            return Ok(Judged::default());
        }
        let (codes, embeddings) = self.encode(&freeze())?;
        let counts = |label: &str| !except.iter().any(|other| other == label);
        let answers = known_answers(&self.items, &codes, &embeddings, counts);
        Ok(Judged { figure: self.figure(&codes)?, estimator: Estimator::fit(&answers, except) })
    }

    fn figure(&self, codes: &[HashCode]) -> Result<Option<f64>> {
        let options = Options { bootstrap: 0, seed: 0 };
        let mut figures = Vec::new();
        for task in &self.tasks {
            match evaluation::evaluate(task, &self.items, &Ranking::Codes(codes), "validation", &options) {
                Ok(result) => figures.push(result.macro_p_at_10.value),
                // A task of another data set: none of its queries, or none of its columns, is here.
                Err(retrieval::Error::Task { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok((!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64))
    }

    fn encode(&self, plan: &Plan) -> Result<(Vec<HashCode>, Vec<Embedding>)> {
        let (mut codes, mut embeddings) = (Vec::new(), Vec::new());
        for start in (0..self.pictures.len()).step_by(BATCH) {
            let end = (start + BATCH).min(self.pictures.len());
            let encoded = plan.run(&self.pictures.pixels(start..end), self.pictures.size);
            for signs in encoded.hash.chunks_exact(plan.bits) {
                codes.push(HashCode::from_signs(signs)?);
            }
            let rows = encoded.embedding.chunks_exact(FEATURES);
            embeddings.extend(rows.map(|row| Embedding::new(row.to_vec())));
        }
        Ok((codes, embeddings))
    }
}
