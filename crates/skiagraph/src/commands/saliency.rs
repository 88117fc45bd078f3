//! `skiagraph saliency`: measures the quality of a model's saliency maps.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use radiograph::dataset::Dataset;
use retrieval::evaluation::Role;
use study::report::figures::figure;
use study::saliency::{self, FindingReport, Findings, Report, Subject};
use study::{role, tasks};

use crate::ingest_messages;
use crate::model::{ModelFile, finder};
use crate::output;
use crate::terminal::Terminal;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph saliency --data data/
  skiagraph saliency --model runs/a/model.safetensors --data data/ --out runs/a/saliency
  skiagraph saliency --data data/ --boxes boxes.csv --json
  skiagraph saliency --data data/ --findings runs/s/saliency.safetensors --sheet maps.png

Boxes are a CSV with the columns path, label, x, y, w, h (pixels of the file). Without boxes, the
other measures are still taken.";

/// Measure the quality of a model's saliency maps
///
/// Measures four properties. Maps should point at experts' boxes more than the centre, edges,
/// chance or Grad-CAM do. The code should depend on what maps show. Maps should depend on what the
/// network learned. A map alone should not give the class away.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SaliencyArgs {
    #[command(flatten)]
    model: ModelFile,
    /// Data set: a folder with a manifest, or the manifest
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Boxes [default: boxes.csv of the data set, if there is one]
    #[arg(long, value_name = "FILE")]
    boxes: Option<PathBuf>,
    /// Seed of random maps, random weights and the bootstrap
    #[arg(long, default_value_t = 1, value_name = "N")]
    seed: u64,
    /// Measure the maps of a saliency network (`train --stage saliency`) instead, beside the
    /// model's
    #[arg(long, value_name = "FILE")]
    findings: Option<PathBuf>,
    /// Draw 20 pictures with boxes under the union of its maps into a PNG file
    #[arg(long, value_name = "PNG", requires = "findings")]
    sheet: Option<PathBuf>,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
    /// Write saliency.json and saliency.html into a folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Measures and reports.
pub(crate) fn run(args: &SaliencyArgs) -> Result<()> {
    let dataset = Dataset::open(&args.data)?;
    ingest_messages::manifest_diagnostics(&dataset);
    if let Some(network) = &args.findings {
        return findings(args, network, &dataset);
    }
    let items: Vec<_> = dataset.items.iter().filter(|item| role(item) != Role::Neither).collect();
    let (tasks, _) = tasks::of(&args.data, None, &items)?;
    let boxes = saliency::boxes_of(&args.data, args.boxes.as_ref())?;
    let subject = Subject::new(&args.model.path()?, &dataset, boxes, args.seed, &Terminal)?;
    let report = subject.measure(&tasks)?;
    if let Some(folder) = &args.out {
        write(folder, &subject, &report)?;
    }
    if args.json { output::json(&report) } else { print(&report) }
}

/// Measures a saliency network of findings.
fn findings(args: &SaliencyArgs, network: &Path, dataset: &Dataset) -> Result<()> {
    let boxes = saliency::boxes_of(&args.data, args.boxes.as_ref())?;
    let model = args.model.path()?;
    let network = (network, finder(network)?);
    let findings = Findings::new(network, &model, (dataset, boxes), args.seed, &Terminal)?;
    if let Some(sheet) = &args.sheet {
        let unwritable = || format!("cannot write `{}`", sheet.display());
        findings
            .sheet()?
            .save_with_format(sheet, image::ImageFormat::Png)
            .with_context(unwritable)?;
    }
    let report = findings.measure()?;
    if let Some(folder) = &args.out {
        files::write(&folder.join("findings.json"), serde_json::to_string_pretty(&report)?)?;
    }
    if args.json { output::json(&report) } else { print_findings(&report) }
}

fn print_findings(report: &FindingReport) -> Result<()> {
    let rows = report.boxes.iter().map(|row| {
        let figures = [&row.pointing, &row.peaks, &row.energy].map(figure);
        let head = [row.label.clone(), row.map.to_owned(), row.pictures.to_string()];
        head.into_iter().chain(figures).chain([format!("{:.3}", row.area)]).collect()
    });
    let heads = ["boxes", "map", "pictures", "pointing", "one of 3 peaks", "energy", "area"];
    output::lines(&output::table(&heads, &rows.collect::<Vec<Vec<_>>>()))?;
    let rows = report.brightness.iter().map(|row| {
        let figures = [row.union, row.model].map(|figure| format!("{figure:.2}"));
        [row.source.clone(), row.pictures.to_string()].into_iter().chain(figures).collect()
    });
    let heads = ["rank correlation with brightness", "pictures", "union", "model"];
    output::lines(&output::table(&heads, &rows.collect::<Vec<Vec<_>>>()))
}

fn write(folder: &Path, subject: &Subject, report: &Report) -> Result<()> {
    files::write(&folder.join("saliency.json"), serde_json::to_string_pretty(report)?)?;
    files::write(&folder.join("saliency.html"), saliency::render(subject, report)?)
}

fn print(report: &Report) -> Result<()> {
    let rows = report.boxes.iter().map(|row| {
        let ahead = row.saliency_ahead.as_ref().map(figure).unwrap_or_default();
        let [pointing, energy, iou] = [&row.pointing, &row.energy, &row.iou].map(figure);
        let head = [row.label.clone(), row.map.to_owned(), row.pictures.to_string()];
        head.into_iter().chain([pointing, ahead, energy, iou]).collect()
    });
    let heads = ["boxes", "map", "pictures", "pointing", "saliency ahead", "energy", "IoU"];
    output::lines(&output::table(&heads, &rows.collect::<Vec<Vec<String>>>()))?;
    let rows = report.perturbation.iter().map(|row| {
        vec![row.map.to_owned(), format!("{:.3}", row.deletion), format!("{:.3}", row.insertion)]
    });
    output::lines(&output::table(&["map", "deletion", "insertion"], &rows.collect::<Vec<_>>()))?;
    let rows = report.randomised.iter().map(|step| {
        let figures =
            [step.spearman, step.structural_similarity].map(|figure| format!("{figure:.3}"));
        [step.stage.to_owned()].into_iter().chain(figures).collect()
    });
    output::lines(&output::table(
        &["random down to", "Spearman", "SSIM"],
        &rows.collect::<Vec<Vec<_>>>(),
    ))?;
    let rows = report.alone.iter().map(|row| {
        let figures =
            [row.accuracy, row.balanced, row.majority].map(|figure| format!("{figure:.3}"));
        [row.task.clone()].into_iter().chain(figures).collect()
    });
    let heads = ["class from the map alone", "accuracy", "balanced", "most frequent"];
    output::lines(&output::table(&heads, &rows.collect::<Vec<Vec<_>>>()))?;
    let swap = &report.swapped;
    output::text(&format!(
        "bits that differ under another picture's map: {:.1} from its own code, {:.1} from the other's, {:.1} between the two",
        swap.own, swap.donor, swap.between
    ))
}
