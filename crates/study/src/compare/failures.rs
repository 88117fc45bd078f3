//! Failures of the reference method: the queries with the worst answers, drawn with their
//! neighbours and saliency maps.

use std::collections::HashMap;

use answers::draw;
use answers::html::{Answer, Card, Label};
use anyhow::{Context, Result};
use ingest::{Decoded, Listed, patient_across_sources};
use network::{Encoder, SaliencyMap};
use radiograph::dataset::Item;
use retrieval::evaluation::{Task, TaskResult};

use super::encodings::Encodings;
use super::encodings::in_order;
use super::experiment::Experiment;
use super::measure::Report;
use crate::roles::role;

/// The number of queries drawn of each task.
const QUERIES: usize = 2;
/// The number of neighbours drawn of each query.
const NEIGHBORS: usize = 5;

/// The worst answers of the reference method, a few of each task.
pub(super) fn worst(
    experiment: &Experiment,
    report: &Report,
    tasks: &[Task],
) -> Result<Vec<Answer>> {
    let Some((_, model)) = experiment.our_model()? else { return Ok(Vec::new()) };
    let encodings = experiment.make(&experiment.ours()?)?;
    let encoder = Encoder::load(&model, experiment.device)?;
    let items = in_order(&experiment.items, &encodings.about.names);
    let mut drawer = Drawer { encoder, items, drawn: HashMap::new() };
    let mut answers = Vec::new();
    for task in tasks {
        let of_task =
            |result: &&TaskResult| result.task == task.name && result.method == report.ours;
        let Some(result) = report.results.iter().find(of_task) else { continue };
        for query in worst_queries(result) {
            answers.push(drawer.answer(task, query, &encodings)?);
        }
    }
    Ok(answers)
}

/// The positions of the queries with the least AP, of different patients.
fn worst_queries(result: &TaskResult) -> Vec<usize> {
    let mut queries: Vec<_> = result.per_query.iter().collect();
    queries.sort_by(|a, b| {
        let least_first = a.values.average_precision.total_cmp(&b.values.average_precision);
        least_first.then(a.item.cmp(&b.item))
    });
    let mut units: Vec<&str> = Vec::new();
    queries
        .retain(|query| !units.contains(&query.unit.as_str()) && (units.push(&query.unit), true).1);
    queries.iter().take(QUERIES).map(|query| query.item).collect()
}

struct Drawer<'a> {
    encoder: Encoder,
    items: Vec<&'a Item>,
    /// The plain and the overlaid JPEG of each picture, by position.
    drawn: HashMap<usize, (Vec<u8>, Vec<u8>)>,
}

impl Drawer<'_> {
    fn answer(&mut self, task: &Task, query: usize, encodings: &Encodings) -> Result<Answer> {
        let nearest = self.nearest(task, query, encodings);
        let wanted = self.items[query].labels.clone();
        let bits = encodings.codes[query].bits();
        let name = format!("{}: {}", task.name, self.items[query].name);
        let query_card = Card { name, ..self.card(query, &[], None)? };
        let neighbors = nearest.into_iter().map(|(distance, item)| {
            self.card(item, &wanted, Some(format!("{distance} of {bits} bits differ")))
        });
        Ok(Answer { queries: vec![query_card], neighbors: neighbors.collect::<Result<_>>()? })
    }

    /// The nearest gallery pictures of other patients, by distance, then position.
    fn nearest(&self, task: &Task, query: usize, encodings: &Encodings) -> Vec<(u32, usize)> {
        let patient = patient_across_sources(self.items[query]);
        let answers = (0..self.items.len()).filter(|&i| {
            let item = self.items[i];
            let other = patient.is_none() || patient_across_sources(item) != patient;
            other && task.may_answer(&network::labelled(item, role(item)))
        });
        let distance = |i: usize| (encodings.codes[query].distance(&encodings.codes[i]), i);
        let mut nearest: Vec<_> = answers.map(distance).collect();
        nearest.sort_unstable();
        nearest.truncate(NEIGHBORS);
        nearest
    }

    fn card(
        &mut self,
        position: usize,
        wanted: &[String],
        distance: Option<String>,
    ) -> Result<Card> {
        let item = self.items[position];
        let label = |text: &String| Label { text: text.clone(), shared: wanted.contains(text) };
        let labels = item.labels.iter().map(label).collect();
        if !self.drawn.contains_key(&position) {
            let picture = ingest::decode(&Listed::from_item(item), self.encoder.preprocess())?;
            let map = self.saliency(&picture)?;
            let drawn = draw(picture.thumbnail, &map, &picture.input.frame)?;
            self.drawn.insert(position, drawn);
        }
        let (plain, map) = self.drawn.get(&position).cloned().unwrap_or_default();
        Ok(Card { name: item.name.clone(), labels, distance, plain, map })
    }

    fn saliency(&self, picture: &Decoded) -> Result<SaliencyMap> {
        let encoding = self.encoder.encode(std::slice::from_ref(&picture.input))?.pop();
        Ok(encoding.context("one picture has one encoding")?.saliency)
    }
}
