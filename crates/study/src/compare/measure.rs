//! The figures of a comparison: every method on every task, beside the reference method, at every
//! code length.

use anyhow::{Context, Result};
use network::labelled;
use radiograph::dataset::Item;
use retrieval::evaluation::{
    self, Difference, Labelled, Likeness, Options, Overall, RadiusPoint, Ranking, Role, Task,
    TaskResult,
};
use serde::Serialize;

use super::config::{CompareConfig, Kind, Method};
use super::encodings::Cost;
use super::encodings::in_order;
use super::experiment::Experiment;
use super::run::Run;
use crate::near_copies;
use crate::roles::role;
use crate::saliency;

/// The number of draws of the bootstrap.
const DRAWS: usize = 1000;
/// The name in tables of the random order, the lowest baseline.
pub(super) const RANDOM: &str = "random order";

/// All figures of a comparison.
#[derive(Serialize)]
pub struct Report {
    /// The method that the others are compared with.
    pub ours: String,
    /// The code length of the tables.
    pub bits: usize,
    pub(crate) seeds: Vec<u64>,
    /// The number of searched pictures.
    pub gallery: usize,
    /// The number of queries.
    pub queries: usize,
    /// The N of average precision: AP(q) = Σ P@r·rel_r / N.
    pub average_precision_over: &'static str,
    /// The results of every method on every task, as the mean of its seeds.
    pub results: Vec<TaskResult>,
    /// The results of every method in the mean over the tasks.
    pub overall: Vec<Overall>,
    /// The measures of likeness, which labels cannot see, of the first seed, method by method.
    pub likeness: Vec<Likeness>,
    /// The reference method's lead, task by task.
    pub differences: Vec<Difference>,
    /// The reference method's lead in the mean over the tasks.
    pub overall_differences: Vec<Overall>,
    /// The mean over the tasks of every run.
    #[serde(rename = "cells")]
    pub runs: Vec<RunFigures>,
    /// Precision and recall within every Hamming distance, of the first seed.
    pub curves: Vec<Curve>,
    pub(crate) costs: Vec<MethodCost>,
    /// The quality of the reference method's saliency maps, of the first seed; `None` if it learns
    /// none.
    pub saliency: Option<saliency::Report>,
}

/// One run in the mean over the tasks.
#[derive(Serialize)]
pub struct RunFigures {
    pub(crate) method: String,
    pub(crate) bits: usize,
    pub(crate) seed: u64,
    pub(crate) map_all: f64,
    pub(crate) macro_p_at_10: f64,
}

/// One method on one task, distance by distance.
#[derive(Serialize)]
pub struct Curve {
    pub(crate) task: String,
    pub(crate) method: String,
    pub(crate) points: Vec<RadiusPoint>,
}

/// The cost of a method, as the mean of its seeds.
#[derive(Serialize)]
pub struct MethodCost {
    pub(crate) method: String,
    #[serde(flatten)]
    pub(crate) cost: Cost,
    /// The size of a stored picture, in bytes.
    pub bytes: usize,
}

/// One run, evaluated.
struct Measured {
    /// The result of each task.
    results: Vec<TaskResult>,
    likeness: Likeness,
    cost: Cost,
    curves: Vec<Curve>,
}

/// Makes the missing runs and measures all.
///
/// # Errors
/// If a run cannot be made or evaluated.
pub fn measure(experiment: &Experiment, runs: &[Run], tasks: &[Task], seed: u64) -> Result<Report> {
    let config = experiment.config;
    for (i, run) in runs.iter().enumerate() {
        experiment.observer.note(&format!("cell {}/{}: {}", i + 1, runs.len(), run.name()));
        experiment.make(run)?;
    }
    let options = Options { bootstrap: DRAWS, seed };
    let mut report = empty(config);
    let progress = experiment.observer.steps("measuring", config.methods.len());
    for (i, method) in config.methods.iter().enumerate() {
        let measured = measured(experiment, method, tasks)?;
        add(&mut report, method, measured, &options)?;
        progress.at(i + 1, method.name.clone());
    }
    progress.finish();
    add_random(&mut report, experiment, tasks, &options)?;
    compare(&mut report, tasks.len(), &options)?;
    add_other_bits(&mut report, experiment, runs, tasks)?;
    let of = |wanted: Role| experiment.items.iter().filter(|item| role(item) == wanted).count();
    (report.gallery, report.queries) = (of(Role::Gallery), of(Role::Query));
    Ok(report)
}

fn empty(config: &CompareConfig) -> Report {
    Report {
        ours: config.ours.clone(),
        bits: config.bits[0],
        seeds: config.seeds.clone(),
        gallery: 0,
        queries: 0,
        average_precision_over: "all relevant",
        results: Vec::new(),
        overall: Vec::new(),
        likeness: Vec::new(),
        differences: Vec::new(),
        overall_differences: Vec::new(),
        runs: Vec::new(),
        curves: Vec::new(),
        costs: Vec::new(),
        saliency: None,
    }
}

/// The runs of a method at the first code length, seed by seed.
fn measured(experiment: &Experiment, method: &Method, tasks: &[Task]) -> Result<Vec<Measured>> {
    let run = |&seed: &u64| Run { method, bits: experiment.config.bits[0], seed };
    experiment.config.seeds.iter().map(run).map(|run| evaluate(experiment, &run, tasks)).collect()
}

