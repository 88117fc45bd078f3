//! An evaluation as tables and lines of text.

use anyhow::Result;
use retrieval::estimate::Reliability;
use study::relevance::RelevanceReport;
use study::report::likeness;
use study::report::results::{self, Report};

use crate::ingest_messages;
use crate::output;

/// Prints the figures on standard output, and what was left out on standard error.
pub(super) fn print(report: &Report) -> Result<()> {
    let rows: Vec<_> = report.results.iter().map(results::row).collect();
    output::lines(&output::table(&results::HEADS, &rows))?;
    let rows: Vec<_> = report.likeness.iter().map(likeness::row).collect();
    let heads = likeness::heads(&report.likeness);
    output::lines(&output::table(&heads.iter().map(String::as_str).collect::<Vec<_>>(), &rows))?;
    if let Some(relevance) = &report.relevance {
        output::lines(&relevance_text(relevance))?;
    }
    for task in &report.skipped_tasks {
        output::note(&format!("skipped {}: {}", task.task, task.reason));
    }
    if !report.rejected.is_empty() {
        eprintln!("{}", ingest_messages::describe_rejected(&report.rejected));
    }
    output::text(&format!(
        "mAP over {} pictures; in brackets: 95 % bootstrap intervals; {} pictures, {} queries, model {}",
        report.average_precision_over, report.gallery, report.queries, report.model
    ))
}

/// A line of text each for neighbours, answers and novelty.
fn relevance_text(report: &RelevanceReport) -> String {
    let line = |name: &str, r: &Reliability| {
        format!(
            "relevance of {name}: calibration error {:.3}, Brier score {:.3} ({} estimates)",
            r.calibration_error, r.brier, r.count
        )
    };
    let novel: Vec<_> = report
        .novel
        .iter()
        .map(|n| format!("{} {} of {}", output::plain(&n.source), n.novel, n.queries))
        .collect();
    let strangers = report.strangers.as_ref().map_or_else(String::new, |s| {
        let (novel, pictures, auroc) = (s.novel, s.pictures, s.auroc);
        format!("\nstrangers unlike everything known: {novel} of {pictures}, AUROC {auroc:.3}")
    });
    format!(
        "{}\n{}\nqueries unlike everything known: {}{strangers}",
        line("single neighbours", &report.neighbors),
        line("whole answers", &report.answers),
        novel.join(", ")
    )
}
