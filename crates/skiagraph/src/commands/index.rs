//! `skiagraph index`: puts files into a gallery.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use clap::ValueEnum;
use gallery::{Gallery, Location};
use ingest::AttemptNotes;
use ingest::{IngestReport, Listed, ManifestDiagnostics, Rejected};
use network::Encoder;
use radiograph::dataset::{Dataset, Split};
use serde::Serialize;

use crate::deidentification::DeidentifyArgs;
use crate::ingest_messages;
use crate::interruption::end_in_order_when_interrupted;
use crate::model::ModelArgs;
use crate::output;
use crate::progress::Progress;

const EXAMPLES: &str = "EXAMPLES:
  skiagraph index --gallery g pictures/ another.dcm
  skiagraph index --gallery g --manifest data/manifest.csv --split train,database
  skiagraph index --gallery g --deidentify site.key pictures/
  skiagraph index --model runs/a/model.safetensors --gallery g-of-a pictures/ --json

A picture that the gallery already has (the same SOP Instance UID, or the same bytes) is left as it
is. If the command was interrupted, give it again: it continues.

A file is set aside when three processes have died while they read it alone. This run and later ones
name it, until it changes or --retry is given. The exit code is 3 if files were set aside, if a file
differs from the gallery's picture of the same UID, or if a known picture is described otherwise
than in the gallery.";

/// Put radiographs into a gallery
///
/// Reads PNG, JPEG, TIFF and DICOM files, encodes them and stores codes, embeddings, thumbnails and
/// records. The gallery is made if it does not exist. Each batch of 32 is durable before the next
/// begins. Fails if no file is usable; otherwise unusable files are listed with their reasons.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct IndexArgs {
    #[command(flatten)]
    model: ModelArgs,
    /// The gallery's folder, or its address on a PostgreSQL server
    #[arg(long, value_name = "GALLERY")]
    gallery: Location,
    #[command(flatten)]
    pictures: PicturesArgs,
    #[command(flatten)]
    deidentify: DeidentifyArgs,
    /// Try files again that were set aside because processes died while working on them
    #[arg(long)]
    retry: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

/// The choice of pictures.
#[derive(clap::Args)]
pub(crate) struct PicturesArgs {
    /// Files, and folders with all their files
    #[arg(value_name = "PATH", required_unless_present = "manifest", conflicts_with = "manifest")]
    paths: Vec<PathBuf>,
    /// Manifest (CSV or Parquet, or a folder that holds one) with paths, labels, patients, views
    /// and sources
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// Only these splits of the manifest
    #[arg(long, value_name = "SPLIT", value_delimiter = ',', requires = "manifest")]
    split: Vec<SplitName>,
}

impl PicturesArgs {
    /// The pictures, rows of the manifest whose file is missing, and what of its cells was left
    /// out.
    ///
    /// # Errors
    /// If a path or the manifest cannot be read, or there is not one picture.
    pub(crate) fn list(&self) -> Result<(Vec<Listed>, Vec<Rejected>, ManifestDiagnostics)> {
        match &self.manifest {
            Some(manifest) => list_manifest(manifest, &self.split),
            None => {
                Ok((ingest::list_paths(&self.paths)?, Vec::new(), ManifestDiagnostics::default()))
            }
        }
    }
}

/// The name of a split in a manifest.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SplitName {
    Train,
    Validation,
    Database,
    Query,
}

impl From<SplitName> for Split {
    fn from(name: SplitName) -> Self {
        match name {
            SplitName::Train => Self::Train,
            SplitName::Validation => Self::Validation,
            SplitName::Database => Self::Database,
            SplitName::Query => Self::Query,
        }
    }
}

#[derive(Serialize)]
struct Report<'a> {
    gallery: String,
    model: &'a str,
    /// The number of pictures in the gallery afterwards.
    size: usize,
    images_per_second: f64,
    #[serde(flatten)]
    ingested: &'a IngestReport,
    #[serde(flatten)]
    diagnostics: &'a ManifestDiagnostics,
}

/// Indexes the files, and reports.
pub(crate) fn run(args: &IndexArgs) -> Result<()> {
    // The list first: a wrong path should not wait for a model to load.
    let (mut listed, missing, diagnostics) = args.pictures.list()?;
    ingest::deidentify(args.deidentify.deidentification()?.as_ref(), &mut listed);
    let encoder = args.model.load()?;
    let mut gallery = Gallery::open_or_create(&args.gallery, encoder.model_id(), encoder.bits())?;
    let attempt_notes = ingest_messages::attempt_notes(&gallery)?;
    attempt_notes.attempts().into_iter().try_for_each(end_in_order_when_interrupted)?;
    if args.retry {
        attempt_notes.pardon(&listed)?;
    }
    let mut ingested = fill(&mut gallery, &encoder, listed, &attempt_notes)?;
    ingested.rejected.splice(0..0, missing);
    report(args, &gallery, (&ingested, &diagnostics))?;
    ingest_messages::check(&ingested)?;
    if ingested.added + ingested.known == 0 {
        bail!("not one of the {} files is a usable radiograph", ingested.unusable());
    }
    Ok(())
}

/// The rows of a manifest that are in one of the splits (or all of them), those whose file is
/// missing, and what of the cells was left out.
fn list_manifest(
    manifest: &Path,
    splits: &[SplitName],
) -> Result<(Vec<Listed>, Vec<Rejected>, ManifestDiagnostics)> {
    let dataset = Dataset::open(manifest)?;
    let diagnostics = ingest_messages::manifest_diagnostics(&dataset);
    let splits: Vec<Split> = splits.iter().map(|&name| name.into()).collect();
    let wanted = |split: Option<Split>| {
        splits.is_empty() || split.is_some_and(|split| splits.contains(&split))
    };
    let items = dataset.items.iter().filter(|item| wanted(item.split));
    let listed: Vec<_> = items.map(Listed::from_item).collect();
    if listed.is_empty() {
        bail!("`{}` has no row in the splits that --split asks for", manifest.display());
    }
    Ok((listed, dataset.skipped.iter().map(Rejected::from).collect(), diagnostics))
}

/// Puts the pictures into the gallery, and shows the progress.
pub(crate) fn fill(
    gallery: &mut Gallery,
    encoder: &Encoder,
    listed: Vec<Listed>,
    attempt_notes: &AttemptNotes,
) -> Result<IngestReport> {
    let progress = Progress::images("indexing", listed.len());
    let ingested =
        ingest::fill(gallery, encoder, listed, attempt_notes, |files| progress.advance(files))?;
    progress.finish();
    gallery.settle()?;
    Ok(ingested)
}

fn report(
    args: &IndexArgs,
    gallery: &Gallery,
    (ingested, diagnostics): (&IngestReport, &ManifestDiagnostics),
) -> Result<()> {
    let images = ingested.added + ingested.known + ingested.unusable();
    let images_per_second = images as f64 / ingested.seconds.max(1e-9);
    if args.json {
        return output::json(&Report {
            gallery: args.gallery.to_string(),
            model: &gallery.model().0,
            size: gallery.len(),
            images_per_second,
            ingested,
            diagnostics,
        });
    }
    ingest_messages::describe(ingested).iter().for_each(|line| eprintln!("{line}"));
    if !ingested.doubtful.is_empty() {
        eprintln!("{}", ingest_messages::describe_doubtful(&ingested.doubtful));
    }
    output::text(&format!(
        "added {}, already known {}, rejected {}; `{}` holds {} pictures ({images_per_second:.1} images/s)",
        ingested.added,
        ingested.known,
        ingested.rejected.len(),
        args.gallery,
        gallery.len(),
    ))
}
