//! Manifests as data frames write them: what is read reaches records and filters, and what is left
//! out is in the reports of the commands that read it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{fail, json, model, run, subset, succeed, text};
use serde_json::Value;

/// A data set of a few samples with two more columns: ages, every second of which is lost, and
/// sexes.
fn data(folder: &Path) -> PathBuf {
    let manifest = subset(folder, 3, |_| true);
    let rows = fs::read_to_string(&manifest).unwrap();
    let more = |(number, row): (usize, &str)| match (number, number % 2) {
        (0, _) => format!("{row},age,sex\n"),
        (_, 0) => format!("{row},old,Male\n"),
        _ => format!("{row},58.0,weiblich\n"),
    };
    fs::write(&manifest, rows.lines().enumerate().map(more).collect::<String>()).unwrap();
    manifest
}

#[test]
fn what_is_left_out_of_a_manifest_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let (manifest, gallery, model) = (data(folder.path()), folder.path().join("g"), model());
    let lost = |report: &Value| {
        let unread = &report["unread"][0];
        assert_eq!((&unread["column"], &unread["rows"][0]), (&"age".into(), &2.into()), "{report}");
        assert_eq!(unread["values"][0], "old");
        unread["count"].as_u64().unwrap()
    };
    let index = ["index", "--gallery", text(&gallery), "--manifest", text(&manifest)];
    let report = json(&[&index[..], &["--model", text(&model)]].concat());
    let count = lost(&report);
    assert!(count > 1 && report["added"].as_u64().unwrap() > count);
    let said = succeed(&[&index[..], &["--model", text(&model)]].concat()).stderr;
    assert!(said.contains("cells of the column age were not understood"), "{said}");
    let eval = json(&["eval", "--data", text(&manifest), "--near-copies", "0"]);
    assert_eq!(lost(&eval), count);
    let picture = common::pictures(&folder.path().join("images"))[0].clone();
    let search = ["search", "--gallery", text(&gallery), "--model", text(&model), text(&picture)];
    let filter = ["--filter", "sex = \"F\" and age = 58", "--k", "3"];
    let found = json(&[&search[..], &filter].concat());
    assert!(!found.to_string().contains("\"age\":null"), "{found}");
}

#[test]
fn columns_of_one_name_are_refused_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("manifest.csv");
    fs::write(&manifest, "path,labels,labels\na.png,chest,other\n").unwrap();
    let gallery = folder.path().join("g");
    let named = ["columns 2 and 3 are both named labels"];
    fail(&["index", "--gallery", text(&gallery), "--manifest", text(&manifest)], &named);
    fail(&["eval", "--data", text(&manifest)], &named);
    assert_eq!(run(&["gallery", "info", text(&gallery)]).code, 1);
}
