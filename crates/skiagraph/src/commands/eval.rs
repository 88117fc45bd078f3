//! `skiagraph eval`: how well a model retrieves, task by task, beside its embeddings and chance.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use network::{Encoder, Encoding};
use radiograph::dataset::{Dataset, Item, Split};
use retrieval::evaluation::{self, Figure, Labelled, Options, Ranking, Role, Task, TaskResult};
use retrieval::{Embedding, HashCode};
use serde::Serialize;

use crate::ingest::{self, BATCH, Listed, Rejected};
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph eval --data data/
  skiagraph eval --model runs/a/model.safetensors --data data/ --untrained --out runs/a/eval
  skiagraph eval --data data/manifest.csv --tasks my-tasks.toml --json

Every figure comes with a 95 % interval: percentile bootstrap over patients (or what the data set
gives in their stead). The N of average precision: all relevant.";

/// Measure how well a model retrieves
///
/// Rows of the splits train and database are the gallery, rows of the split query are the queries.
/// Each task is measured by hash codes, by embeddings and for a random order.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvalArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// Data set: a folder with a manifest, or the manifest
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Tasks [default: tasks.toml of the data set, else the built-in ones]
    #[arg(long, value_name = "FILE")]
    tasks: Option<PathBuf>,
    /// Measure an untrained network of the same shape, too
    #[arg(long)]
    untrained: bool,
    /// Seed of the bootstrap and of the untrained network
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Write results.json and results.csv into a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    data: &'a Path,
    gallery: usize,
    queries: usize,
    /// Which N of average precision: AP(q) = Σ P@r·rel_r / N.
    average_precision_over: &'static str,
    results: Vec<TaskResult>,
    skipped_tasks: Vec<SkippedTask>,
    rejected: Vec<Rejected>,
}

/// A task that the data cannot answer.
#[derive(Debug, Serialize)]
pub(crate) struct SkippedTask {
    pub(crate) task: String,
    pub(crate) reason: String,
}

/// Pictures as the evaluation sees them; the three are parallel.
#[derive(Default)]
struct Encoded {
    items: Vec<Labelled>,
    codes: Vec<HashCode>,
    embeddings: Vec<Embedding>,
    rejected: Vec<Rejected>,
}

/// Encodes, measures and reports.
pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    let dataset = Dataset::open(&args.data)?;
    let tasks = read_tasks(args)?;
    let items: Vec<_> = dataset.items.iter().filter(|item| !matches!(role(item), Role::Neither)).collect();
    if !items.iter().any(|item| matches!(role(item), Role::Query)) {
        bail!("`{}` has no row with the split `query`: there is nothing to ask", args.data.display());
    }
    let encoder = args.model.load()?;
    let mut encoded = encode(&encoder, &items, "encoding")?;
    if encoded.items.is_empty() {
        bail!("not one picture of `{}` is usable", args.data.display());
    }
    let (mut results, skipped_tasks) = measure(&tasks, &encoded, args.seed)?;
    if args.untrained {
        results.extend(measure_untrained(&encoder, &items, &tasks, args.seed)?);
    }
    let skipped = dataset.skipped.into_iter();
    encoded.rejected.extend(skipped.map(|row| Rejected { name: row.name, reason: row.reason }));
    let count = |wanted| encoded.items.iter().filter(|item| item.role == wanted).count();
    let report = Report {
        model: &encoder.model_id().0,
        data: &args.data,
        gallery: count(Role::Gallery),
        queries: count(Role::Query),
        average_precision_over: "all relevant",
        results,
        skipped_tasks,
        rejected: encoded.rejected,
    };
    if let Some(folder) = &args.out {
        write(folder, &report)?;
    }
    if args.json { output::json(&report) } else { print(&report) }
}

/// The tasks of --tasks, of the data set, or the built-in ones.
fn read_tasks(args: &EvalArgs) -> Result<Vec<Task>> {
    let folder = if args.data.is_dir() { Some(args.data.as_path()) } else { args.data.parent() };
    let beside = folder.map(|folder| folder.join("tasks.toml")).filter(|file| file.is_file());
    let Some(file) = args.tasks.clone().or(beside) else {
        return Ok(evaluation::default_tasks()?);
    };
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read the tasks `{}`", file.display()))?;
    evaluation::read_tasks(&text).with_context(|| format!("the tasks `{}` are not right", file.display()))
}

/// Whether a row is searched in, asked about, or neither.
pub(crate) fn role(item: &Item) -> Role {
    match item.split {
        Some(Split::Train | Split::Database) => Role::Gallery,
        Some(Split::Query) => Role::Query,
        Some(Split::Validation) | None => Role::Neither,
    }
}

/// A row of a data set as the evaluation sees it.
pub(crate) fn labelled(item: &Item, role: Role) -> Labelled {
    Labelled {
        labels: item.labels.clone(),
        patient: ingest::patient_across_sources(item),
        unit: item.unit(),
        columns: item.columns.clone(),
        role,
    }
}

fn encode(encoder: &Encoder, items: &[&Item], heading: &str) -> Result<Encoded> {
    let mut encoded = Encoded::default();
    let progress = Progress::images(heading, items.len());
    for batch in items.chunks(BATCH) {
        let listed: Vec<_> = batch.iter().map(|item| Listed::from_item(item)).collect();
        let (pictures, rejected) = ingest::decode_batch(&listed, encoder.preprocess());
        let encodings = ingest::encode(encoder, &pictures)?;
        let mut rest = batch.iter();
        for (picture, encoding) in pictures.iter().zip(encodings) {
            // Pictures come in the order of their rows, with the rejected ones left out.
            if let Some(item) = rest.find(|item| item.name == picture.record.name) {
                encoded.push(item, encoding);
            }
        }
        encoded.rejected.extend(rejected);
        progress.advance(batch.len());
    }
    progress.finish();
    Ok(encoded)
}

