//! The answer as objects for the hospital's systems: DICOM, FHIR, links to viewers.

use std::path::{Path, PathBuf};

use answers::overlay::overlay;
use anyhow::{Context, Result, bail};
use gallery::{Gallery, Record};
use ingest::Deidentification;
use ingest::thumbnail::shrink;
use interchange::{Answer, Picture, Region, Source, Viewer};
use network::{Encoder, Look};
use radiograph::{Limits, Radiograph};

use super::{Answered, SearchArgs};

/// The longer side of a capture, in pixels.
const CAPTURE_SIDE: u32 = 1024;
/// The side of the grid on which the salient region is outlined.
const REGION_SIDE: u32 = 128;
/// The threshold of the salient region: the middle between the least and the most salient point.
const SALIENT: f32 = 0.5;
/// The least range of values of a map that has a region; a smaller one is noise.
const LEAST_SPAN: f32 = 0.1;

/// The files to write for other systems.
#[derive(clap::Args)]
#[command(
    next_help_heading = "Results for other systems, of one query picture (docs/results-back.md)"
)]
pub(super) struct ResultArgs {
    /// Write the answer as a DICOM structured report of the query's study
    #[arg(long, value_name = "FILE", conflicts_with_all = ["like", "unlike"])]
    sr: Option<PathBuf>,
    /// Write the answer as a FHIR R4 bundle
    #[arg(long, value_name = "FILE", conflicts_with_all = ["like", "unlike"])]
    fhir: Option<PathBuf>,
    /// Write a picture of where the network looked as a DICOM secondary capture
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// Write the outline of where it looked as a DICOM presentation state over the query
    #[arg(long, value_name = "FILE")]
    presentation_state: Option<PathBuf>,
    /// Link each hit to a viewer: an OHIF's address, or one with {study}, {series}, {instance}
    #[arg(long, value_name = "URL")]
    viewer: Option<Viewer>,
}

/// The query's file, read once more.
struct Query<'a> {
    path: &'a Path,
    bytes: Vec<u8>,
}

impl ResultArgs {
    /// The files to write, each with its kind.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        self.dicom()
            .into_iter()
            .chain([("FHIR bundle", &self.fhir)])
            .filter_map(|(what, path)| Some((what, path.as_ref()?)))
    }

    fn dicom(&self) -> [(&'static str, &Option<PathBuf>); 3] {
        [
            ("structured report", &self.sr),
            ("capture", &self.capture),
            ("presentation state", &self.presentation_state),
        ]
    }

    /// Checks that the files can be made: they need a single picture.
    pub(super) fn check(&self, args: &SearchArgs) -> Result<()> {
        match (self.files().next(), args.images.len()) {
            (Some((what, _)), count) if count != 1 => {
                bail!("the {what} is of one query, got {count} pictures: give one")
            }
            _ => Ok(()),
        }
    }

    /// The address at which a viewer shows a picture of the gallery.
    pub(super) fn link(&self, record: &Record) -> Option<String> {
        answers::link(self.viewer.as_ref(), record)
    }

    /// Makes all files first, and then writes them.
    pub(super) fn write(
        &self,
        args: &SearchArgs,
        encoder: &Encoder,
        gallery: &Gallery,
        answers: &[Answered],
    ) -> Result<()> {
        let (Some(_), [path], [answered]) = (self.files().next(), &args.images[..], answers) else {
            return Ok(());
        };
        let query = Query::read(path, answered.deidentification)?;
        let answer = self.answer(encoder, gallery, answered);
        let mut made: Vec<(&PathBuf, Vec<u8>)> = Vec::new();
        if self.dicom().iter().any(|(_, path)| path.is_some()) {
            made.extend(self.objects(encoder, &query, answered, &answer)?);
        }
        if let Some(path) = &self.fhir {
            // The answer can be written without a study, too.
            let source =
                answered.pictures.first().and_then(|picture| query.source(&picture.record).ok());
            made.push((
                path,
                serde_json::to_vec_pretty(&interchange::bundle(&answer, source.as_ref()))?,
            ));
        }
        made.into_iter().try_for_each(|(path, bytes)| files::write(path, bytes))
    }

    fn objects(
        &self,
        encoder: &Encoder,
        query: &Query,
        answered: &Answered,
        answer: &Answer,
    ) -> Result<Vec<(&PathBuf, Vec<u8>)>> {
        let Some(picture) = answered.pictures.first() else {
            return Ok(Vec::new());
        };
        let source = query.source(&picture.record)?;
        let (software, made) = (&answer.software, answer.made);
        let mut objects = Vec::new();
        if let Some(path) = &self.sr {
            objects.push((path, interchange::report(answer, &source)?));
        }
        if self.capture.is_none() && self.presentation_state.is_none() {
            return Ok(objects);
        }
        let radiograph = query.radiograph()?;
        let look = encoder.look(&radiograph)?;
        if let Some(path) = &self.capture {
            let drawn = draw(&radiograph, &look)?;
            let (width, height) = drawn.dimensions();
            let drawn = Picture { width, height, rgb: drawn.as_raw() };
            objects.push((path, interchange::capture(drawn, &source, software, made)?));
        }
        if let Some(path) = &self.presentation_state {
            let region = region(&picture.record, &look)?;
            objects
                .push((path, interchange::presentation_state(&region, &source, software, made)?));
        }
        Ok(objects)
    }

    fn answer(&self, encoder: &Encoder, gallery: &Gallery, answered: &Answered) -> Answer {
        let query = answered.pictures.first().map(|picture| picture.record.key.clone());
        let found = (&answered.hits[..], answered.estimate.as_ref());
        answers::export_answer(
            encoder,
            gallery,
            query.unwrap_or_default(),
            found,
            self.viewer.as_ref(),
        )
    }
}

