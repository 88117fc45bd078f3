//! The figures of a task, and the paired difference of two methods.

use serde::Serialize;

use super::bootstrap::{Figures, Sample, figures};
use super::measures::MEASURES;
use super::relevance::Relevance;
use super::{EvaluationError, Figure, Options, Result, Task, Values};

/// The positions of measures in [`Values::to_array`].
pub(super) const AP: usize = 0;
pub(super) const NDCG: usize = 1;
pub(super) const P_AT_10: usize = 5;

/// A method's figures on a task.
#[derive(Clone, Debug, Serialize)]
pub struct TaskResult {
    /// The task's name.
    pub task: String,
    /// The method's name.
    pub method: String,
    /// The size of a stored item in bits: a code's bits, 16 for each value of an embedding, 0 for a
    /// random order.
    pub bits: usize,
    /// The number of queries that the figures cover: those with a relevant item.
    pub queries: usize,
    /// The number of queries left out, because no item is relevant to them.
    pub queries_without_relevant: usize,
    /// The number of the gallery's items.
    pub gallery: usize,
    /// The number of units that the bootstrap draws from.
    pub units: usize,
    /// The number of draws.
    pub bootstrap: usize,
    /// The divisor of AP: "all relevant".
    pub ap_divisor: &'static str,
    /// The treatment of ties: "expected over ties".
    pub ties: &'static str,
    /// The mean of AP over the queries.
    pub map_all: Figure,
    /// The mean over the classes of their mean AP.
    pub macro_map_all: Figure,
    /// The mean of weighted AP. An answer counts by the number of labels it shares.
    pub weighted_map: Figure,
    /// P@1.
    pub p_at_1: Figure,
    /// P@5.
    pub p_at_5: Figure,
    /// P@10.
    pub p_at_10: Figure,
    /// P@50.
    pub p_at_50: Figure,
    /// P@100.
    pub p_at_100: Figure,
    /// The mean over the classes of their mean P@10.
    pub macro_p_at_10: Figure,
    /// R@1.
    pub r_at_1: Figure,
    /// R@5.
    pub r_at_5: Figure,
    /// R@10.
    pub r_at_10: Figure,
    /// R@50.
    pub r_at_50: Figure,
    /// R@100.
    pub r_at_100: Figure,
    /// nDCG@100.
    pub ndcg_100: Figure,
    /// The mean over the classes of their mean nDCG@100.
    pub macro_ndcg_100: Figure,
    /// The classes that have queries, by name.
    pub per_class: Vec<ClassResult>,
    /// Each query's values, for plots and paired differences.
    #[serde(skip)]
    pub per_query: Vec<QueryResult>,
}

/// A method's figures on the queries of one class.
#[derive(Clone, Debug, Serialize)]
pub struct ClassResult {
    /// The label, or the column's value.
    pub class: String,
    /// The number of queries of that class.
    pub queries: usize,
    /// The number of gallery items of that class.
    pub gallery: usize,
    /// The mean AP. An item is relevant if it shares any of the task's labels, not this class
    /// alone.
    pub map_all: Figure,
    /// P@10.
    pub p_at_10: Figure,
    /// nDCG@100.
    pub ndcg_100: Figure,
}

/// The measures of the answer to one query.
#[derive(Clone, PartialEq, Debug)]
pub struct QueryResult {
    /// The query's position among the items.
    pub item: usize,
    /// Its unit.
    pub unit: String,
    /// Its classes, as positions in the sorted list of all the task's classes.
    pub classes: Vec<usize>,
    /// The measures.
    pub values: Values,
}

/// The difference of two methods on the same queries: a − b.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Difference {
    /// The task's name.
    pub task: String,
    /// The one method.
    pub a: String,
    /// The other method.
    pub b: String,
    /// The number of queries of both.
    pub queries: usize,
    /// The difference of the mean AP.
    pub map_all: Figure,
    /// The difference of the macro mean AP.
    pub macro_map_all: Figure,
    /// The difference of P@10.
    pub p_at_10: Figure,
    /// The difference of the macro mean of P@10.
    pub macro_p_at_10: Figure,
    /// The difference of nDCG@100.
    pub ndcg_100: Figure,
}

/// Sums up the queries of a task.
pub(super) fn summarise(
    task: &Task,
    method: &str,
    bits: usize,
    relevance: &Relevance,
    per_query: Vec<QueryResult>,
    options: &Options,
) -> Result<TaskResult> {
    if per_query.is_empty() {
        return Err(task.error(
            "has no query to which anything in the gallery is relevant; check its filters",
        ));
    }
    let figures = figures(&samples(&per_query), relevance.classes.len(), options);
    let units: std::collections::HashSet<_> = per_query.iter().map(|query| &query.unit).collect();
    let head = Head {
        task: task.name.clone(),
        method: method.to_owned(),
        bits,
        queries_without_relevant: relevance.queries.len() - per_query.len(),
        gallery: relevance.gallery.len(),
        units: units.len(),
        bootstrap: options.bootstrap,
    };
    let per_class = per_class(relevance, &per_query, &figures.classes);
    Ok(assemble(head, &figures, per_class, per_query))
}

