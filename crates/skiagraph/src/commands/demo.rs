//! `skiagraph demo`: indexes the samples, answers their queries, and writes the answers to a page.

use std::path::{Path, PathBuf};

use answers::PAGE_MAX_BYTES;
use answers::html::render;
use anyhow::{Context, Result, bail};
use gallery::{Gallery, Hit, Location};
use ingest::{IngestReport, Rejected};
use network::Encoder;
use radiograph::dataset::Dataset;
use retrieval::evaluation::TaskResult;
use serde_json::json;
use study::demonstration::{Answers, HEADS, Samples, cells};

use super::index::fill;
use crate::ingest_messages;
use crate::model::{ModelArgs, shipped, workspace};
use crate::output;
use crate::terminal::Terminal;

/// The number of queries whose nearest neighbours are printed, and of these neighbours.
const EXAMPLE_QUERIES: usize = 4;
const EXAMPLE_NEIGHBORS: usize = 3;
/// The seed of the map of the gallery.
const SEED: u64 = 1;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph demo
  skiagraph demo --serve
  skiagraph demo --out /tmp/demo --json
  skiagraph demo --samples data/ --model runs/a/model.safetensors";

/// Index the samples, answer their queries and write a page of the answers
///
/// Rows of the samples with the split database become a gallery; each row with the split query is a
/// query. The page is self-contained: open it in a browser.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Samples: a folder with a manifest [default: samples/ of the workspace]
    #[arg(long, value_name = "DIR")]
    samples: Option<PathBuf>,
    /// Folder of the gallery and the page [default: target/demo of the workspace]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Serve the samples afterwards at http://127.0.0.1:8042/ until interrupted
    #[arg(long)]
    serve: bool,
    /// Print the figures and the page's path as JSON
    #[arg(long)]
    json: bool,
}

/// Indexes, searches, measures and draws.
pub(crate) fn run(args: &DemoArgs) -> Result<()> {
    let folder = match &args.samples {
        Some(folder) => folder.clone(),
        None => shipped("samples").context("give a folder of samples with --samples DIR")?,
    };
    let dataset = Dataset::open(&folder)?;
    let samples = Samples::of(&dataset, &folder)?;
    let encoder = args.model.load()?;
    let out =
        std::path::absolute(args.out.clone().unwrap_or_else(|| workspace().join("target/demo")))?;
    let folder = out.join("samples-gallery");
    let (gallery, ingested) = gallery(&samples, &folder, &encoder)?;
    let answers = samples.ask(&gallery, &encoder, &Terminal)?;
    tell_of_rejected(&answers.rejected);
    let figures = samples.measure(&gallery, &answers)?;
    let drawn = answers.page(&encoder, &gallery, &figures, &Terminal)?;
    let page = out.join("index.html");
    files::write(&page, render(&drawn, PAGE_MAX_BYTES))?;
    if args.json {
        output::json(&json!({
            "page": page,
            "model": encoder.model_id().0,
            "bits": encoder.bits(),
            "gallery": gallery.len(),
            "queries": answers.answered.len(),
            "indexing": ingested,
            "query_seconds": answers.seconds,
            "average_precision_over": "all relevant",
            "results": figures,
        }))?;
    } else {
        print(&page, &gallery, &ingested, &figures, &answers)?;
    }
    if !args.serve {
        return Ok(());
    }
    drop((gallery, answers));
    let gallery = Location::from(&folder);
    super::gallery::draw(&gallery, SEED)?;
    super::serve::run_here(gallery, encoder, args.json)
}

/// The gallery of the samples.
fn gallery(samples: &Samples, folder: &Path, encoder: &Encoder) -> Result<(Gallery, IngestReport)> {
    let mut gallery = samples.gallery(folder, encoder)?;
    let listed = samples.listed();
    let (count, attempt_notes) = (listed.len(), ingest_messages::attempt_notes(&gallery)?);
    let ingested = fill(&mut gallery, encoder, listed, &attempt_notes)?;
    if gallery.is_empty() {
        bail!(
            "not one of the {count} samples is usable\n{}",
            ingest_messages::describe_rejected(&ingested.rejected)
        );
    }
    Ok((gallery, ingested))
}

fn tell_of_rejected(rejected: &[Rejected]) {
    if !rejected.is_empty() {
        eprintln!("{}", ingest_messages::describe_rejected(rejected));
    }
}

fn print(
    page: &Path,
    gallery: &Gallery,
    ingested: &IngestReport,
    figures: &[TaskResult],
    answers: &Answers,
) -> Result<()> {
    tell_of_rejected(&ingested.rejected);
    let answers = &answers.answered;
    output::lines(&format!(
        "gallery: {} pictures of {} bits ({} new); queries: {}\n",
        gallery.len(),
        gallery.bits(),
        ingested.added,
        answers.len()
    ))?;
    let rows: Vec<_> = figures.iter().map(cells).collect();
    output::lines(&output::table(&HEADS, &rows))?;
    output::lines("mAP over all relevant pictures; in brackets: 95 % bootstrap intervals\n")?;
    let apart = (answers.len() / EXAMPLE_QUERIES).max(1);
    for answer in answers.iter().step_by(apart).take(EXAMPLE_QUERIES) {
        let record = &answer.picture.record;
        output::text(&format!("{} ({})", record.name, record.labels.join(", ")))?;
        for hit in answer.hits.iter().take(EXAMPLE_NEIGHBORS) {
            let labels = hit.record.labels.join(", ");
            let Hit { distance, euclidean, record, .. } = hit;
            output::text(&format!(
                "  {euclidean:.3}, {distance:>3} bits  {} ({labels})",
                record.name
            ))?;
        }
    }
    output::lines(&format!("\npage: {}", output::plain(&page.display().to_string())))
}
