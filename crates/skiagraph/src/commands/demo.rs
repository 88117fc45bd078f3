//! `skiagraph demo`: indexes the samples, answers their queries, and writes the answers to a page.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use answers::example;
use answers::html::{Page, Table, render};
use answers::{Asked, Illustrator, PAGE_MAX_BYTES};
use anyhow::{Context, Result, bail};
use gallery::{Gallery, Hit, Location, Query};
use ingest::{Decoded, IngestReport, Listed};
use network::{Encoder, Encoding, labelled};
use radiograph::dataset::{Dataset, Item, Split};
use retrieval::HashCode;
use retrieval::evaluation::{self, Ranking, Role, TaskResult};
use serde_json::json;
use study::evaluation::evaluate;
use study::report::figures::figure;

use super::index::fill;
use crate::ingest_messages;
use crate::model::{ModelArgs, shipped, workspace};
use crate::output;
use crate::progress::Progress;

/// The number of neighbours of each query on the page.
const NEIGHBORS: usize = 10;
/// The number of queries whose nearest neighbours are printed.
const EXAMPLE_QUERIES: usize = 4;
const SEED: u64 = 1;
const FIGURE_HEADS: [&str; 4] = ["task", "queries", "P@10", "mAP"];

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

/// A query, its saliency map and its neighbours.
struct Answered {
    picture: Decoded,
    encoding: Encoding,
    hits: Vec<Hit>,
}

