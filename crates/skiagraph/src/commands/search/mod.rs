//! `skiagraph search`: finds the nearest pictures of a gallery.

mod results;
mod show;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use answers::html::{Page, render};
use answers::{AnswerOrder, Question, answer};
use answers::{Asked, Illustrator, PAGE_MAX_BYTES, page};
use anyhow::{Result, bail};
use clap::ValueEnum;
use gallery::{Filter, Gallery, Hit, Location, Record};
use ingest::Deidentification;
use ingest::{Decoded, Listed};
use network::{Encoder, Encoding};
use retrieval::SHORTLIST;
use retrieval::estimate::Estimate;

use crate::deidentification::KeyArgs;
use crate::model::{FinderArgs, ModelArgs};

const EXAMPLES: &str = "EXAMPLES:
  skiagraph search --gallery g query.dcm
  skiagraph search --gallery g query.png --k 5 --order hamming
  skiagraph search --gallery g a.png b.png --within 8 --json
  skiagraph search --gallery g frontal.dcm lateral.dcm --together --group-by-patient
  skiagraph search --gallery g query.dcm --filter 'view in (\"PA\", \"AP\") and age >= 18'
  skiagraph search --gallery g query.dcm --like 12 --like 40 --unlike 7
  skiagraph search --gallery g query.png --html answer.html
  skiagraph search --gallery g query.dcm --sr sr.dcm --capture saliency.dcm --fhir bundle.json \\
      --viewer https://ohif.example";

/// Find the radiographs of a gallery that are most similar to the given ones
///
/// The nearest hash codes are found exactly; a short descriptor of the embeddings decides ties. Of
/// these, the k with the nearest embeddings are shown. The query's own picture and pictures of its
/// patient are left out. The gallery must have been built by the same model.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SearchArgs {
    #[command(flatten)]
    model: ModelArgs,
    #[command(flatten)]
    finder: FinderArgs,
    /// The gallery's folder, or its address on a PostgreSQL server
    #[arg(long, value_name = "GALLERY")]
    gallery: Location,
    /// Pictures to search for
    #[arg(value_name = "IMAGE", required_unless_present = "like")]
    images: Vec<PathBuf>,
    /// Number of neighbours to show
    #[arg(long, default_value_t = 10, value_name = "COUNT")]
    k: usize,
    /// Only neighbours that differ in at most this many bits
    #[arg(long, value_name = "BITS")]
    within: Option<u32>,
    /// Order of the hits
    #[arg(long, value_enum, default_value_t, value_name = "ORDER")]
    order: OrderName,
    /// Number of nearest codes from which the most similar pictures are chosen
    #[arg(long, value_name = "COUNT", default_value_t = SHORTLIST)]
    rerank: usize,
    /// Only pictures whose record passes, such as 'body_part = "CHEST" and report ~ "opacity"'
    ///
    /// docs/gallery.md describes the language.
    #[arg(long, value_name = "FILTER")]
    filter: Option<Filter>,
    /// Take all images as one query: a picture is near if it is near to one of them
    #[arg(long)]
    together: bool,
    /// Move the query towards this picture of the gallery (an id from `search --json`, or a key);
    /// may be repeated
    #[arg(long, value_name = "KEY_OR_ID")]
    like: Vec<String>,
    /// Move the query away from this picture of the gallery; may be repeated
    #[arg(long, value_name = "KEY_OR_ID")]
    unlike: Vec<String>,
    /// Show each patient once, by the patient's best picture
    #[arg(long)]
    group_by_patient: bool,
    /// Include the query's own picture and other pictures of the same patient
    #[arg(long = "own")]
    include_same_patient: bool,
    #[command(flatten)]
    deidentify: KeyArgs,
    /// Print the answers as JSON
    #[arg(long)]
    json: bool,
    /// Write the answers as a page, with saliency
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    back: results::ResultArgs,
}

/// The name of an order of the hits.
#[derive(Clone, Copy, Default, ValueEnum)]
enum OrderName {
    /// The most similar first, by the distance of their embeddings, among the nearest codes
    #[default]
    Similarity,
    /// The pictures whose codes differ in the fewest bits first; ties go to the record added first
    Hamming,
}

impl From<OrderName> for AnswerOrder {
    fn from(name: OrderName) -> Self {
        match name {
            OrderName::Similarity => Self::Similarity,
            OrderName::Hamming => Self::Hamming,
        }
    }
}

