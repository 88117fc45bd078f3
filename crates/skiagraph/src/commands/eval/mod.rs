//! `skiagraph eval`: measures how well a model retrieves, task by task, beside its embeddings and
//! chance.

mod print;
mod sheet;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ingest::{Listed, Rejected};
use network::{Encoder, Encoding, labelled};
use radiograph::dataset::{Dataset, Item};
use retrieval::evaluation::{
    self, Labelled, Likeness, NearCopy, Options, Ranking, Role, Task, TaskResult,
};
use retrieval::gallery::SHORTLIST;
use retrieval::{Embedding, HashCode};
use study::relevance::{self, RelevanceReport};
use study::report::results::{self, Report};
use study::{near_copies, role, tasks};

use crate::ingest_messages;
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph eval --data data/
  skiagraph eval --model runs/a/model.safetensors --data data/ --untrained --out runs/a/eval
  skiagraph eval --data data/manifest.csv --tasks my-tasks.toml --json
  skiagraph eval --data data/ --strangers photographs/

Every figure comes with a 95 % interval: percentile bootstrap over patients (or what the data set
gives in their stead). The N of average precision: all relevant.

Labels cannot tell whether an answer depends on the picture or on its class alone. Likeness does:
near copies of searched pictures (turned and cropped, another window, lower resolution) ask for
their originals; codes and first-ten lists that differ are counted.";

/// Measure how well a model retrieves
///
/// Rows of the splits train and database are the gallery; rows of the split query are the queries.
/// Each task is measured by hash codes, by the answers of `search` (the nearest codes in the order
/// of their embeddings), by embeddings, and for a random order.
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
    /// Searched pictures to make near copies of [0: none]
    #[arg(long, default_value_t = 200, value_name = "N")]
    near_copies: usize,
    /// Pictures that should be called unlike everything known: no radiographs, or of unknown kinds
    #[arg(long, value_name = "PATH", num_args = 1..)]
    strangers: Vec<PathBuf>,
    /// Seed of the bootstrap, of the near copies and of the untrained network
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print the results as JSON
    #[arg(long)]
    json: bool,
    /// Write results.json, results.csv, results.html and answers.jpg into a folder
    ///
    /// answers.jpg shows queries of every source, their saliency maps and their first ten answers.
    /// Answers with the query's labels are underlined in green.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Encoded pictures, items and near copies for the evaluation; the three are parallel.
#[derive(Default)]
struct Encoded {
    items: Vec<Labelled>,
    codes: Vec<HashCode>,
    embeddings: Vec<Embedding>,
    copies: Vec<NearCopy>,
    rejected: Vec<Rejected>,
}

/// The number of draws of the bootstrap.
const DRAWS: usize = 1000;

/// Encodes, measures and reports.
pub(crate) fn run(args: &EvalArgs) -> Result<()> {
    let dataset = Dataset::open(&args.data)?;
    let diagnostics = ingest_messages::manifest_diagnostics(&dataset);
    let items: Vec<_> =
        dataset.items.iter().filter(|item| !matches!(role(item), Role::Neither)).collect();
    if !items.iter().any(|item| matches!(role(item), Role::Query)) {
        bail!(
            "`{}` has no row with the split `query`: there is nothing to ask",
            args.data.display()
        );
    }
    let (tasks, skipped_tasks) = tasks::of(&args.data, args.tasks.as_ref(), &items)?;
    let encoder = args.model.load()?;
    let folder = tempfile::tempdir().context("cannot make a folder for near copies")?;
    let copies = near_copies::make(&items, args.near_copies, args.seed, folder.path())?;
    let items: Vec<&Item> = items.into_iter().chain(&copies).collect();
    let (mut encoded, kept) = encode(&encoder, &items, "encoding")?;
    if encoded.items.is_empty() {
        bail!("not one picture of `{}` is usable", args.data.display());
    }
    let random = (Ranking::Random, "random".to_owned());
    let methods: Vec<_> = encoded.methods().into_iter().chain([random]).collect();
    let mut results = measure(&tasks, &encoded.items, &methods, args.seed)?;
    let mut likeness = encoded.likeness(&methods, args.seed)?;
    if args.untrained {
        let (untrained, _) =
            encode(&untrained(&encoder, args.seed)?, &items, "encoding, untrained")?;
        let methods =
            untrained.methods().map(|(ranking, name)| (ranking, format!("untrained {name}")));
        results.extend(measure(&tasks, &untrained.items, &methods, args.seed)?);
        likeness.extend(untrained.likeness(&methods, args.seed)?);
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
        likeness,
        relevance,
        skipped_tasks,
        rejected: std::mem::take(&mut encoded.rejected),
        diagnostics,
    };
    if let Some(folder) = &args.out {
        results::write(folder, &report)?;
        sheet::write(&folder.join("answers.jpg"), &encoder, &encoded, &kept, args.seed)?;
    }
    if args.json { output::json(&report) } else { print::print(&report) }
}

