//! Tests whether maps carry more than where to look: classes told from maps alone, and codes under
//! the maps of other pictures.

use anyhow::Result;
use ingest::Listed;
use network::explain::leakage::{Classed, Swapped, classify, coarse};
use radiograph::dataset::{Item, Split};
use retrieval::evaluation::Task;
use serde::Serialize;

use super::Subject;

/// The accuracy of telling a task's classes by the ten nearest maps.
#[derive(Serialize)]
pub struct Row {
    pub task: String,
    pub classes: usize,
    pub queries: usize,
    /// The share of the queries given their class.
    pub accuracy: f64,
    /// The mean of that share over classes; by chance 1/classes.
    pub balanced: f64,
    /// The share of the most frequent class.
    pub majority: f64,
}

/// Mean Hamming distances of codes of X under its own map S and under S', the map of another
/// picture X'.
#[derive(Serialize)]
pub struct Swap {
    /// The distance of (X, S) and (X, S').
    pub own: f64,
    /// The distance of (X, S') and (X', S').
    pub donor: f64,
    /// The distance of (X, S) and (X', S').
    pub between: f64,
}

impl From<Swapped> for Swap {
    fn from(Swapped { own, donor, between }: Swapped) -> Self {
        Self { own, donor, between }
    }
}

/// Measures every task with listed labels whose queries and gallery come from one set of pictures.
pub(super) fn measure(subject: &Subject, tasks: &[Task]) -> Result<Vec<Row>> {
    let within =
        |task: &&Task| task.labels.is_some() && task.query.is_empty() && task.gallery.is_empty();
    tasks.iter().filter(within).map(|task| one_task(subject, task)).collect()
}

fn one_task(subject: &Subject, task: &Task) -> Result<Row> {
    let passes = |item: &&Item| {
        task.filter.iter().all(|(column, value)| item.columns.get(column) == Some(value))
    };
    let of = |wanted: fn(Split) -> bool| {
        subject.of(wanted).filter(passes).filter_map(|item| classed(task, item))
    };
    let queries: Vec<_> = of(|split| split == Split::Query).collect();
    let gallery: Vec<_> = of(|split| matches!(split, Split::Train | Split::Database)).collect();
    let found =
        classify(&maps(subject, &task.name, &gallery)?, &maps(subject, &task.name, &queries)?);
    let mut classes: Vec<&str> = queries.iter().map(|(_, class)| *class).collect();
    classes.sort_unstable();
    classes.dedup();
    let (accuracy, balanced, majority) = (found.accuracy, found.balanced, found.majority);
    let (classes, queries) = (classes.len(), queries.len());
    Ok(Row { task: task.name.clone(), classes, queries, accuracy, balanced, majority })
}

/// An item and the first of the task's labels that it has.
fn classed<'a>(task: &'a Task, item: &'a Item) -> Option<(&'a Item, &'a str)> {
    let label = task.labels.iter().flatten().find(|label| item.labels.contains(label))?;
    Some((item, label))
}

/// Coarse maps with their classes. Pictures that cannot be read are left out.
fn maps<'a>(subject: &Subject, task: &str, items: &[(&Item, &'a str)]) -> Result<Vec<Classed<'a>>> {
    let listed: Vec<_> = items.iter().map(|(item, _)| Listed::from_item(item)).collect();
    let progress = subject.observer.images(&format!("maps alone, {task}"), items.len());
    let mut rest = items.iter();
    let mut maps = Vec::new();
    ingest::for_each_batch(&listed, subject.encoder.preprocess(), |batch| {
        let encodings = ingest::encode_pictures(&subject.encoder, &batch.pictures)?;
        for (picture, encoding) in batch.pictures.iter().zip(encodings) {
            if let Some((_, class)) = rest.find(|(item, _)| item.name == picture.record.name) {
                maps.push((coarse(&encoding.saliency, &picture.input.frame), *class));
            }
        }
        progress.advance(batch.files);
        Ok(())
    })?;
    progress.finish();
    Ok(maps)
}
