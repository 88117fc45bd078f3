//! `skiagraph eval`: how well a model retrieves, task by task, beside its embeddings and chance.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use network::{Encoder, Encoding, labelled};
use radiograph::dataset::{Dataset, Item, Split};
use retrieval::evaluation::{self, Labelled, Options, Ranking, Role, Task, TaskResult};
use retrieval::{Embedding, HashCode};

use crate::ingest::{self, Listed, Rejected};
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;
use crate::relevance::{self, RelevanceReport};
use crate::report::results::{self, Report, SkippedTask};

const EXAMPLES: &str = "EXAMPLES:
  skiagraph eval --data data/
  skiagraph eval --model runs/a/model.safetensors --data data/ --untrained --out runs/a/eval
  skiagraph eval --data data/manifest.csv --tasks my-tasks.toml --json
  skiagraph eval --data data/ --strangers photographs/

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
    /// Pictures that should be called unlike everything known: no radiographs, or of unknown kinds
    #[arg(long, value_name = "PATH", num_args = 1..)]
    strangers: Vec<PathBuf>,
    /// Seed of the bootstrap and of the untrained network
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Write results.json, results.csv and results.html into a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
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
    let items: Vec<_> = dataset.items.iter().filter(|item| !matches!(role(item), Role::Neither)).collect();
    if !items.iter().any(|item| matches!(role(item), Role::Query)) {
        bail!("`{}` has no row with the split `query`: there is nothing to ask", args.data.display());
    }
    let (tasks, skipped_tasks) = tasks(&args.data, args.tasks.as_ref(), &items)?;
    let encoder = args.model.load()?;
    let mut encoded = encode(&encoder, &items, "encoding")?;
    if encoded.items.is_empty() {
        bail!("not one picture of `{}` is usable", args.data.display());
    }
    let methods = [
        (Ranking::Codes(&encoded.codes), "codes"),
        (Ranking::Embeddings(&encoded.embeddings), "embeddings"),
        (Ranking::Random, "random"),
    ];
    let mut results = measure(&tasks, &encoded.items, &methods, args.seed)?;
    if args.untrained {
        results.extend(measure_untrained(&encoder, &items, &tasks, args.seed)?);
    }
    let relevance = relevance(&encoder, &encoded, &args.strangers)?;
    encoded.rejected.extend(dataset.skipped.iter().map(Rejected::from));
    let count = |wanted| encoded.items.iter().filter(|item| item.role == wanted).count();
    let report = Report {
        model: &encoder.model_id().0,
        data: &args.data,
        gallery: count(Role::Gallery),
        queries: count(Role::Query),
        average_precision_over: "all relevant",
        results,
        relevance,
        skipped_tasks,
        rejected: encoded.rejected,
    };
    if let Some(folder) = &args.out {
        results::write(folder, &report)?;
    }
    if args.json { output::json(&report) } else { print(&report) }
}

/// How far the model's estimates hold, and what it says of strangers.
fn relevance(encoder: &Encoder, encoded: &Encoded, strangers: &[PathBuf]) -> Result<Option<RelevanceReport>> {
    let Some(estimator) = encoder.card().estimator.as_ref() else {
        if strangers.is_empty() {
            return Ok(None);
        }
        bail!("the model has no estimator for --strangers; train it anew, with a validation part");
    };
    let Encoded { items, codes, embeddings, .. } = encoded;
    let mut report = relevance::measure(estimator, items, codes, embeddings);
    if !strangers.is_empty() {
        let mut found = Vec::new();
        ingest::for_each_batch(&ingest::list_paths(strangers)?, encoder.preprocess(), |batch| {
            let encodings = ingest::encode_pictures(encoder, &batch.pictures)?;
            found.extend(encodings.into_iter().map(|encoding| encoding.embedding));
            Ok(())
        })?;
        report.add_strangers(estimator, &found);
    }
    Ok(Some(report))
}

/// The tasks of --tasks, of the data set, or the built-in ones. A task that was asked for must suit the data;
/// of the others, those that do not are set aside. Known before the long work of encoding begins.
pub(crate) fn tasks(
    data: &Path,
    given: Option<&PathBuf>,
    items: &[&Item],
) -> Result<(Vec<Task>, Vec<SkippedTask>)> {
    let candidates = match given.cloned().or_else(|| beside(data, "tasks.toml")) {
        Some(file) => read_tasks(&file)?,
        None => evaluation::default_tasks(),
    };
    let items: Vec<_> = items.iter().map(|item| labelled(item, role(item))).collect();
    let asked_for = given.is_some();
    let (mut tasks, mut skipped) = (Vec::new(), Vec::new());
    for task in candidates {
        match check(&task, &items, asked_for) {
            Ok(()) => tasks.push(task),
            Err(error) if asked_for => return Err(error),
            Err(error) => skipped.push(SkippedTask { task: task.name, reason: format!("{error:#}") }),
        }
    }
    if tasks.is_empty() {
        let reasons: Vec<_> = skipped.iter().map(|task| format!("  {}", task.reason)).collect();
        bail!(
            "`{}` suits none of the tasks; give others with --tasks\n{}",
            data.display(),
            reasons.join("\n")
        );
    }
    Ok((tasks, skipped))
}