/// Indexes, searches, measures and draws.
pub(crate) fn run(args: &DemoArgs) -> Result<()> {
    let samples = match &args.samples {
        Some(folder) => folder.clone(),
        None => shipped("samples").context("give a folder of samples with --samples DIR")?,
    };
    let dataset = Dataset::open(&samples)?;
    let (database, queries) =
        (of_split(&dataset, Split::Database), of_split(&dataset, Split::Query));
    if database.is_empty() || queries.is_empty() {
        bail!(
            "`{}` needs rows of the split `database` and rows of the split `query`",
            samples.display()
        );
    }
    let encoder = args.model.load()?;
    let out =
        std::path::absolute(args.out.clone().unwrap_or_else(|| workspace().join("target/demo")))?;
    let folder = out.join("samples-gallery");
    let (gallery, ingested) = gallery(&folder, &encoder, &database)?;
    let (answers, seconds) = answer(&gallery, &encoder, &queries)?;
    let figures = measure(&gallery, &database, &queries, &answers)?;
    let page = out.join("index.html");
    files::write(&page, render(&draw(&encoder, &gallery, &figures, &answers)?, PAGE_MAX_BYTES))?;
    if args.json {
        output::json(&json!({
            "page": page,
            "model": encoder.model_id().0,
            "bits": encoder.bits(),
            "gallery": gallery.len(),
            "queries": answers.len(),
            "indexing": ingested,
            "query_seconds": seconds,
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

fn of_split(dataset: &Dataset, split: Split) -> Vec<&Item> {
    dataset.items.iter().filter(|item| item.split == Some(split)).collect()
}

/// The gallery of the present samples. Pictures that an earlier demo left are removed.
fn gallery(
    folder: &Path,
    encoder: &Encoder,
    database: &[&Item],
) -> Result<(Gallery, IngestReport)> {
    // Only a folder that opens as a gallery is ever removed.
    if Gallery::open(folder).is_ok_and(|gallery| gallery.model() != encoder.model_id()) {
        fs::remove_dir_all(folder)
            .with_context(|| format!("cannot remove `{}`", folder.display()))?;
    }
    let parent = folder.parent().unwrap_or(folder);
    fs::create_dir_all(parent)
        .with_context(|| format!("cannot make the folder `{}`", parent.display()))?;
    let mut gallery = Gallery::open_or_create(folder, encoder.model_id(), encoder.bits())?;
    let mut others = Vec::new();
    for id in gallery.ids() {
        let record = gallery.record(id)?;
        if !database.iter().any(|item| item.name == record.name && item.labels == record.labels) {
            others.push(id);
        }
    }
    gallery.delete(&others)?;
    let listed: Vec<_> = database.iter().map(|item| Listed::from_item(item)).collect();
    let attempt_notes = ingest_messages::attempt_notes(&gallery)?;
    let ingested = fill(&mut gallery, encoder, listed, &attempt_notes)?;
    if gallery.is_empty() {
        bail!(
            "not one of the {} samples is usable\n{}",
            database.len(),
            ingest_messages::describe_rejected(&ingested.rejected)
        );
    }
    Ok((gallery, ingested))
}

/// The queries' neighbours, and the time of decoding, encoding and searching in seconds.
fn answer(gallery: &Gallery, encoder: &Encoder, queries: &[&Item]) -> Result<(Vec<Answered>, f64)> {
    let mut answers = Vec::new();
    let progress = Progress::images("asking", queries.len());
    let listed: Vec<_> = queries.iter().map(|item| Listed::from_item(item)).collect();
    ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
        if !batch.rejected.is_empty() {
            eprintln!("{}", ingest_messages::describe_rejected(&batch.rejected));
        }
        let encodings = ingest::encode_pictures(encoder, &batch.pictures)?;
        for (picture, encoding) in batch.pictures.into_iter().zip(encodings) {
            let hits = gallery
                .search(&Query::nearest(&[example(&picture.record, &encoding)], NEIGHBORS))?;
            answers.push(Answered { picture, encoding, hits });
        }
        progress.advance(batch.files);
        Ok(())
    })?;
    progress.finish();
    Ok((answers, progress.seconds()))
}

/// Evaluates the built-in tasks that suit the samples.
fn measure(
    gallery: &Gallery,
    database: &[&Item],
    queries: &[&Item],
    answers: &[Answered],
) -> Result<Vec<TaskResult>> {
    let mut codes_by_name: HashMap<String, HashCode> = HashMap::new();
    for id in gallery.ids() {
        codes_by_name.insert(gallery.record(id)?.name, gallery.code(id)?);
    }
    codes_by_name.extend(answers.iter().map(|a| (a.picture.record.name.clone(), a.encoding.code)));
    let (mut items, mut codes) = (Vec::new(), Vec::new());
    let roles = database.iter().map(|item| (item, Role::Gallery));
    for (item, role) in roles.chain(queries.iter().map(|item| (item, Role::Query))) {
        if let Some(code) = codes_by_name.get(&item.name) {
            items.push(labelled(item, role));
            codes.push(*code);
        }
    }
    let tasks = evaluation::default_tasks();
    // A task about a source or label that the samples lack cannot be measured.
    Ok(tasks
        .iter()
        .filter_map(|task| evaluate(task, &items, &Ranking::Codes(&codes), "codes", SEED).ok())
        .collect())
}

fn draw(
    encoder: &Encoder,
    gallery: &Gallery,
    figures: &[TaskResult],
    answers: &[Answered],
) -> Result<Page> {
    let mut illustrator = Illustrator::new(encoder, gallery);
    let progress = Progress::images("drawing", answers.len());
    let mut drawn = Vec::new();
    for answer in answers {
        drawn.push(illustrator.answer(&[Asked::decoded(&answer.picture, encoder)?], &answer.hits)?);
        progress.advance(1);
    }
    progress.finish();
    let intro = format!(
        "Each query and the {NEIGHBORS} most similar pictures of a gallery of {}: those with the nearest embeddings among \
         the nearest {}-bit hash codes. Pictures of the same patient, where patients are known, never answer. A tick marks a \
         shared label; a whole green frame, that all of the query's labels are shared; a dotted one, some. Brighter \
         colours: where the network looked. Not for diagnosis.",
        gallery.len(),
        gallery.bits(),
    );
    let figures = Table {
        caption: "Measured on these samples; a small set, so read the 95 % intervals. mAP over all relevant."
            .to_owned(),
        heads: FIGURE_HEADS.map(str::to_owned).into(),
        rows: figures.iter().map(figure_row).collect(),
    };
    let title = "Skiagraph: similar radiographs".to_owned();
    Ok(Page {
        title,
        intro: vec![intro],
        figures: Some(figures),
        sections: Vec::new(),
        answers: drawn,
    })
}

fn figure_row(result: &TaskResult) -> Vec<String> {
    let head = [result.task.clone(), result.queries.to_string()];
    head.into_iter().chain([&result.p_at_10, &result.map_all].map(figure)).collect()
}

fn print(
    page: &Path,
    gallery: &Gallery,
    ingested: &IngestReport,
    figures: &[TaskResult],
    answers: &[Answered],
) -> Result<()> {
    if !ingested.rejected.is_empty() {
        eprintln!("{}", ingest_messages::describe_rejected(&ingested.rejected));
    }
    output::lines(&format!(
        "gallery: {} pictures of {} bits ({} new); queries: {}\n",
        gallery.len(),
        gallery.bits(),
        ingested.added,
        answers.len()
    ))?;
    let rows: Vec<_> = figures.iter().map(figure_row).collect();
    output::lines(&output::table(&FIGURE_HEADS, &rows))?;
    output::lines("mAP over all relevant pictures; in brackets: 95 % bootstrap intervals\n")?;
    let apart = (answers.len() / EXAMPLE_QUERIES).max(1);
    for answer in answers.iter().step_by(apart).take(EXAMPLE_QUERIES) {
        let record = &answer.picture.record;
        output::text(&format!("{} ({})", record.name, record.labels.join(", ")))?;
        for hit in answer.hits.iter().take(3) {
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
