//! A comparison as one self-contained page: tables, plots, a map of the codes, and failures of the
//! reference method.

use answers::html::{Page, Section, Table};
use anyhow::Result;
use retrieval::evaluation::{Difference, Figure, Overall, Role, Task, TaskResult};
use retrieval::map::{Place, map};

use super::encodings::in_order;
use super::experiment::Experiment;
use super::failures;
use super::measure::{RANDOM, Report};
use crate::report::figures::{figure, signed};
use crate::report::likeness;
use crate::report::plots::{self, Axis, Bar, Series};
use crate::roles::role;
use crate::saliency::{self, Subject};

/// The number of pictures on the map of the codes.
const MAPPED: usize = 900;

/// The page.
///
/// # Errors
/// If a picture cannot be read, or a plot cannot be drawn.
pub fn page(
    experiment: &Experiment,
    report: &Report,
    tasks: &[Task],
    subject: Option<&Subject>,
) -> Result<Page> {
    let mut sections = vec![overall(report)?];
    for task in tasks {
        sections.push(one_task(report, &task.name)?);
    }
    sections.extend([by_bits(report)?, costs(report), code_map(experiment, report)?]);
    sections.extend(report.saliency.iter().flat_map(saliency::sections));
    let mut answers = failures::worst(experiment, report, tasks)?;
    answers.extend(subject.map(saliency::pictures).transpose()?.into_iter().flatten());
    Ok(Page {
        title: "Methods compared".to_owned(),
        intro: intro(report),
        figures: None,
        sections,
        answers,
    })
}

/// A method's figures, and the reference method's lead over it.
pub fn row(figures: &Report, overall: &Overall) -> Vec<String> {
    let of = [&overall.map_all, &overall.p_at_10, &overall.macro_p_at_10, &overall.ndcg_100];
    let name = format!("{} − {}", figures.ours, overall.method);
    let ahead = figures.overall_differences.iter().find(|difference| difference.method == name);
    let ahead = ahead
        .map_or([const { String::new() }; 2], |d| [signed(&d.map_all), signed(&d.macro_p_at_10)]);
    [overall.method.clone()].into_iter().chain(of.map(figure)).chain(ahead).collect()
}

fn intro(report: &Report) -> Vec<String> {
    vec![
        format!(
            "{} pictures in the gallery, {} queries; {} bits; seeds {:?}, whose values are averaged query by query. In brackets: \
             95 % percentile bootstrap over patients or groups. AP is divided by {}; ties in distance are resolved by \
             the exact expectation over their orders; the same patient never answers.",
            report.gallery, report.queries, report.bits, report.seeds, report.average_precision_over
        ),
        "Every network takes the same number of epochs on the same pictures: from the classifier of its seed, whose \
         epochs count, or from random weights. At the end of the page: the queries that ours answers worst, then \
         pictures with experts' boxes (white lines) under its saliency maps and others."
            .to_owned(),
    ]
}

fn overall(report: &Report) -> Result<Section> {
    let mut heads = ["method", "mAP", "P@10", "macro P@10", "nDCG@100"].map(str::to_owned).to_vec();
    heads.extend(["ahead, mAP", "ahead, macro P@10"].map(|head| format!("{} {head}", report.ours)));
    let rows = report.overall.iter().map(|overall| row(report, overall)).collect();
    let caption = "Mean over the tasks, each task with equal weight".to_owned();
    let bars: Vec<Bar> = report.overall.iter().map(|o| bar(&o.method, &o.macro_p_at_10)).collect();
    let ahead: Vec<Bar> =
        report.overall_differences.iter().map(|d| bar(&d.method, &d.macro_p_at_10)).collect();
    Ok(Section {
        heading: "Over all tasks".to_owned(),
        tables: vec![Table { caption, heads, rows }, likeness::table(&report.likeness)],
        plots: vec![
            plots::bars(
                "Macro P@10, mean over the tasks",
                &Axis { title: "macro P@10", range: span(&bars) },
                &bars,
            )?,
            plots::bars(
                "By how much ours is ahead",
                &Axis { title: "macro P@10", range: span(&ahead) },
                &ahead,
            )?,
            precision_at(report, None)?,
        ],
    })
}

