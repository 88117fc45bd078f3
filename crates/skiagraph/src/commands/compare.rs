//! `skiagraph compare`: compares methods on the same data, in one report.

use std::path::PathBuf;

use anyhow::{Result, bail};
use network::DeviceChoice;
use radiograph::dataset::Dataset;
use retrieval::evaluation::Role;
use study::compare::config::CompareConfig;
use study::compare::experiment::Experiment;
use study::compare::measure::{self, Report};
use study::compare::{origin, page, report, run};
use study::saliency::{self, Subject};
use study::{near_copies, role, tasks};

use crate::ingest_messages;
use crate::memory;
use crate::output;
use crate::terminal::Terminal;

/// The number of searched pictures that near copies are made of, as in `eval` by default.
const NEAR_COPIES: usize = 200;
/// The seed of the near copies. It is fixed, as runs are kept, and each must have encoded the same
/// copies.
const NEAR_COPIES_SEED: u64 = 1;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph compare --config configs/compare.toml --data data/ --out runs/compare
  skiagraph compare --config configs/compare.toml --data data/ --out runs/compare --only ITQ,CSQ
  skiagraph compare --config configs/compare.toml --data data/ --out runs/compare --seeds 1 \\
      --first-bits

A run is a method at one code length with one seed. Each finished run is kept in the folder, so that
the same command continues where it was stopped. At the end the folder has report.json, report.csv,
report.md and report.html.";

/// Compare methods on the same data, splits, backbone, budget and bits
///
/// Trains and evaluates every method of a configuration, and writes tables with intervals, paired
/// differences, curves, costs and failures.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CompareArgs {
    /// Configuration of the comparison (TOML)
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Data set: a folder with a manifest, or the manifest
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder of the comparison; finished parts in it are kept
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Tasks [default: tasks.toml of the data set, else the built-in ones]
    #[arg(long, value_name = "FILE")]
    tasks: Option<PathBuf>,
    /// Only these methods, and the reference method; a name with commas needs its own --only
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Only these training seeds
    #[arg(long, value_name = "SEED", value_delimiter = ',')]
    seeds: Vec<u64>,
    /// Only the first code length
    #[arg(long)]
    first_bits: bool,
    /// Device that networks train on: auto, cpu, cuda or vulkan
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    device: DeviceChoice,
    /// Seed of the bootstrap
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// Makes the missing runs, measures all, writes the report.
pub(crate) fn run(args: &CompareArgs) -> Result<()> {
    memory::keep_freed();
    let config = config(args)?;
    let dataset = Dataset::open(&args.data)?;
    ingest_messages::manifest_diagnostics(&dataset);
    let items: Vec<_> = dataset.items.iter().filter(|item| role(item) != Role::Neither).collect();
    let (tasks, skipped) = tasks::of(&args.data, args.tasks.as_ref(), &items)?;
    for task in &skipped {
        output::note(&format!("skipped {}: {}", task.task, task.reason));
    }
    origin::check(&args.out, &dataset)?;
    let copies =
        near_copies::make(&items, NEAR_COPIES, NEAR_COPIES_SEED, &args.out.join("near-copies"))?;
    let items = items.into_iter().chain(&copies).collect();
    let (path, out) = (&args.config, &args.out);
    let experiment =
        Experiment::new((&config, path), (&dataset, items), out, args.device, &Terminal);
    let mut figures = measure::measure(&experiment, &run::runs(&config), &tasks, args.seed)?;
    let subject = subject(args, &dataset, &experiment)?;
    figures.saliency = subject.as_ref().map(|subject| subject.measure(&tasks)).transpose()?;
    report::write(
        &args.out,
        &figures,
        &page::page(&experiment, &figures, &tasks, subject.as_ref())?,
    )?;
    if args.json { output::json(&figures) } else { print(args, &figures) }
}

/// The reference method's model, to measure by experts' boxes. `None` if it does not learn
/// saliency.
fn subject<'a>(
    args: &CompareArgs,
    dataset: &'a Dataset,
    experiment: &Experiment,
) -> Result<Option<Subject<'a>>> {
    let Some((training, model)) = experiment.our_model()? else { return Ok(None) };
    if !training.architecture.learns_saliency() {
        return Ok(None);
    }
    let boxes = saliency::boxes_of(&args.data, None)?;
    Subject::new(&model, dataset, boxes, args.seed, &Terminal).map(Some)
}

/// The configuration, less the parts that the command line leaves out.
fn config(args: &CompareArgs) -> Result<CompareConfig> {
    let mut config = CompareConfig::read(&args.config)?;
    let is_method = |name: &str| config.methods.iter().any(|method| method.name == name);
    let split = |name: &String| match is_method(name) {
        true => vec![name.clone()],
        false => name.split(',').map(str::to_owned).collect(),
    };
    let only: Vec<String> = args.only.iter().flat_map(split).collect();
    if let Some(unknown) = only.iter().find(|name| !is_method(name)) {
        let names: Vec<_> = config.methods.iter().map(|method| method.name.as_str()).collect();
        bail!("there is no method `{unknown}`; the configuration has {}", names.join(", "));
    }
    if !only.is_empty() {
        config.keep(&only);
    }
    if let Some(unknown) = args.seeds.iter().find(|seed| !config.seeds.contains(seed)) {
        bail!("there is no seed {unknown}; the configuration has {:?}", config.seeds);
    }
    config.seeds.retain(|seed| args.seeds.is_empty() || args.seeds.contains(seed));
    if args.first_bits {
        config.bits.truncate(1);
    }
    Ok(config)
}

fn print(args: &CompareArgs, figures: &Report) -> Result<()> {
    let heads = [
        "method",
        "mAP",
        "P@10",
        "macro P@10",
        "nDCG@100",
        "ours ahead, mAP",
        "ours ahead, macro P@10",
    ];
    let rows: Vec<_> = figures.overall.iter().map(|overall| page::row(figures, overall)).collect();
    output::lines(&output::table(&heads, &rows))?;
    output::text(&format!(
        "mean over the tasks at {} bits; in brackets: 95 % bootstrap intervals; {} pictures, {} queries; {}",
        figures.bits,
        figures.gallery,
        figures.queries,
        args.out.join("report.html").display()
    ))
}
