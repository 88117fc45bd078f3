//! `skiagraph eval`: measures how well a model retrieves, task by task, beside its embeddings and
//! chance.

mod print;

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use ingest::Rejected;
use radiograph::dataset::{Dataset, Item};
use retrieval::evaluation::{Ranking, Role};
use study::evaluation::{Encoded, untrained};
use study::report::results::{self, Report};
use study::{near_copies, role, tasks};

use crate::ingest_messages;
use crate::model::ModelArgs;
use crate::output;
use crate::terminal::Terminal;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph eval --data data/
  skiagraph eval --model runs/a/model.safetensors --data data/ --untrained --out runs/a/eval
  skiagraph eval --data data/manifest.csv --tasks my-tasks.toml --json
  skiagraph eval --data data/ --strangers photographs/

Every figure has a 95 % interval: percentile bootstrap over patients, or over groups where the data
set gives them. Average precision is divided by the number of all relevant pictures.

Labels cannot tell whether an answer depends on the picture or on its class alone. Likeness can:
near copies of searched pictures (turned and cropped, with another window, of lower resolution) ask
for their originals. Distinct codes and distinct lists of the first ten are counted.";

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
    /// Pictures that the model should call unlike all that it knows
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
    let encoded = Encoded::new(&encoder, &items, "encoding", &Terminal)?;
    if encoded.is_empty() {
        bail!("not one picture of `{}` is usable", args.data.display());
    }
    let random = (Ranking::Random, "random".to_owned());
    let methods: Vec<_> = encoded.methods().into_iter().chain([random]).collect();
    let mut results = encoded.measure(&tasks, &methods, args.seed)?;
    let mut likeness = encoded.likeness(&methods, args.seed)?;
    if args.untrained {
        let encoder = untrained(&encoder, args.seed)?;
        let encoded = Encoded::new(&encoder, &items, "encoding, untrained", &Terminal)?;
        let methods =
            encoded.methods().map(|(ranking, name)| (ranking, format!("untrained {name}")));
        results.extend(encoded.measure(&tasks, &methods, args.seed)?);
        likeness.extend(encoded.likeness(&methods, args.seed)?);
    }
    let relevance = encoded.relevance(&encoder, &args.strangers)?;
    let rejected = encoded.rejected.iter().cloned();
    let report = Report {
        model: &encoder.model_id().0,
        data: &args.data,
        gallery: encoded.count(Role::Gallery),
        queries: encoded.count(Role::Query),
        average_precision_over: "all relevant",
        results,
        likeness,
        relevance,
        skipped_tasks,
        rejected: rejected.chain(dataset.skipped.iter().map(Rejected::from)).collect(),
        diagnostics,
    };
    if let Some(folder) = &args.out {
        results::write(folder, &report)?;
        encoded.write_sheet(&folder.join("answers.jpg"), &encoder, args.seed)?;
    }
    if args.json { output::json(&report) } else { print::print(&report) }
}
