//! A gallery of six samples of which everything is known.

use std::path::{Path, PathBuf};

use gallery::{Date, Record};
use ingest::Listed;
use serde_json::Value;

use super::{Server, gallery, sample, samples};

/// The number of pictures in the gallery; two of them are of one patient.
pub(crate) const PICTURES: usize = 6;

/// A gallery of some samples in the folder `g` of `folder`, and the bytes of a picture that is not
/// in it.
pub(crate) fn described_gallery(folder: &Path) -> (PathBuf, Vec<u8>) {
    let found = samples(PICTURES);
    let listed = found.iter().enumerate().map(|(number, path)| described(number, path)).collect();
    (gallery(folder, listed), sample(PICTURES))
}

fn described(number: usize, path: &Path) -> Listed {
    let patient = if number < 2 { "same" } else { ["a", "b", "c", "d"][number - 2] };
    let record = Record {
        name: format!("{number}.jpg"),
        labels: vec!["chest".to_owned(), format!("n{number}")],
        patient: Some(format!("site/{patient}")),
        source: Some("site".to_owned()),
        body_part: Some("CHEST".to_owned()),
        view: Some("PA".to_owned()),
        sex: Some("F".to_owned()),
        age: Some(20 + number as u32),
        study_date: Date::new(2020, 1, number as u8 + 1),
        study: Some(format!("1.2.{number}")),
        report: Some("No effusion.".to_owned()),
        ..Record::default()
    };
    Listed { record, ..Listed::bare(path) }
}

/// Uploads a picture. Returns the id of the query.
pub(crate) fn upload(server: &Server, picture: &[u8]) -> String {
    let query = server.upload(picture);
    assert_eq!(query.status, 201, "{}", String::from_utf8_lossy(&query.bytes));
    query.json()["id"].as_str().unwrap().to_owned()
}

/// The ids of the hits of an answer, in order.
pub(crate) fn ids(answer: &Value) -> Vec<u64> {
    answer["hits"].as_array().unwrap().iter().map(|hit| hit["id"].as_u64().unwrap()).collect()
}
