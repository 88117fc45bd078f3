//! Documents of a server about itself: its OpenAPI document, and the report of a comparison.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::{Server, gallery_of_samples, workspace};

#[test]
fn the_document_is_as_checked_in() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery_of_samples(folder.path(), 1);
    let document = Server::of(&g).get("/api/openapi.json").json();
    let document = serde_json::to_string_pretty(&document).unwrap() + "\n";
    let file = workspace().join("docs/openapi.json");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&file, &document).unwrap();
    }
    let expected = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(document, expected, "if this is meant, run with UPDATE_SNAPSHOTS=1");
}

#[test]
fn a_comparison_is_shown_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let g = gallery_of_samples(folder.path(), 1);
    let compared = folder.path().join("compared");
    let server = Server::with(&g, |settings| settings.comparison = Some(compared.clone()));
    assert_eq!(server.get("/api/v1/gallery").json()["comparison"], true);
    assert_eq!(server.get("/api/v1/comparison.html").failure(404), "unknown_path");
    fs::create_dir(&compared).unwrap();
    fs::write(compared.join("report.html"), "<!doctype html>").unwrap();
    assert_eq!(server.get("/api/v1/comparison.html").bytes, b"<!doctype html>");
}
