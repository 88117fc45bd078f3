//! A comparison end to end on a few samples: cells are kept, damage and other configurations are
//! named, the report is whole.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use common::{fail, json, subset, text};
use serde_json::Value;

const METHODS: &str = r#"
ours = "Ours"
bits = [32, 16]
seeds = [1, 2]
[pretraining]
preprocess.size = 32
architecture.modification = "none"
loss = { hash = "none", classification = 1.0 }
optimisation = { epochs = 1, batch = 4 }
[training]
preprocess.size = 32
architecture.modification = "none"
loss.classification = 0.0
optimisation = { epochs = 1, batch = 4 }
[[method]]
name = "Ours"
training.architecture.modification = "blur"
[[method]]
name = "HyP²"
training.loss.hash = "hyp2"
[[method]]
name = "Ours, embeddings"
embeddings_of = "Ours"
[[method]]
name = "SDH"
hashing = "sdh"
embeddings_of = "HyP²"
[[method]]
name = "HOG + LSH"
hashing = "lsh"
features = "hog"
first_bits_only = true
[[method]]
name = "untrained"
untrained = true
"#;

/// A small data set and the methods above.
fn experiment(folder: &Path) -> (PathBuf, PathBuf) {
    let manifest = subset(folder, 24, |_| true);
    let rows = fs::read_to_string(&manifest).unwrap().replace(",database,", ",train,");
    fs::write(&manifest, rows).unwrap();
    let config = folder.join("compare.toml");
    fs::write(&config, METHODS).unwrap();
    (config, manifest)
}

fn names(report: &Value, list: &str, key: &str) -> BTreeSet<String> {
    let rows = report[list].as_array().unwrap();
    rows.iter().map(|row| row[key].as_str().unwrap().to_owned()).collect()
}

fn changed(file: &Path) -> SystemTime {
    fs::metadata(file).unwrap().modified().unwrap()
}

#[test]
fn methods_are_compared_once_and_reported_whole() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = experiment(folder.path());
    let out = folder.path().join("out");
    let compare = [
        "compare",
        "--config",
        text(&config),
        "--data",
        text(&data),
        "--out",
        text(&out),
        "--device",
        "cpu",
    ];
    let report = json(&compare);
    let expected =
        ["HOG + LSH", "HyP²", "Ours", "Ours, embeddings", "SDH", "random order", "untrained"];
    let expected: BTreeSet<String> = expected.map(str::to_owned).into();
    assert_eq!(names(&report, "overall", "method"), expected);
    assert_eq!(names(&report, "results", "method"), expected);
    assert_eq!(names(&report, "differences", "b").len(), expected.len() - 1);
    let tasks = names(&report, "results", "task").len();
    assert_eq!(report["results"].as_array().unwrap().len(), tasks * expected.len());
    // Six methods with two seeds, and four of them at another length.
    assert_eq!(report["cells"].as_array().unwrap().len(), 6 * 2 + 4);
    assert!(report["overall"][0]["macro_p_at_10"]["low"].is_f64());

    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("HyP²") && !page.contains("<script"));
    assert!(page.contains("data:image/jpeg;base64,"), "the failures are not drawn");
    let quoted = fs::read_to_string(out.join("report.md")).unwrap();
    assert!(quoted.contains("| HyP² |") && quoted.contains("## Task "));
    let rows = fs::read_to_string(out.join("report.csv")).unwrap().lines().count();
    assert_eq!(rows, 1 + tasks * expected.len());

    // Nothing is made twice, and the same cells give the same report.
    let cell = out.join("cells/hyp2-32-2");
    let before = changed(&cell.join("encodings.safetensors"));
    assert!(!cell.join("state.json").exists(), "a finished cell kept its checkpoint");
    assert_eq!(json(&compare), report);
    assert_eq!(changed(&cell.join("encodings.safetensors")), before);

    fs::write(cell.join("encodings.safetensors"), b"damaged").unwrap();
    fail(&compare, &["hyp2-32-2", "damaged"]);
    fs::remove_dir_all(&cell).unwrap();
    let again = json(&compare);
    assert_eq!(again["overall"], report["overall"], "a cell made anew is another");
    fs::write(&config, METHODS.replace("epochs = 1", "epochs = 2")).unwrap();
    fail(&compare, &["configuration"]);
    fs::write(&config, METHODS).unwrap();
    let rows = fs::read_to_string(&data).unwrap().replace(",train,", ",database,");
    fs::write(&data, rows).unwrap();
    fail(&compare, &["another data set", "splits"]);
}

#[test]
fn what_cannot_be_compared_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = experiment(folder.path());
    let out = folder.path().join("out");
    let compare = |more: &[&str], named: &[&str]| {
        let arguments =
            ["compare", "--config", text(&config), "--data", text(&data), "--out", text(&out)];
        fail(&[&arguments[..], more].concat(), named);
    };
    compare(&["--only", "CSQ"], &["CSQ", "SDH"]);
    compare(&["--seeds", "1,7"], &["no seed 7", "[1, 2]"]);
    fs::write(&config, METHODS.replace("'hyp2'", "'hyp3'").replace("\"hyp2\"", "\"hyp3\""))
        .unwrap();
    compare(&[], &["compare.toml", "hyp3"]);
}
