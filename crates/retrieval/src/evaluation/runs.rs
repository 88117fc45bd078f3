//! Several training runs as one method, and several tasks as one figure.

use serde::Serialize;

use super::bootstrap::{Figures, Set, figures, figures_over};
use super::measures::MEASURES;
use super::result::{AP, Head, NDCG, P_AT_10, assemble, classes, differences, samples};
use super::{
    ClassResult, EvaluationError, Figure, Options, QueryResult, Result, TaskResult, Values,
};

/// A method over several tasks: the mean of the tasks' figures.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Overall {
    /// The method's name.
    pub method: String,
    /// The number of tasks.
    pub tasks: usize,
    /// The mean over tasks of the mean AP.
    pub map_all: Figure,
    /// The mean over tasks of P@10.
    pub p_at_10: Figure,
    /// The mean over tasks of the macro mean of P@10.
    pub macro_p_at_10: Figure,
    /// The mean over tasks of nDCG@100.
    pub ndcg_100: Figure,
}

/// The mean over training runs (seeds) of one method on one task. Each query's values are averaged
/// first, so that the interval is still that of drawing patients anew.
///
/// # Errors
/// If there is no run, or the runs are not of the same task and queries.
pub fn mean_of_runs(runs: &[TaskResult], options: &Options) -> Result<TaskResult> {
    let unpaired = |a: &TaskResult, b: &TaskResult| EvaluationError::Unpaired {
        a: a.method.clone(),
        b: b.method.clone(),
        reason: "the runs are not of the same task and queries; evaluate all on the same items"
            .to_owned(),
    };
    let Some(first) = runs.first() else {
        return Err(EvaluationError::NoRuns);
    };
    if let Some(other) =
        runs.iter().find(|run| run.task != first.task || differences(first, run).is_none())
    {
        return Err(unpaired(first, other));
    }
    let per_query: Vec<QueryResult> =
        (0..first.per_query.len()).map(|i| mean_of_query(runs, i)).collect();
    let figures = figures(&samples(&per_query), classes(first), options);
    let head = Head {
        task: first.task.clone(),
        method: first.method.clone(),
        bits: first.bits,
        queries_without_relevant: first.queries_without_relevant,
        gallery: first.gallery,
        units: first.units,
        bootstrap: options.bootstrap,
    };
    let per_class = per_class(&first.per_class, &figures);
    Ok(assemble(head, &figures, per_class, per_query))
}

fn mean_of_query(runs: &[TaskResult], query: usize) -> QueryResult {
    let mut sums = [0.0; MEASURES];
    for run in runs {
        let values = run.per_query[query].values.to_array();
        sums.iter_mut().zip(values).for_each(|(sum, value)| *sum += value / runs.len() as f64);
    }
    QueryResult { values: Values::from_array(sums), ..runs[0].per_query[query].clone() }
}

/// The figures of each class. Every run has the same classes with queries, in the same order.
fn per_class(first: &[ClassResult], figures: &Figures) -> Vec<ClassResult> {
    let present = figures.classes.iter().flatten();
    let class = |(class, figures): (&ClassResult, &[Figure; MEASURES])| ClassResult {
        map_all: figures[AP],
        p_at_10: figures[P_AT_10],
        ndcg_100: figures[NDCG],
        ..class.clone()
    };
    first.iter().zip(present).map(class).collect()
}

/// The mean of a method's figures over tasks. Its intervals draw the same patients for every task.
pub fn over_tasks(results: &[&TaskResult], options: &Options) -> Overall {
    let sets: Vec<Set<'_>> =
        results.iter().map(|result| (samples(&result.per_query), classes(result))).collect();
    overall(results.first().map_or("", |result| &result.method), &sets, options)
}

/// The difference of `a` and `b` in the mean over tasks: a − b. Both list the same tasks in the
/// same order.
///
/// # Errors
/// If the two are not of the same tasks and queries.
pub fn difference_over_tasks(
    a: &[&TaskResult],
    b: &[&TaskResult],
    options: &Options,
) -> Result<Overall> {
    let name = |results: &[&TaskResult]| {
        results.first().map_or(String::new(), |first| first.method.clone())
    };
    let unpaired = || EvaluationError::Unpaired {
        a: name(a),
        b: name(b),
        reason: "they are not of the same tasks and queries; evaluate both on the same items"
            .to_owned(),
    };
    if a.len() != b.len() {
        return Err(unpaired());
    }
    let mut sets = Vec::with_capacity(a.len());
    for (a, b) in a.iter().copied().zip(b) {
        let samples = differences(a, b).filter(|_| a.task == b.task).ok_or_else(unpaired)?;
        sets.push((samples, classes(a)));
    }
    Ok(overall(&format!("{} − {}", name(a), name(b)), &sets, options))
}

fn overall(method: &str, sets: &[Set<'_>], options: &Options) -> Overall {
    let [mean, macro_mean] = figures_over(sets, options);
    Overall {
        method: method.to_owned(),
        tasks: sets.len(),
        map_all: mean[AP],
        p_at_10: mean[P_AT_10],
        macro_p_at_10: macro_mean[P_AT_10],
        ndcg_100: mean[NDCG],
    }
}
