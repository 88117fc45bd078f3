//! The output of a search: tables, or JSON. Patients are never printed.

use answers::relevance_at;
use anyhow::Result;
use gallery::{Gallery, Hit};
use ingest::image_qc::{Doubt, Doubtful};
use ingest::{Decoded, FileWarnings};
use retrieval::estimate::Estimate;
use serde::Serialize;

use super::{Answered, SearchArgs};
use crate::ingest_messages;
use crate::output;

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    bits: usize,
    queries: Vec<QueryLine<'a>>,
}

/// A query and its hits.
#[derive(Serialize)]
struct QueryLine<'a> {
    query: String,
    /// Doubts about the query's pictures.
    doubts: Vec<Doubt>,
    /// Faults of their files that were put up with.
    warnings: Vec<String>,
    /// Expected share of relevant pictures among the first ten hits; none for a model without
    /// estimates, after feedback, and for a novel query.
    expected_precision: Option<f64>,
    /// True if the query is unlike everything the model knows.
    novel: Option<bool>,
    /// True if nothing similar enough was found: the query is novel, there is no answer, or hardly
    /// any answer is relevant.
    nothing_similar: Option<bool>,
    hits: Vec<HitLine<'a>>,
}

#[derive(Serialize)]
struct HitLine<'a> {
    rank: usize,
    id: u64,
    key: &'a str,
    name: &'a str,
    labels: &'a [String],
    source: Option<&'a str>,
    view: Option<&'a str>,
    /// The Hamming distance, in bits.
    distance: u32,
    /// The distance of the embeddings.
    euclidean: f32,
    /// The estimated probability of relevance, for the first ten hits; it never rises with the
    /// rank.
    relevance: Option<f64>,
    /// The address at which a viewer shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<String>,
}

pub(super) fn print(args: &SearchArgs, gallery: &Gallery, answers: &[Answered]) -> Result<()> {
    if args.json {
        return output::json(&Report {
            model: &gallery.model().0,
            bits: gallery.bits(),
            queries: answers.iter().map(|answered| query_line(args, answered)).collect(),
        });
    }
    for answered in answers {
        let Answered { hits, estimate, .. } = answered;
        output::text(&format!(
            "{} ({} of {} pictures)",
            name(answered),
            hits.len(),
            gallery.len()
        ))?;
        let doubtful: Vec<Doubtful> =
            answered.pictures.iter().filter_map(Decoded::doubtful).collect();
        if !doubtful.is_empty() {
            eprintln!("{}", ingest_messages::describe_doubtful(&doubtful));
        }
        let warned: Vec<FileWarnings> =
            answered.pictures.iter().filter_map(FileWarnings::of).collect();
        ingest_messages::few(warned.iter().map(FileWarnings::line))
            .iter()
            .for_each(|line| eprintln!("{line}"));
        let rows: Vec<_> =
            (0..hits.len()).map(|place| row(place, &hits[place], estimate.as_ref())).collect();
        output::lines(&output::table(
            &["picture", "labels", "bits", "euclid", "relevance", "rank"],
            &rows,
        ))?;
        if let Some(estimate) = estimate {
            output::text(&verdict(estimate))?;
        }
        for (place, hit) in hits.iter().enumerate() {
            if let Some(link) = args.back.link(&hit.record) {
                output::text(&format!("{}: {link}", place + 1))?;
            }
        }
    }
    if let Some(path) = &args.html {
        output::text(&format!("page: {}", path.display()))?;
    }
    args.back
        .files()
        .try_for_each(|(what, path)| output::text(&format!("{what}: {}", path.display())))
}

/// The name of its pictures, or of the entries it searches for.
fn name(answered: &Answered) -> String {
    let pictures = answered.pictures.iter().map(|picture| &picture.record);
    let entries = answered.entries.iter().map(|(_, record)| record);
    let names: Vec<&str> = pictures.chain(entries).map(|record| record.name.as_str()).collect();
    names.join(" + ")
}

fn verdict(estimate: &Estimate) -> String {
    if estimate.novel {
        return "nothing similar enough: the query is unlike everything this model knows"
            .to_owned();
    }
    if estimate.nothing_similar {
        return "nothing similar enough: hardly anything of the answer is relevant".to_owned();
    }
    format!(
        "expected share of relevant pictures among the first ten: {:.0} %",
        100.0 * estimate.precision
    )
}

fn query_line<'a>(args: &SearchArgs, answered: &'a Answered) -> QueryLine<'a> {
    let estimate = answered.estimate.as_ref();
    QueryLine {
        query: name(answered),
        doubts: answered
            .pictures
            .iter()
            .flat_map(|picture| picture.doubts.iter().copied())
            .collect(),
        warnings: answered
            .pictures
            .iter()
            .flat_map(|picture| ingest::warning_lines(&picture.warnings))
            .collect(),
        expected_precision: estimate
            .filter(|estimate| !estimate.novel)
            .map(|estimate| estimate.precision),
        novel: estimate.map(|estimate| estimate.novel),
        nothing_similar: estimate.map(|estimate| estimate.nothing_similar),
        hits: (0..answered.hits.len())
            .map(|place| line(args, place, &answered.hits[place], estimate))
            .collect(),
    }
}

fn line<'a>(
    args: &SearchArgs,
    place: usize,
    hit: &'a Hit,
    estimate: Option<&Estimate>,
) -> HitLine<'a> {
    let record = &hit.record;
    HitLine {
        rank: place + 1,
        id: hit.id,
        key: &record.key,
        name: &record.name,
        labels: &record.labels,
        source: record.source.as_deref(),
        view: record.view.as_deref(),
        distance: hit.distance,
        euclidean: hit.euclidean,
        relevance: relevance_at(place, estimate),
        link: args.back.link(record),
    }
}

fn row(place: usize, hit: &Hit, estimate: Option<&Estimate>) -> Vec<String> {
    let relevance = relevance_at(place, estimate);
    let relevance = relevance.map_or_else(|| "-".to_owned(), |p| format!("{:.0} %", 100.0 * p));
    let (labels, bits, rank) = (hit.record.labels.join(", "), hit.distance.to_string(), place + 1);
    vec![
        hit.record.name.clone(),
        labels,
        bits,
        format!("{:.3}", hit.euclidean),
        relevance,
        rank.to_string(),
    ]
}
