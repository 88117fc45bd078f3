//! `skiagraph search`: the nearest pictures of a gallery.

use std::path::PathBuf;

use anyhow::{Result, bail};
use network::{Encoder, Encoding};
use retrieval::estimate::Estimate;
use retrieval::gallery::{Gallery, Hit, Query};
use serde::Serialize;

use crate::ingest::{self, Decoded, Listed};
use crate::model::ModelArgs;
use crate::output;
use crate::relevance;
use crate::report::answers::{Asked, Illustrator, write_page};
use crate::report::html::Page;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph search --gallery g query.dcm
  skiagraph search --gallery g query.png --k 5 --rerank 100
  skiagraph search --gallery g a.png b.png --within 8 --json
  skiagraph search --gallery g query.png --html answer.html";

/// Find the radiographs of a gallery that are most like the given ones
///
/// Exact: the k pictures whose hash codes differ from the query's in the fewest bits, ties by age.
/// The gallery must have been built by the same model.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The gallery's folder
    #[arg(long, value_name = "FOLDER")]
    gallery: PathBuf,
    /// The pictures to find the like of
    #[arg(value_name = "IMAGE", required = true)]
    images: Vec<PathBuf>,
    /// How many neighbours to show
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    k: usize,
    /// Only neighbours that differ in at most so many bits
    #[arg(long, value_name = "BITS")]
    within: Option<u32>,
    /// Order the nearest COUNT by the Euclidean distance of their embeddings
    #[arg(long, value_name = "COUNT")]
    rerank: Option<usize>,
    /// Leave out the query's own picture and pictures of the same patient
    #[arg(long)]
    others: bool,
    /// Print the answers as JSON
    #[arg(long)]
    json: bool,
    /// Write the answers as a page, with saliency
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    model: &'a str,
    bits: usize,
    queries: Vec<Answered<'a>>,
}

/// A query and its hits. Patients are never printed.
#[derive(Serialize)]
struct Answered<'a> {
    query: &'a str,
    /// Expected share of relevant pictures among the first ten hits; none for a model without estimates.
    expected_precision: Option<f64>,
    /// Whether nothing similar enough is there: the query is unlike everything the model knows.
    novel: Option<bool>,
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
    /// Bits that differ.
    distance: u32,
    /// Distance of the embeddings.
    euclidean: Option<f32>,
    /// Estimated probability of being relevant, of the first ten.
    relevance: Option<f64>,
}

/// Searches and reports.
pub(crate) fn run(args: &SearchArgs) -> Result<()> {
    if args.k == 0 {
        bail!("--k is 0: ask for one neighbour at least");
    }
    let gallery = Gallery::open(&args.gallery)?;
    let encoder = args.model.load()?;
    gallery.check_model(encoder.model_id(), encoder.bits())?;
    let queries = args.images.iter().map(|path| ingest::decode(&Listed::bare(path), encoder.preprocess()));
    let queries = queries.collect::<Result<Vec<_>>>()?;
    let encodings = ingest::encode_pictures(&encoder, &queries)?;
    let answers =
        queries.iter().zip(&encodings).map(|(query, encoding)| ask(&gallery, args, query, encoding));
    let answers = answers.collect::<Result<Vec<_>>>()?;
    if let Some(path) = &args.html {
        write_page(&page(&encoder, &gallery, &queries, &encodings, &answers)?, path)?;
    }
    let estimator = encoder.card().estimator.as_ref();
    let estimates = encodings.iter().zip(&answers);
    let estimates = estimates.map(|(query, hits)| Some(relevance::of_hits(estimator?, query, hits)));
    let estimates: Vec<_> = estimates.collect();
    let answered = queries.iter().zip(&answers).zip(&estimates);
    let answered: Vec<_> =
        answered.map(|((query, hits), estimate)| (query, hits.as_slice(), estimate)).collect();
    print(args, &gallery, &answered)
}