fn bar<'a>(name: &'a str, figure: &Figure) -> Bar<'a> {
    Bar { name, value: figure.value, low: figure.low, high: figure.high }
}

/// The range from the least to the greatest end of an interval, with 0 in it.
fn span(bars: &[Bar]) -> std::ops::Range<f64> {
    let low = bars.iter().map(|bar| bar.low).fold(0.0, f64::min);
    let high = bars.iter().map(|bar| bar.high).fold(0.0, f64::max);
    low..high * 1.02
}

fn one_task(report: &Report, task: &str) -> Result<Section> {
    let results: Vec<&TaskResult> =
        report.results.iter().filter(|result| result.task == task).collect();
    let rows = results.iter().map(|result| {
        let figures =
            [&result.map_all, &result.p_at_10, &result.macro_p_at_10, &result.ndcg_100].map(figure);
        [result.method.clone()].into_iter().chain(figures).chain(ahead(report, result)).collect()
    });
    let mut heads = ["method", "mAP", "P@10", "macro P@10", "nDCG@100"].map(str::to_owned).to_vec();
    heads.extend(["ahead, mAP", "ahead, macro P@10"].map(|head| format!("{} {head}", report.ours)));
    let queries = results.first().map_or(0, |result| result.queries);
    let caption = format!("{task}: {queries} queries");
    Ok(Section {
        heading: format!("Task {task}"),
        tables: vec![Table { caption, heads, rows: rows.collect() }],
        plots: vec![precision_at(report, Some(task))?, precision_recall(report, task)?],
    })
}

/// The reference method's lead over a method on its task.
fn ahead(report: &Report, result: &TaskResult) -> [String; 2] {
    let of = |d: &&Difference| d.task == result.task && d.b == result.method;
    let difference = report.differences.iter().find(of);
    difference
        .map_or([const { String::new() }; 2], |d| [signed(&d.map_all), signed(&d.macro_p_at_10)])
}

/// P@k of a result.
type Cut = fn(&TaskResult) -> Figure;

/// The cut-offs k that are measured.
const CUTS: [(f64, Cut); 5] = [
    (1.0, |r| r.p_at_1),
    (5.0, |r| r.p_at_5),
    (10.0, |r| r.p_at_10),
    (50.0, |r| r.p_at_50),
    (100.0, |r| r.p_at_100),
];

/// P@k at the measured k, of one task or in the mean over all.
fn precision_at(report: &Report, task: Option<&str>) -> Result<String> {
    let series: Vec<Series> = methods(report)
        .map(|method| {
            let chosen =
                |r: &&TaskResult| r.method == method && task.is_none_or(|task| r.task == task);
            let results: Vec<&TaskResult> = report.results.iter().filter(chosen).collect();
            let mean = |of: Cut| {
                results.iter().map(|r| of(r).value).sum::<f64>() / results.len().max(1) as f64
            };
            Series { name: method, points: CUTS.map(|(k, of)| (k, mean(of))).to_vec() }
        })
        .collect();
    let caption = format!("P@k, {}", task.unwrap_or("mean over the tasks"));
    plots::lines(
        &caption,
        &Axis { title: "k", range: 0.0..100.0 },
        &Axis { title: "P@k", range: 0.0..1.0 },
        &series,
    )
}

/// The names of the methods, the reference method first.
fn methods(report: &Report) -> impl Iterator<Item = &str> {
    let others = report.overall.iter().map(|overall| overall.method.as_str());
    let others = others.filter(|name| *name != report.ours && *name != RANDOM);
    [report.ours.as_str()].into_iter().chain(others)
}

/// Precision against recall of everything within a distance, distance by distance.
fn precision_recall(report: &Report, task: &str) -> Result<String> {
    let series: Vec<Series> = methods(report)
        .filter_map(|method| {
            report.curves.iter().find(|curve| curve.task == task && curve.method == method)
        })
        .map(|curve| {
            let points = curve.points.iter().filter_map(|p| Some((p.recall, p.precision?)));
            Series { name: &curve.method, points: points.collect() }
        })
        .collect();
    let axis = |title| Axis { title, range: 0.0..1.0 };
    plots::lines(
        &format!("Within every Hamming distance, {task}"),
        &axis("recall"),
        &axis("precision"),
        &series,
    )
}