/// The reliability of the model's estimates, and their result for strangers.
fn relevance(
    encoder: &Encoder,
    encoded: &Encoded,
    strangers: &[PathBuf],
) -> Result<Option<RelevanceReport>> {
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

/// Encodes the readable pictures. Returns them with their items.
fn encode<'a>(
    encoder: &Encoder,
    items: &[&'a Item],
    heading: &str,
) -> Result<(Encoded, Vec<&'a Item>)> {
    let mut encoded = Encoded::default();
    let progress = Progress::images(heading, items.len());
    let listed: Vec<_> = items.iter().map(|item| Listed::from_item(item)).collect();
    let (mut rest, mut kept) = (items.iter(), Vec::new());
    ingest::for_each_batch(&listed, encoder.preprocess(), |batch| {
        let encodings = ingest::encode_pictures(encoder, &batch.pictures)?;
        for (picture, encoding) in batch.pictures.iter().zip(encodings) {
            // Pictures come in the order of their rows, with the rejected ones left out.
            if let Some(item) = rest.find(|item| item.name == picture.record.name) {
                encoded.push(item, encoding);
                kept.push(*item);
            }
        }
        encoded.rejected.extend(batch.rejected);
        progress.advance(batch.files);
        Ok(())
    })?;
    progress.finish();
    encoded.copies = near_copies::pairs(&kept);
    Ok((encoded, kept))
}

impl Encoded {
    /// The rankings: by codes, as `search` answers, by embeddings.
    fn methods(&self) -> [(Ranking<'_>, String); 3] {
        let (codes, embeddings) = (&self.codes, &self.embeddings);
        let answers = Ranking::Answers { codes, embeddings, shortlist: SHORTLIST };
        let named = [
            (Ranking::Codes(codes), "codes"),
            (answers, "answers"),
            (Ranking::Embeddings(embeddings), "embeddings"),
        ];
        named.map(|(ranking, name)| (ranking, name.to_owned()))
    }

    fn likeness(&self, methods: &[(Ranking, String)], seed: u64) -> Result<Vec<Likeness>> {
        let options = Options { bootstrap: DRAWS, seed };
        let of = |(ranking, method): &(Ranking, String)| {
            Ok(evaluation::likeness(&self.items, &self.copies, ranking, method, &options)?)
        };
        methods.iter().map(of).collect()
    }

    fn push(&mut self, item: &Item, encoding: Encoding) {
        self.items.push(labelled(item, role(item)));
        self.codes.push(encoding.code);
        self.embeddings.push(encoding.embedding);
    }
}

/// Evaluates every task by each of the methods.
fn measure(
    tasks: &[Task],
    items: &[Labelled],
    methods: &[(Ranking, String)],
    seed: u64,
) -> Result<Vec<TaskResult>> {
    let both = tasks.iter().flat_map(|task| methods.iter().map(move |method| (task, method)));
    both.map(|(task, (ranking, method))| evaluate(task, items, ranking, method, seed)).collect()
}

/// A network of the model's shape with random weights, and codes of the same length.
fn untrained(encoder: &Encoder, seed: u64) -> Result<Encoder> {
    let architecture = &encoder.card().architecture;
    let untrained = Encoder::untrained(architecture, encoder.preprocess(), encoder.labels(), seed)?;
    Ok(untrained.shortened(encoder.bits())?)
}

/// Evaluates one task by one method, with 1,000 draws of the bootstrap.
pub(crate) fn evaluate(
    task: &Task,
    items: &[Labelled],
    ranking: &Ranking,
    method: &str,
    seed: u64,
) -> Result<TaskResult> {
    let options = Options { bootstrap: DRAWS, seed };
    evaluation::evaluate(task, items, ranking, method, &options)
        .with_context(|| format!("cannot measure the task `{}`", task.name))
}
