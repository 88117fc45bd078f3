//! How good the codes are on the validation part: the figure by which the epoch is chosen.

use crate::batch::Pictures;
use crate::error::Result;
use crate::plan::Plan;
use radiograph::dataset::Item;
use retrieval::HashCode;
use retrieval::evaluation::{self, Labelled, Options, Ranking, Role, Task};

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

impl Validation {
    /// `pictures` and `items` run in parallel; of `tasks`, those count that some query belongs to.
    pub(crate) fn new(pictures: Pictures, items: Vec<Labelled>, tasks: Vec<Task>) -> Self {
        Self { pictures, items, tasks }
    }

    /// Mean over the tasks of the macro P@10 of hash codes, expected over ties; none without a query.
    /// `freeze` makes the plan, which takes memory, if it is needed at all.
    pub(crate) fn figure(&self, freeze: impl FnOnce() -> Plan) -> Result<Option<f64>> {
        if !self.items.iter().any(|item| item.role == Role::Query) {
            return Ok(None);
        }
        let codes = self.codes(&freeze())?;
        let options = Options { bootstrap: 0, seed: 0 };
        let mut figures = Vec::new();
        for task in &self.tasks {
            match evaluation::evaluate(task, &self.items, &Ranking::Codes(&codes), "validation", &options) {
                Ok(result) => figures.push(result.macro_p_at_10.value),
                // A task of another data set: none of its queries, or none of its columns, is here.
                Err(retrieval::Error::Task { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok((!figures.is_empty()).then(|| figures.iter().sum::<f64>() / figures.len() as f64))
    }

    fn codes(&self, plan: &Plan) -> Result<Vec<HashCode>> {
        let mut codes = Vec::with_capacity(self.pictures.len());
        for start in (0..self.pictures.len()).step_by(BATCH) {
            let end = (start + BATCH).min(self.pictures.len());
            let encoded = plan.run(&self.pictures.pixels(start..end), self.pictures.size);
            for signs in encoded.hash.chunks_exact(plan.bits) {
                codes.push(HashCode::from_signs(signs)?);
            }
        }
        Ok(codes)
    }
}