/// A query of pictures, or of entries of the gallery, and its answer.
struct Answered<'a> {
    pictures: &'a [Decoded],
    /// The entries to search for, if there is no picture.
    entries: &'a [(u64, Record)],
    hits: Vec<Hit>,
    /// The estimates: see [`answer`].
    estimate: Option<Estimate>,
    /// The de-identification that was applied to its pictures.
    deidentification: Option<&'a Deidentification>,
}

/// The judged entries of the gallery.
struct Judged {
    like: Vec<u64>,
    unlike: Vec<u64>,
}

/// Searches and reports.
pub(crate) fn run(args: &SearchArgs) -> Result<()> {
    if args.k == 0 {
        bail!("--k is 0: ask for one neighbour at least");
    }
    args.back.check(args)?;
    let gallery = Gallery::open(&args.gallery)?;
    let encoder = args.finder.attach(args.model.load()?)?;
    gallery.check_model(encoder.model_id(), encoder.bits())?;
    let judged =
        Judged { like: find(&gallery, &args.like)?, unlike: find(&gallery, &args.unlike)? };
    let deidentification = args.deidentify.deidentification()?;
    let pictures = args
        .images
        .iter()
        .map(|path| known_by_pseudonyms(path, &encoder, deidentification.as_ref()));
    let pictures = pictures.collect::<Result<Vec<_>>>()?;
    let encodings = ingest::encode_pictures(&encoder, &pictures)?;
    let entries = judged.like.iter().map(|&id| Ok((id, gallery.record(id)?)));
    let entries =
        if pictures.is_empty() { entries.collect::<Result<Vec<_>>>()? } else { Vec::new() };
    let of_one = if args.together { pictures.len().max(1) } else { 1 };
    let mut asked: Vec<_> = pictures.chunks(of_one).zip(encodings.chunks(of_one)).collect();
    if asked.is_empty() {
        asked.push((&[], &[]));
    }
    let answers = asked.into_iter().map(|(pictures, encodings)| {
        let (hits, estimate) = ask(args, &gallery, &encoder, &judged, pictures, encodings)?;
        let deidentification = deidentification.as_deref();
        Ok(Answered { pictures, entries: &entries, hits, estimate, deidentification })
    });
    let answers = answers.collect::<Result<Vec<_>>>()?;
    if let Some(path) = &args.html {
        files::write(path, render(&drawn(&encoder, &gallery, &answers)?, PAGE_MAX_BYTES))?;
    }
    args.back.write(args, &encoder, &gallery, &answers)?;
    show::print(args, &gallery, &answers)
}

/// The record of a query as a gallery of pseudonyms has it. The user still sees the query's own
/// name.
fn known_by_pseudonyms(
    path: &Path,
    encoder: &Encoder,
    deidentification: Option<&Arc<Deidentification>>,
) -> Result<Decoded> {
    let listed = Listed { deidentification: deidentification.cloned(), ..Listed::bare(path) };
    let picture = ingest::decode(&listed, encoder.preprocess())?;
    Ok(Decoded { record: Record { name: listed.record.name, ..picture.record }, ..picture })
}

/// The ids of the entries that were named by key or id.
fn find(gallery: &Gallery, names: &[String]) -> Result<Vec<u64>> {
    names.iter().map(|name| super::gallery::find(gallery, name)).collect()
}

/// The hits of a query and their estimates.
fn ask(
    args: &SearchArgs,
    gallery: &Gallery,
    encoder: &Encoder,
    judged: &Judged,
    pictures: &[Decoded],
    encodings: &[Encoding],
) -> Result<(Vec<Hit>, Option<Estimate>)> {
    let pictures: Vec<_> = pictures.iter().map(|picture| &picture.record).zip(encodings).collect();
    let question = Question {
        pictures: &pictures,
        like: &judged.like,
        unlike: &judged.unlike,
        k: args.k,
        within: args.within,
        order: AnswerOrder::from(args.order).of(args.rerank),
        filter: args.filter.as_ref(),
        group_by_patient: args.group_by_patient,
        include_same_patient: args.include_same_patient,
    };
    Ok(answer(gallery, encoder, &question)?)
}

fn drawn(encoder: &Encoder, gallery: &Gallery, answers: &[Answered]) -> Result<Page> {
    let mut illustrator = Illustrator::new(encoder, gallery);
    let mut drawn = Vec::new();
    for Answered { pictures, entries, hits, .. } in answers {
        let images = pictures.iter().map(|picture| Asked::decoded(picture, encoder));
        let entries = entries.iter().map(|(id, record)| Ok(Asked::Entry(*id, record)));
        drawn.push(illustrator.answer(&images.chain(entries).collect::<Result<Vec<_>>>()?, hits)?);
    }
    Ok(page(gallery, drawn))
}
