//! Pictures of the gallery, as JSON.

use gallery::Record;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The record of a picture of the gallery.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RecordView {
    pub(crate) id: u64,
    key: String,
    name: String,
    labels: Vec<String>,
    patient: Option<String>,
    study: Option<String>,
    series: Option<String>,
    instance: Option<String>,
    modality: Option<String>,
    body_part: Option<String>,
    view: Option<String>,
    sex: Option<String>,
    age: Option<u32>,
    study_date: Option<String>,
    source: Option<String>,
    licence: Option<String>,
    width: u32,
    height: u32,
    report: Option<String>,
}

impl From<(u64, Record)> for RecordView {
    fn from((id, record): (u64, Record)) -> Self {
        Self {
            id,
            key: record.key,
            name: record.name,
            labels: record.labels,
            patient: record.patient,
            study: record.study,
            series: record.series,
            instance: record.instance,
            modality: record.modality,
            body_part: record.body_part,
            view: record.view,
            sex: record.sex,
            age: record.age,
            study_date: record.study_date.map(|date| date.to_string()),
            source: record.source,
            licence: record.licence,
            width: record.width,
            height: record.height,
            report: record.report,
        }
    }
}

/// The selection of records to list.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListBody {
    #[serde(default)]
    pub(crate) filter: Option<String>,
    #[serde(default)]
    pub(crate) offset: u64,
    /// The most records to list, at most 500.
    #[serde(default = "page")]
    #[schemars(range(max = 500))]
    pub(crate) limit: usize,
}

fn page() -> usize {
    60
}

/// A page of the records that a filter admits.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ListView {
    /// The number of records that it admits in all.
    pub(crate) total: u64,
    pub(crate) records: Vec<RecordView>,
}

/// Other pictures of a patient, newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct PriorsView {
    pub(crate) records: Vec<RecordView>,
}
