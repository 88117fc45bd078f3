//! The demo, end to end: indexes the samples, answers, draws; a second run changes nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

use common::{fail, json, model, subset, text};

#[test]
fn the_demo_answers_its_queries_and_writes_one_page() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 24, |_| true);
    let out = folder.path().join("out");
    let arguments = ["demo", "--samples", text(folder.path()), "--out", text(&out)];
    let first = json(&arguments);
    assert!(first["gallery"].as_u64().unwrap() > 10, "{first}");
    assert!(first["queries"].as_u64().unwrap() > 10, "{first}");
    assert_eq!(first["indexing"]["rejected"].as_array().unwrap().len(), 0);
    for result in first["results"].as_array().unwrap() {
        let value = result["p_at_10"]["value"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&value), "{result}");
    }

    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.len() < 15_500_000, "{} bytes", page.len());
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"));
    assert!(page.contains("prefers-color-scheme: dark"));
    assert_eq!(page.matches("<img").count(), page.matches(" alt=\"").count());
    let queries = first["queries"].as_u64().unwrap() as usize;
    assert_eq!(page.matches("<section").count(), queries);

    let second = json(&arguments);
    assert_eq!(second["indexing"]["added"], 0);
    assert_eq!(second["results"], first["results"]);
    assert_eq!(fs::read_to_string(out.join("index.html")).unwrap(), page);
}

#[test]
fn samples_that_changed_leave_no_trace() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 4, |_| true);
    let out = folder.path().join("out");
    let arguments = ["demo", "--samples", text(folder.path()), "--out", text(&out)];
    let before = json(&arguments)["gallery"].as_u64().unwrap();
    let rows = fs::read_to_string(&manifest).unwrap();
    let database =
        rows.lines().position(|line| line.split(',').any(|cell| cell == "database")).unwrap();
    let kept: Vec<_> = rows
        .lines()
        .enumerate()
        .filter(|(row, _)| *row != database)
        .map(|(_, line)| line)
        .collect();
    fs::write(&manifest, kept.join("\n")).unwrap();
    let after = json(&arguments);
    assert_eq!(after["gallery"].as_u64().unwrap(), before - 1);
    assert_eq!(after["indexing"]["added"], 0);
}

#[test]
fn missing_samples_and_models_are_named() {
    fail(&["demo", "--samples", "no/such/folder"], &["no/such/folder"]);
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 1, |_| true);
    let arguments =
        ["demo", "--samples", text(folder.path()), "--model", "no/such/model", "--out", "unused"];
    fail(&arguments, &["no/such/model"]);
    assert!(model().is_file());
}