/// The part of a result before its figures.
pub(super) struct Head {
    pub(super) task: String,
    pub(super) method: String,
    pub(super) bits: usize,
    pub(super) queries_without_relevant: usize,
    pub(super) gallery: usize,
    pub(super) units: usize,
    pub(super) bootstrap: usize,
}

pub(super) fn assemble(
    head: Head,
    figures: &Figures,
    per_class: Vec<ClassResult>,
    per_query: Vec<QueryResult>,
) -> TaskResult {
    // The order is that of `Values::to_array`.
    let [map_all, ndcg_100, weighted_map, ranks @ ..] = figures.mean;
    let [p_at_1, p_at_5, p_at_10, p_at_50, p_at_100, r_at_1, r_at_5, r_at_10, r_at_50, r_at_100] =
        ranks;
    let macro_mean = figures.macro_mean;
    TaskResult {
        task: head.task,
        method: head.method,
        bits: head.bits,
        queries: per_query.len(),
        queries_without_relevant: head.queries_without_relevant,
        gallery: head.gallery,
        units: head.units,
        bootstrap: head.bootstrap,
        ap_divisor: "all relevant",
        ties: "expected over ties",
        map_all,
        macro_map_all: macro_mean[AP],
        weighted_map,
        p_at_1,
        p_at_5,
        p_at_10,
        p_at_50,
        p_at_100,
        macro_p_at_10: macro_mean[P_AT_10],
        r_at_1,
        r_at_5,
        r_at_10,
        r_at_50,
        r_at_100,
        ndcg_100,
        macro_ndcg_100: macro_mean[NDCG],
        per_class,
        per_query,
    }
}

fn per_class(
    relevance: &Relevance,
    per_query: &[QueryResult],
    figures: &[Option<[Figure; MEASURES]>],
) -> Vec<ClassResult> {
    let members =
        |class: usize| relevance.gallery.iter().filter(move |&&item| relevance.is_of(item, class));
    let result = |(class, name): (usize, &String)| {
        let figures = figures[class]?;
        Some(ClassResult {
            class: name.clone(),
            queries: per_query.iter().filter(|query| query.classes.contains(&class)).count(),
            gallery: members(class).count(),
            map_all: figures[AP],
            p_at_10: figures[P_AT_10],
            ndcg_100: figures[NDCG],
        })
    };
    relevance.classes.iter().enumerate().filter_map(result).collect()
}

pub(super) fn samples(per_query: &[QueryResult]) -> Vec<Sample<'_>> {
    let samples = per_query.iter().map(|query| Sample {
        unit: &query.unit,
        classes: &query.classes,
        values: query.values.to_array(),
    });
    samples.collect()
}

/// The number of classes of a task's queries: one more than the highest.
pub(super) fn classes(result: &TaskResult) -> usize {
    result.per_query.iter().flat_map(|query| &query.classes).max().map_or(0, |last| last + 1)
}

/// The values of `a` less those of `b`, query by query. `None` if the two do not have the same
/// queries.
pub(super) fn differences<'a>(a: &'a TaskResult, b: &TaskResult) -> Option<Vec<Sample<'a>>> {
    let same = |(a, b): (&QueryResult, &QueryResult)| {
        a.item == b.item && a.unit == b.unit && a.classes == b.classes
    };
    if a.per_query.len() != b.per_query.len() || !a.per_query.iter().zip(&b.per_query).all(same) {
        return None;
    }
    let mut samples = samples(&a.per_query);
    for (sample, other) in samples.iter_mut().zip(&b.per_query) {
        sample
            .values
            .iter_mut()
            .zip(other.values.to_array())
            .for_each(|(value, other)| *value -= other);
    }
    Some(samples)
}

/// The difference of method `a` and method `b`, a − b, with its interval. Each draw takes the same
/// units for both, so that what they have in common cancels. If the interval lacks 0, the methods
/// differ.
///
/// # Errors
/// If the two are not of the same task and queries.
pub fn paired_difference(a: &TaskResult, b: &TaskResult, options: &Options) -> Result<Difference> {
    let unpaired = |reason: &str| EvaluationError::Unpaired {
        a: a.method.clone(),
        b: b.method.clone(),
        reason: format!("{reason}; evaluate both on the same task and items"),
    };
    if a.task != b.task {
        return Err(unpaired(&format!(
            "one is of the task `{}`, the other of `{}`",
            a.task, b.task
        )));
    }
    let samples = differences(a, b).ok_or_else(|| unpaired("they are not of the same queries"))?;
    let Figures { mean, macro_mean, .. } = figures(&samples, classes(a), options);
    Ok(Difference {
        task: a.task.clone(),
        a: a.method.clone(),
        b: b.method.clone(),
        queries: samples.len(),
        map_all: mean[AP],
        macro_map_all: macro_mean[AP],
        p_at_10: mean[P_AT_10],
        macro_p_at_10: macro_mean[P_AT_10],
        ndcg_100: mean[NDCG],
    })
}
