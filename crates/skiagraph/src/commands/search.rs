//! `skiagraph search`: the nearest pictures of a gallery.

use std::path::PathBuf;

use anyhow::{Result, bail};
use network::{Encoder, Encoding};
use retrieval::gallery::{Gallery, Hit, Query};
use serde::Serialize;

use crate::ingest::{self, Decoded, Listed};
use crate::model::ModelArgs;
use crate::output;
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
    /// Distance of the embeddings, with --rerank.
    euclidean: Option<f32>,
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
    print(args, &gallery, &queries, &answers)
}

fn ask(gallery: &Gallery, args: &SearchArgs, query: &Decoded, encoding: &Encoding) -> Result<Vec<Hit>> {
    let record = &query.record;
    Ok(gallery.search(&Query {
        code: &encoding.code,
        embedding: args.rerank.map(|_| &encoding.embedding),
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
    Ok(Page { title: "Similar radiographs".to_owned(), intro: vec![intro], figures: None, answers: drawn })
}

fn print(args: &SearchArgs, gallery: &Gallery, queries: &[Decoded], answers: &[Vec<Hit>]) -> Result<()> {
    let answered = queries.iter().zip(answers);
    if args.json {
        let queries = answered.map(|(query, hits)| Answered {
            query: &query.record.name,
            hits: hits.iter().enumerate().map(|(place, hit)| line(place + 1, hit)).collect(),
        });
        return output::json(&Report {
            model: &gallery.model().0,
            bits: gallery.bits(),
            queries: queries.collect(),
        });
    }
    for (query, hits) in answered {
        output::text(&format!("{} ({} of {} pictures)", query.record.name, hits.len(), gallery.len()))?;
        let rows: Vec<_> = hits.iter().enumerate().map(|(place, hit)| row(place + 1, hit)).collect();
        output::text(&output::table(&["picture", "labels", "bits", "euclid", "rank"], &rows))?;
    }
    if let Some(path) = &args.html {
        output::text(&format!("page: {}", path.display()))?;
    }
    Ok(())
}

fn line(rank: usize, hit: &Hit) -> HitLine<'_> {
    let record = &hit.record;
    HitLine {
        rank,
        id: hit.id,
        key: &record.key,
        name: &record.name,
        labels: &record.labels,
        source: record.source.as_deref(),
        view: record.view.as_deref(),
        distance: hit.distance,
        euclidean: hit.euclidean,
    }
}

fn row(rank: usize, hit: &Hit) -> Vec<String> {
    let euclidean = hit.euclidean.map_or_else(|| "-".to_owned(), |distance| format!("{distance:.3}"));
    let labels = hit.record.labels.join(", ");
    vec![hit.record.name.clone(), labels, hit.distance.to_string(), euclidean, rank.to_string()]
}