/// Evaluates a run on every task, without intervals: those are of the mean over seeds.
fn evaluate(experiment: &Experiment, run: &Run, tasks: &[Task]) -> Result<Measured> {
    let encodings = experiment.make(run)?;
    let encoded = in_order(&experiment.items, &encodings.about.names);
    let items = labelled_of(&encoded);
    let floats = matches!(run.method.kind()?, Kind::Embeddings(_));
    let ranking = if floats {
        Ranking::Embeddings(&encodings.embeddings)
    } else {
        Ranking::Codes(&encodings.codes)
    };
    let options = Options { bootstrap: 0, seed: 0 };
    let name = &run.method.name;
    let results =
        tasks.iter().map(|task| evaluation::evaluate(task, &items, &ranking, name, &options));
    let results = results.collect::<Result<_, _>>()?;
    let curve = |task: &Task| -> Result<Curve> {
        let points = evaluation::by_radius(task, &items, &encodings.codes)?;
        Ok(Curve { task: task.name.clone(), method: name.clone(), points })
    };
    let curves =
        if floats { Vec::new() } else { tasks.iter().map(curve).collect::<Result<_>>()? };
    let copies = near_copies::pairs(&encoded);
    let options = Options { bootstrap: DRAWS, seed: 0 };
    let likeness = evaluation::likeness(&items, &copies, &ranking, name, &options)?;
    Ok(Measured { results, likeness, cost: encodings.about.cost, curves })
}

/// The items of the evaluation.
fn labelled_of(items: &[&Item]) -> Vec<Labelled> {
    items.iter().map(|item| labelled(item, role(item))).collect()
}

/// Adds a method: the mean of its seeds on every task, and over the tasks.
fn add(
    report: &mut Report,
    method: &Method,
    mut measured: Vec<Measured>,
    options: &Options,
) -> Result<()> {
    for (measured, &seed) in measured.iter().zip(&report.seeds) {
        report.runs.push(run_figures(method, report.bits, seed, &measured.results));
    }
    let tasks = measured.first().map_or(0, |measured| measured.results.len());
    let runs_of =
        |task: usize| measured.iter().map(|m| m.results[task].clone()).collect::<Vec<_>>();
    let means = (0..tasks).map(|task| evaluation::mean_of_runs(&runs_of(task), options));
    let means: Vec<TaskResult> = means.collect::<Result<_, _>>()?;
    report.overall.push(evaluation::over_tasks(&means.iter().collect::<Vec<_>>(), options));
    let bytes = means.first().map_or(0, |mean| mean.bits / 8);
    let mean = |of: fn(&Cost) -> f64| {
        measured.iter().map(|m| of(&m.cost)).sum::<f64>() / measured.len() as f64
    };
    let cost = Cost {
        training_seconds: mean(|cost| cost.training_seconds),
        encoding_milliseconds: mean(|cost| cost.encoding_milliseconds),
    };
    report.costs.push(MethodCost { method: method.name.clone(), cost, bytes });
    report.results.extend(means);
    report.curves.append(&mut measured[0].curves);
    report.likeness.extend(measured.into_iter().take(1).map(|first| first.likeness));
    Ok(())
}

/// The figures of one run in the mean over the tasks.
fn run_figures(method: &Method, bits: usize, seed: u64, results: &[TaskResult]) -> RunFigures {
    let mean = |of: fn(&TaskResult) -> f64| {
        results.iter().map(of).sum::<f64>() / results.len().max(1) as f64
    };
    RunFigures {
        method: method.name.clone(),
        bits,
        seed,
        map_all: mean(|result| result.map_all.value),
        macro_p_at_10: mean(|result| result.macro_p_at_10.value),
    }
}

fn add_random(
    report: &mut Report,
    experiment: &Experiment,
    tasks: &[Task],
    options: &Options,
) -> Result<()> {
    let any =
        Run { method: &experiment.config.methods[0], bits: report.bits, seed: report.seeds[0] };
    let encodings = experiment.make(&any)?;
    let items = labelled_of(&in_order(&experiment.items, &encodings.about.names));
    let results =
        tasks.iter().map(|t| evaluation::evaluate(t, &items, &Ranking::Random, RANDOM, options));
    let results: Vec<TaskResult> = results.collect::<Result<_, _>>()?;
    report.overall.push(evaluation::over_tasks(&results.iter().collect::<Vec<_>>(), options));
    report.results.extend(results);
    Ok(())
}

/// Compares the reference method with every other.
fn compare(report: &mut Report, tasks: usize, options: &Options) -> Result<()> {
    let methods: Vec<&[TaskResult]> = report.results.chunks(tasks.max(1)).collect();
    let is_ours =
        |results: &&[TaskResult]| results.first().is_some_and(|first| first.method == report.ours);
    let ours = methods
        .iter()
        .copied()
        .find(|results| is_ours(results))
        .context("ours was not measured")?;
    for other in methods.iter().filter(|results| !is_ours(results)) {
        for (ours, other) in ours.iter().zip(*other) {
            report.differences.push(evaluation::paired_difference(ours, other, options)?);
        }
        let [a, b] = [ours, other].map(|results| results.iter().collect::<Vec<_>>());
        report.overall_differences.push(evaluation::difference_over_tasks(&a, &b, options)?);
    }
    Ok(())
}

fn add_other_bits(
    report: &mut Report,
    experiment: &Experiment,
    runs: &[Run],
    tasks: &[Task],
) -> Result<()> {
    for run in runs.iter().filter(|run| run.bits != report.bits) {
        let measured = evaluate(experiment, run, tasks)?;
        report.runs.push(run_figures(run.method, run.bits, run.seed, &measured.results));
    }
    Ok(())
}
