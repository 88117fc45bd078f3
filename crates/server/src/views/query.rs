//! Query pictures, as JSON.

use ingest::image_qc::Doubt;
use radiograph::Format;
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
        let record = &picture.record;
        let doubts = picture.doubts.iter();
        Self {
            id,
            width: picture.width,
            height: picture.height,
            format: picture.format.map(|format| match format {
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