fn ask(gallery: &Gallery, args: &SearchArgs, query: &Decoded, encoding: &Encoding) -> Result<Vec<Hit>> {
    let record = &query.record;
    Ok(gallery.search(&Query {
        code: &encoding.code,
        embedding: Some(&encoding.embedding),
        k: args.k,
        within: args.within,
        rerank: args.rerank,
        exclude_patient: record.patient.as_deref().filter(|_| args.others),
        exclude_key: Some(record.key.as_str()).filter(|_| args.others),
    })?)
}

fn page(
    encoder: &Encoder,
    gallery: &Gallery,
    queries: &[Decoded],
    encodings: &[Encoding],
    answers: &[Vec<Hit>],
) -> Result<Page> {
    let mut illustrator = Illustrator::new(encoder, gallery);
    let mut drawn = Vec::new();
    for ((query, encoding), hits) in queries.iter().zip(encodings).zip(answers) {
        drawn.push(illustrator.answer(&Asked::new(query, encoding), hits)?);
    }
    let intro = format!(
        "The pictures of a gallery of {} whose {}-bit hash codes differ in the fewest bits from the query's. \
         Brighter colours: where the network looked. Not for diagnosis.",
        gallery.len(),
        gallery.bits(),
    );
    let title = "Similar radiographs".to_owned();
    Ok(Page { title, intro: vec![intro], figures: None, sections: Vec::new(), answers: drawn })
}

/// A query, its hits, and the model's estimates of them.
type Found<'a> = (&'a Decoded, &'a [Hit], &'a Option<Estimate>);

fn print(args: &SearchArgs, gallery: &Gallery, answered: &[Found]) -> Result<()> {
    if args.json {
        let queries = answered.iter().map(|(query, hits, estimate)| Answered {
            query: &query.record.name,
            expected_precision: estimate.as_ref().map(|estimate| estimate.precision),
            novel: estimate.as_ref().map(|estimate| estimate.novel),
            hits: (0..hits.len()).map(|place| line(place, &hits[place], estimate.as_ref())).collect(),
        });
        return output::json(&Report {
            model: &gallery.model().0,
            bits: gallery.bits(),
            queries: queries.collect(),
        });
    }
    for (query, hits, estimate) in answered {
        output::text(&format!("{} ({} of {} pictures)", query.record.name, hits.len(), gallery.len()))?;
        let rows: Vec<_> = (0..hits.len()).map(|place| row(place, &hits[place], estimate.as_ref())).collect();
        output::text(&output::table(&["picture", "labels", "bits", "euclid", "relevance", "rank"], &rows))?;
        if let Some(estimate) = estimate {
            output::text(&verdict(estimate))?;
        }
    }
    if let Some(path) = &args.html {
        output::text(&format!("page: {}", path.display()))?;
    }
    Ok(())
}

fn verdict(estimate: &Estimate) -> String {
    if estimate.novel {
        return "nothing similar enough: the query is unlike everything this model knows".to_owned();
    }
    format!("expected share of relevant pictures among the first ten: {:.0} %", 100.0 * estimate.precision)
}

fn relevance_at(place: usize, estimate: Option<&Estimate>) -> Option<f64> {
    estimate.and_then(|estimate| estimate.relevance.get(place).copied())
}

fn line<'a>(place: usize, hit: &'a Hit, estimate: Option<&Estimate>) -> HitLine<'a> {
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
    }
}

fn row(place: usize, hit: &Hit, estimate: Option<&Estimate>) -> Vec<String> {
    let or_dash = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    let euclidean = or_dash(hit.euclidean.map(|distance| format!("{distance:.3}")));
    let relevance = or_dash(relevance_at(place, estimate).map(|p| format!("{:.0} %", 100.0 * p)));
    let (labels, bits, rank) = (hit.record.labels.join(", "), hit.distance.to_string(), place + 1);
    vec![hit.record.name.clone(), labels, bits, euclidean, relevance, rank.to_string()]
}