fn by_bits(report: &Report) -> Result<Section> {
    let series: Vec<Series> = methods(report)
        .map(|method| {
            let runs =
                report.runs.iter().filter(|c| c.method == method && c.seed == report.seeds[0]);
            let mut points: Vec<_> = runs.map(|run| (run.bits as f64, run.map_all)).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            Series { name: method, points }
        })
        .collect();
    let heads = ["method", "bits", "seed", "mAP", "macro P@10"].map(str::to_owned).to_vec();
    let rows = report.runs.iter().map(|c| {
        let figures = [c.map_all, c.macro_p_at_10].map(|figure| format!("{figure:.3}"));
        [c.method.clone(), c.bits.to_string(), c.seed.to_string()]
            .into_iter()
            .chain(figures)
            .collect()
    });
    let caption = "Every cell, mean over the tasks".to_owned();
    let most = report.runs.iter().map(|run| run.bits).max().unwrap_or(0) as f64;
    let (x, y) =
        (Axis { title: "bits", range: 0.0..most * 1.05 }, Axis { title: "mAP", range: 0.0..1.0 });
    Ok(Section {
        heading: "Code lengths and seeds".to_owned(),
        plots: vec![plots::lines("mAP by bits, mean over the tasks, first seed", &x, &y, &series)?],
        tables: vec![Table { caption, heads, rows: rows.collect() }],
    })
}

fn costs(report: &Report) -> Section {
    let heads = ["method", "training, s", "encoding, ms a picture", "bytes a picture"]
        .map(str::to_owned)
        .to_vec();
    let rows = report.costs.iter().map(|cost| {
        let (training, encoding) = (cost.cost.training_seconds, cost.cost.encoding_milliseconds);
        vec![
            cost.method.clone(),
            format!("{training:.0}"),
            format!("{encoding:.2}"),
            cost.bytes.to_string(),
        ]
    });
    let caption =
        "Training is that of the method's own epochs; encoding shares the machine with decoding"
            .to_owned();
    let tables = vec![Table { caption, heads, rows: rows.collect() }];
    Section { heading: "Cost".to_owned(), tables, plots: Vec::new() }
}

/// The plane of the queries' codes of the reference method, by source.
fn code_map(experiment: &Experiment, report: &Report) -> Result<Section> {
    let encodings = experiment.make(&experiment.ours()?)?;
    let items = in_order(&experiment.items, &encodings.about.names);
    let chosen: Vec<usize> =
        (0..items.len()).filter(|&i| role(items[i]) == Role::Query).take(MAPPED).collect();
    let codes: Vec<_> = chosen.iter().map(|&i| encodings.codes[i]).collect();
    let places = map(&codes, report.seeds[0], |_| ())?;
    let mut plots = Vec::new();
    for (caption, group) in [("by source", source as fn(&_) -> _), ("by first label", first_label)]
    {
        let groups: Vec<String> = chosen.iter().map(|&i| group(items[i])).collect();
        let caption = format!("Codes of the queries, {caption}");
        plots.push(plots::scatter(&caption, &grouped(&places, &groups))?);
    }
    let heading = "The codes in the plane, by UMAP".to_owned();
    Ok(Section { heading, tables: Vec::new(), plots })
}

fn source(item: &radiograph::dataset::Item) -> String {
    item.source.clone().unwrap_or_else(|| "unknown".to_owned())
}

fn first_label(item: &radiograph::dataset::Item) -> String {
    item.labels.first().cloned().unwrap_or_else(|| "none".to_owned())
}

fn grouped<'a>(places: &[Place], groups: &'a [String]) -> Vec<Series<'a>> {
    let mut names: Vec<&str> = groups.iter().map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name: &'a str| {
        let points = places.iter().zip(groups).filter(|(_, group)| *group == name);
        let points = points.map(|(place, _)| (place.x.into(), place.y.into()));
        Series { name, points: points.collect() }
    };
    names.into_iter().map(of).collect()
}