/// A file of a data set, if it has it.
pub(crate) fn beside(data: &Path, name: &str) -> Option<PathBuf> {
    let folder = if data.is_dir() { Some(data) } else { data.parent() };
    folder.map(|folder| folder.join(name)).filter(|file| file.is_file())
}

fn read_tasks(file: &Path) -> Result<Vec<Task>> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read the tasks `{}`", file.display()))?;
    evaluation::read_tasks(&text).with_context(|| format!("the tasks `{}` are not right", file.display()))
}

/// That a task has queries and answers, and, if it was asked for, that all the labels it names exist: a
/// built-in task may name more than one data set has.
fn check(task: &Task, items: &[Labelled], asked_for: bool) -> Result<()> {
    let mut named = task.labels.iter().chain(&task.labels_except).flatten().filter(|_| asked_for);
    if let Some(label) = named.find(|label| !items.iter().any(|item| item.labels.contains(label))) {
        bail!("the task `{}` names the label `{label}`, which no picture of the data has", task.name);
    }
    let options = Options { bootstrap: 0, seed: 0 };
    evaluation::evaluate(task, items, &Ranking::Random, "random", &options)?;
    Ok(())
}

/// Whether a row is searched in, asked about, or neither.
pub(crate) fn role(item: &Item) -> Role {
    match item.split {
        Some(Split::Train | Split::Database) => Role::Gallery,
        Some(Split::Query) => Role::Query,
        Some(Split::Validation) | None => Role::Neither,
    }
}

fn encode(encoder: &Encoder, items: &[&Item], heading: &str) -> Result<Encoded> {
    let mut encoded = Encoded::default();
    let progress = Progress::images(heading, items.len());
    let listed: Vec<_> = items.iter().map(|item| Listed::from_item(item)).collect();
    let mut rest = items.iter();
    ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
        let encodings = ingest::encode_pictures(encoder, &batch.pictures)?;
        for (picture, encoding) in batch.pictures.iter().zip(encodings) {
            // Pictures come in the order of their rows, with the rejected ones left out.
            if let Some(item) = rest.find(|item| item.name == picture.record.name) {
                encoded.push(item, encoding);
            }
        }
        encoded.rejected.extend(batch.rejected);
        progress.advance(batch.files);
        Ok(())
    })?;
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

/// Every task by each of the methods.
fn measure(
    tasks: &[Task],
    items: &[Labelled],
    methods: &[(Ranking, &str)],
    seed: u64,
) -> Result<Vec<TaskResult>> {
    let both = tasks.iter().flat_map(|task| methods.iter().map(move |method| (task, method)));
    both.map(|(task, (ranking, method))| evaluate(task, items, ranking, method, seed)).collect()
}

fn measure_untrained(
    encoder: &Encoder,
    items: &[&Item],
    tasks: &[Task],
    seed: u64,
) -> Result<Vec<TaskResult>> {
    let architecture = &encoder.card().architecture;
    let untrained = Encoder::untrained(architecture, encoder.preprocess(), encoder.labels(), seed)?;
    // As many bits as are used of the trained one's.
    let untrained = untrained.shortened(encoder.bits())?;
    let encoded = encode(&untrained, items, "encoding, untrained")?;
    let methods = [
        (Ranking::Codes(&encoded.codes), "untrained codes"),
        (Ranking::Embeddings(&encoded.embeddings), "untrained embeddings"),
    ];
    measure(tasks, &encoded.items, &methods, seed)
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
    let rows: Vec<_> = report.results.iter().map(results::row).collect();
    output::lines(&output::table(&results::HEADS, &rows))?;
    if let Some(relevance) = &report.relevance {
        output::lines(&relevance.text())?;
    }
    for task in &report.skipped_tasks {
        output::note(&format!("skipped {}: {}", task.task, task.reason));
    }
    if !report.rejected.is_empty() {
        eprintln!("{}", ingest::describe_rejected(&report.rejected));
    }
    output::text(&format!(
        "mAP over {} pictures; in brackets: 95 % bootstrap intervals; {} pictures, {} queries, model {}",
        report.average_precision_over, report.gallery, report.queries, report.model
    ))
}