impl Encoded {
    fn push(&mut self, item: &Item, encoding: Encoding) {
        self.items.push(labelled(item, role(item)));
        self.codes.push(encoding.code);
        self.embeddings.push(encoding.embedding);
    }
}

/// Every task by every method, and the tasks that the data cannot answer.
fn measure(tasks: &[Task], encoded: &Encoded, seed: u64) -> Result<(Vec<TaskResult>, Vec<SkippedTask>)> {
    let (codes, embeddings) = (Ranking::Codes(&encoded.codes), Ranking::Embeddings(&encoded.embeddings));
    let mut results = Vec::new();
    let mut skipped = Vec::new();
    for task in tasks {
        match evaluate(task, &encoded.items, &codes, "codes", seed) {
            Ok(result) => results.push(result),
            Err(reason) => {
                skipped.push(SkippedTask { task: task.name.clone(), reason: reason.to_string() });
                continue;
            }
        }
        results.push(evaluate(task, &encoded.items, &embeddings, "embeddings", seed)?);
        results.push(evaluate(task, &encoded.items, &Ranking::Random, "random", seed)?);
    }
    Ok((results, skipped))
}

fn measure_untrained(
    encoder: &Encoder,
    items: &[&Item],
    tasks: &[Task],
    seed: u64,
) -> Result<Vec<TaskResult>> {
    let untrained = Encoder::untrained(encoder.config(), encoder.labels(), seed)?;
    let encoded = encode(&untrained, items, "encoding, untrained")?;
    let (codes, embeddings) = (Ranking::Codes(&encoded.codes), Ranking::Embeddings(&encoded.embeddings));
    let mut results = Vec::new();
    for task in tasks {
        for (ranking, method) in [(&codes, "untrained codes"), (&embeddings, "untrained embeddings")] {
            results.extend(evaluate(task, &encoded.items, ranking, method, seed).ok());
        }
    }
    Ok(results)
}

/// One task by one method, with 1,000 resamples.
pub(crate) fn evaluate(
    task: &Task,
    items: &[Labelled],
    ranking: &Ranking,
    method: &str,
    seed: u64,
) -> Result<TaskResult> {
    let options = Options { bootstrap: 1000, seed };
    evaluation::evaluate(task, items, ranking, method, &options)
        .with_context(|| format!("cannot measure the task `{}`", task.name))
}

fn print(report: &Report) -> Result<()> {
    let heads = ["task", "method", "bits", "queries", "mAP", "P@10", "macro P@10", "nDCG@100"];
    let rows: Vec<_> = report.results.iter().map(row).collect();
    output::text(&output::table(&heads, &rows))?;
    for task in &report.skipped_tasks {
        eprintln!("skipped {}: {}", task.task, task.reason);
    }
    if !report.rejected.is_empty() {
        eprintln!("{}", ingest::describe_rejected(&report.rejected));
    }
    output::text(&format!(
        "mAP over {} pictures; in brackets: 95 % bootstrap intervals; {} pictures, {} queries, model {}",
        report.average_precision_over, report.gallery, report.queries, report.model
    ))
}

fn row(result: &TaskResult) -> Vec<String> {
    let bits = result.bits.map_or_else(|| "-".to_owned(), |bits| bits.to_string());
    let figures = [&result.map_all, &result.p_at_10, &result.macro_p_at_10, &result.ndcg_100];
    let head = [result.task.clone(), result.method.clone(), bits, result.queries.to_string()];
    head.into_iter().chain(figures.map(figure)).collect()
}

/// A figure with its interval, such as "0.812 [0.790, 0.834]".
pub(crate) fn figure(figure: &Figure) -> String {
    format!("{:.3} [{:.3}, {:.3}]", figure.value, figure.low, figure.high)
}

fn write(folder: &Path, report: &Report) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let json = folder.join("results.json");
    let unwritable = |file: &Path| format!("cannot write `{}`", file.display());
    fs::write(&json, serde_json::to_string_pretty(report)?).with_context(|| unwritable(&json))?;
    let file = folder.join("results.csv");
    let mut csv = csv::Writer::from_path(&file).with_context(|| unwritable(&file))?;
    let mut heads: Vec<_> = ["task", "method", "bits", "queries"].map(str::to_owned).into();
    for figure in ["map_all", "p_at_10", "macro_p_at_10", "ndcg_100"] {
        heads.extend([figure.to_owned(), format!("{figure}_low"), format!("{figure}_high")]);
    }
    csv.write_record(&heads)?;
    for result in &report.results {
        let bits = result.bits.map(|bits| bits.to_string()).unwrap_or_default();
        let mut cells = vec![result.task.clone(), result.method.clone(), bits, result.queries.to_string()];
        for figure in [&result.map_all, &result.p_at_10, &result.macro_p_at_10, &result.ndcg_100] {
            cells.extend([figure.value, figure.low, figure.high].map(|value| format!("{value:.6}")));
        }
        csv.write_record(&cells)?;
    }
    csv.flush().with_context(|| unwritable(&file))
}
