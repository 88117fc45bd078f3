//! Query pictures, as JSON.

use ingest::image_qc::Doubt;
use radiograph::{Format, Orientation, Spacing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pictures::Picture;

/// A query picture.
#[derive(Serialize, JsonSchema)]
pub(crate) struct QueryView {
    id: String,
    width: u32,
    height: u32,
    /// The format: `dicom`, `png`, `jpeg` or `tiff`.
    format: Option<&'static str>,
    header: HeaderView,
    doubts: Vec<DoubtView>,
    /// Faults of its file that were put up with, each in a sentence.
    warnings: Vec<String>,
}

/// The statements of its file.
#[derive(Serialize, JsonSchema)]
struct HeaderView {
    modality: Option<String>,
    body_part: Option<String>,
    view: Option<String>,
    sex: Option<String>,
    age: Option<u32>,
    study_date: Option<String>,
    patient: Option<String>,
    study: Option<String>,
    /// The side of a part that there are two of: `L`, `R`, `B` for both, `U` for one in the middle.
    laterality: Option<String>,
    orientation: Option<OrientationView>,
    spacing: Option<SpacingView>,
    /// The values, after the file's rescale, that are black and white in `…/pixels`, if grey is
    /// linear between.
    window: Option<[f64; 2]>,
}

/// The directions of the patient in which a picture runs: `L`, `R`, `A`, `P`, `H`, `F`, or up to
/// three of them.
#[derive(Serialize, JsonSchema)]
struct OrientationView {
    /// The direction of the right edge.
    right: String,
    /// The direction of the lower edge.
    down: String,
}

/// The distance between the centres of neighbouring pixels, in millimetres.
#[derive(Serialize, JsonSchema)]
struct SpacingView {
    /// From a row to the next.
    rows: f64,
    /// From a column to the next.
    columns: f64,
    /// Whether it holds at the detector, so that what lies before it is magnified.
    at_detector: bool,
}

impl From<&Orientation> for OrientationView {
    fn from(Orientation { right, down }: &Orientation) -> Self {
        Self { right: right.clone(), down: down.clone() }
    }
}

impl From<Spacing> for SpacingView {
    fn from(Spacing { rows, columns, at_detector }: Spacing) -> Self {
        Self { rows, columns, at_detector }
    }
}

/// A doubt about a picture.
#[derive(Serialize, JsonSchema)]
struct DoubtView {
    #[schemars(with = "String")]
    code: Doubt,
    text: &'static str,
}

impl QueryView {
    pub(crate) fn new(id: String, picture: &Picture) -> Self {
        let (record, header) = (&picture.record, &picture.header);
        let doubts = picture.doubts.iter();
        Self {
            id,
            width: picture.width,
            height: picture.height,
            format: header.format.map(|format| match format {
                Format::Dicom => "dicom",
                Format::Png => "png",
                Format::Jpeg => "jpeg",
                Format::Tiff => "tiff",
            }),
            header: HeaderView {
                modality: record.modality.clone(),
                body_part: record.body_part.clone(),
                view: record.view.clone(),
                sex: record.sex.clone(),
                age: record.age,
                study_date: record.study_date.map(|date| date.to_string()),
                patient: record.patient.clone(),
                study: record.study.clone(),
                laterality: header.laterality.clone(),
                orientation: header.orientation.as_ref().map(OrientationView::from),
                spacing: header.spacing.map(SpacingView::from),
                window: header.window,
            },
            doubts: doubts.map(|&doubt| DoubtView { code: doubt, text: doubt.text() }).collect(),
            warnings: picture.warnings.clone(),
        }
    }
}

/// A part of a picture, in shares of its sides.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Region {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}
