//! A model's evaluation as files: results.json, results.csv, results.html.

use std::path::Path;

use answers::html::{self, Page, Section, Table};
use anyhow::Result;
use ingest::{ManifestDiagnostics, Rejected};
use retrieval::estimate::Reliability;
use retrieval::evaluation::{Figure, Likeness, TaskResult};
use serde::Serialize;

use super::figures::figure;
use super::likeness;
use super::plots::{self, Axis, Bar};
use crate::relevance::RelevanceReport;

/// All figures of a model.
#[derive(Serialize)]
pub struct Report<'a> {
    /// The model's identity.
    pub model: &'a str,
    /// The data set.
    pub data: &'a Path,
    /// The number of searched pictures.
    pub gallery: usize,
    /// The number of queries.
    pub queries: usize,
    /// The N of average precision: AP(q) = Σ P@r·rel_r / N.
    pub average_precision_over: &'static str,
    /// The results of every task by every method.
    pub results: Vec<TaskResult>,
    /// The measures of likeness, which labels cannot see, method by method.
    pub likeness: Vec<Likeness>,
    /// The reliability of the model's own estimates; `None` for a model without them.
    pub relevance: Option<RelevanceReport>,
    /// The tasks that the data cannot answer.
    pub skipped_tasks: Vec<SkippedTask>,
    /// Rows and files that are no usable radiographs.
    pub rejected: Vec<Rejected>,
    /// The cells of the manifest that were left out, and the guesses at it.
    #[serde(flatten)]
    pub diagnostics: ManifestDiagnostics,
}

/// A task that the data cannot answer.
#[derive(Debug, Serialize)]
pub struct SkippedTask {
    /// The task's name.
    pub task: String,
    /// The reason.
    pub reason: String,
}

/// Writes the three files into a folder.
///
/// # Errors
/// If a file cannot be written.
pub fn write(folder: &Path, report: &Report) -> Result<()> {
    files::write(&folder.join("results.json"), serde_json::to_string_pretty(report)?)?;
    files::write(&folder.join("results.csv"), csv(&report.results)?)?;
    files::write(&folder.join("results.html"), page(report)?)
}

/// The columns of [`row`].
pub const HEADS: [&str; 8] =
    ["task", "method", "bits", "queries", "mAP", "P@10", "macro P@10", "nDCG@100"];

/// A row of the table: one task by one method.
pub fn row(result: &TaskResult) -> Vec<String> {
    let bits = if result.bits == 0 { "-".to_owned() } else { result.bits.to_string() };
    let figures = [&result.map_all, &result.p_at_10, &result.macro_p_at_10, &result.ndcg_100];
    let head = [result.task.clone(), result.method.clone(), bits, result.queries.to_string()];
    head.into_iter().chain(figures.map(figure)).collect()
}

/// A row for each task and method, each figure with its interval.
///
/// # Errors
/// If a figure cannot be written as a cell.
pub(crate) fn csv(results: &[TaskResult]) -> Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    let mut heads: Vec<_> = ["task", "method", "bits", "queries"].map(str::to_owned).into();
    for figure in ["map_all", "p_at_10", "macro_p_at_10", "ndcg_100"] {
        heads.extend([figure.to_owned(), format!("{figure}_low"), format!("{figure}_high")]);
    }
    csv.write_record(&heads)?;
    for result in results {
        let (bits, queries) = (result.bits.to_string(), result.queries.to_string());
        let mut cells = vec![result.task.clone(), result.method.clone(), bits, queries];
        for figure in [&result.map_all, &result.p_at_10, &result.macro_p_at_10, &result.ndcg_100] {
            cells
                .extend([figure.value, figure.low, figure.high].map(|value| format!("{value:.6}")));
        }
        csv.write_record(&cells)?;
    }
    Ok(csv.into_inner()?)
}

fn page(report: &Report) -> Result<String> {
    let mut sections = vec![tasks(report)?];
    if let Some(relevance) = &report.relevance {
        sections.push(estimates(relevance)?);
    }
    let intro = format!(
        "Model {}; {} pictures in the gallery, {} queries. In brackets: 95 % percentile bootstrap over patients or groups. \
         AP is divided by {}; ties in distance are resolved by the exact expectation over their orders; the same patient \
         never answers.",
        report.model, report.gallery, report.queries, report.average_precision_over
    );
    let title = "How well the model retrieves".to_owned();
    let page = Page { title, intro: vec![intro], figures: None, sections, answers: Vec::new() };
    // There are no answers whose size would have to be limited.
    Ok(html::render(&page, 0))
}

fn tasks(report: &Report) -> Result<Section> {
    let heads = HEADS.map(str::to_owned).to_vec();
    let rows = report.results.iter().map(row).collect();
    let names: Vec<String> =
        report.results.iter().map(|r| format!("{}, {}", r.task, r.method)).collect();
    let bars: Vec<Bar> = names
        .iter()
        .zip(report.results.iter().map(|result| &result.macro_p_at_10))
        .map(|(name, &Figure { value, low, high, .. })| Bar { name, value, low, high })
        .collect();
    let axis = Axis { title: "macro P@10", range: 0.0..1.0 };
    Ok(Section {
        heading: "Tasks".to_owned(),
        tables: vec![
            likeness::table(&report.likeness),
            Table { caption: "Task by task".to_owned(), heads, rows },
        ],
        plots: vec![plots::bars("macro P@10", &axis, &bars)?],
    })
}

/// The section on the reliability of the model's estimates.
fn estimates(relevance: &RelevanceReport) -> Result<Section> {
    let measured =
        [("single neighbours", &relevance.neighbors), ("whole answers", &relevance.answers)];
    let row = |&(name, r): &(&str, &Reliability)| {
        let figures = [r.calibration_error, r.brier].map(|figure| format!("{figure:.3}"));
        [name.to_owned(), r.count.to_string()].into_iter().chain(figures).collect()
    };
    let heads =
        ["estimates of", "count", "calibration error", "Brier score"].map(str::to_owned).to_vec();
    let rows = measured.iter().map(row).collect();
    let caption = "Relevance as the model estimates it, beside what came true".to_owned();
    let diagram = |(name, r): (&str, &Reliability)| {
        plots::reliability(&format!("Relevance of {name}"), &r.bins)
    };
    Ok(Section {
        heading: "Estimates of relevance".to_owned(),
        tables: vec![Table { caption, heads, rows }, novelty(relevance)],
        plots: measured.into_iter().map(diagram).collect::<Result<_>>()?,
    })
}

fn novelty(relevance: &RelevanceReport) -> Table {
    let queries =
        relevance.novel.iter().map(|n| (format!("queries, {}", n.source), n.queries, n.novel));
    let strangers =
        relevance.strangers.iter().map(|s| ("strangers".to_owned(), s.pictures, s.novel));
    let rows = queries
        .chain(strangers)
        .map(|(name, all, novel)| vec![name, all.to_string(), novel.to_string()]);
    let heads = ["pictures", "count", "called novel"].map(str::to_owned).to_vec();
    let auroc =
        relevance.strangers.as_ref().map(|s| format!("; AUROC of the distance {:.3}", s.auroc));
    let caption = format!("Called unlike everything known{}", auroc.unwrap_or_default());
    Table { caption, heads, rows: rows.collect() }
}