impl<'a> Query<'a> {
    /// Reads a file. It gets the identities that the search uses.
    fn read(path: &'a Path, deidentification: Option<&Deidentification>) -> Result<Self> {
        let mut bytes = ingest::bytes(path)?;
        if let Some(clean) = deidentification.map(|made| made.file(&bytes)).transpose()?.flatten() {
            bytes = clean.bytes;
        }
        Ok(Self { path, bytes })
    }

    fn radiograph(&self) -> Result<Radiograph> {
        radiograph::decode(&self.bytes, &Limits::default()).with_context(|| self.named())
    }

    /// The patient and study of the query.
    fn source(&self, record: &Record) -> Result<Source> {
        if !dicom::is_file(&self.bytes) {
            bail!(
                "`{}` is no DICOM file, so there is no study to file results in; --fhir can be written without one",
                self.path.display()
            );
        }
        let read = radiograph::texts(&self.bytes, &Limits::default(), &Source::WANTED);
        let texts = read.with_context(|| self.named())?;
        Source::new(texts, [record.width, record.height]).with_context(|| self.named())
    }

    fn named(&self) -> String {
        format!("cannot write results on `{}`", self.path.display())
    }
}

/// The query under its saliency map.
fn draw(radiograph: &Radiograph, Look { map, frame, .. }: &Look) -> Result<image::RgbImage> {
    let picture = shrink(radiograph, CAPTURE_SIDE);
    overlay(&picture, &map.onto(frame, picture.width(), picture.height()))
}

/// The most salient region; empty if the map is nearly flat.
fn region(record: &Record, Look { map, frame, .. }: &Look) -> Result<Region> {
    let longer = record.width.max(record.height).max(1);
    let side = |pixels: u32| (pixels * REGION_SIDE.min(longer)).div_ceil(longer).max(1);
    let (width, height) = (side(record.width), side(record.height));
    let values = map.onto(frame, width, height);
    let least = values.iter().copied().fold(f32::INFINITY, f32::min);
    let most = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let threshold =
        if most - least < LEAST_SPAN { f32::INFINITY } else { least + SALIENT * (most - least) };
    Ok(Region::at_least(width, height, &values, threshold)?)
}
