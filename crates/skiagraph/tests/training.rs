//! Training end to end on a few samples: reproducible and resumable, with a model of its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use common::{command, fail, json, pictures, subset, succeed, text};

/// A data set of a few samples, and a configuration that trains on them in seconds.
fn experiment(folder: &Path, epochs: usize) -> (PathBuf, PathBuf) {
    let manifest = subset(folder, 12, |_| true);
    // The samples are for searching; here their gallery is the training part.
    let rows = fs::read_to_string(&manifest).unwrap().replace(",database,", ",train,");
    fs::write(&manifest, rows).unwrap();
    let config = folder.join("config.toml");
    let settings = format!(
        "[preprocess]\nsize = 32\n[architecture]\nbits = 16\n[data]\nvalidation = 0.25\n\
         [optimisation]\nepochs = {epochs}\nbatch = 4\n"
    );
    fs::write(&config, settings).unwrap();
    (config, manifest)
}

#[test]
fn a_network_is_trained_the_same_twice_and_works() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = experiment(folder.path(), 1);
    let train = |out: &Path, seed: &str| {
        let arguments =
            ["--config", text(&config), "--data", text(&data), "--out", text(out), "--seed", seed];
        assert!(json(&[&["train"], &arguments[..]].concat()).is_object());
        fs::read(out.join("model.safetensors")).unwrap()
    };
    let [a, b, c] = ["a", "b", "c"].map(|name| folder.path().join(name));
    let first = train(&a, "7");
    assert!(first == train(&b, "7"), "one seed gave two models");
    assert!(first != train(&c, "8"), "two seeds gave one model");
    let settings = fs::read_to_string(&config).unwrap();
    fs::write(&config, settings + "accumulate = 2\n").unwrap();
    assert!(first != train(&folder.path().join("d"), "7"), "half the steps gave the same model");
    for file in ["config.toml", "metrics.jsonl"] {
        assert!(a.join(file).is_file(), "{file}");
    }

    let (model, other) = (a.join("model.safetensors"), c.join("model.safetensors"));
    let gallery = folder.path().join("g");
    let images = folder.path().join("images");
    succeed(&["index", "--model", text(&model), "--gallery", text(&gallery), text(&images)]);
    let picture = pictures(&images)[0].clone();
    let found = json(&[
        "search",
        "--model",
        text(&model),
        "--gallery",
        text(&gallery),
        text(&picture),
        "--own",
    ]);
    assert_eq!(
        (found["bits"].as_u64(), found["queries"][0]["hits"][0]["distance"].as_u64()),
        (Some(16), Some(0))
    );

    // Codes of two models cannot be compared.
    let before = json(&["gallery", "info", text(&gallery)]);
    let search = ["search", "--model", text(&other), "--gallery", text(&gallery), text(&picture)];
    fail(&search, &["model", "skiagraph index"]);
    fail(
        &["index", "--model", text(&other), "--gallery", text(&gallery), text(&images)],
        &["skiagraph index"],
    );
    assert_eq!(json(&["gallery", "info", text(&gallery)]), before);

    // But one gallery can be re-indexed to the other: from files if they are given, else from
    // thumbnails.
    let reindexed =
        json(&["gallery", "reindex", "--model", text(&other), text(&gallery), text(&picture)]);
    assert_eq!(
        (&reindexed["from_files"], &reindexed["size"]),
        (&Value::from(1), &before["records"])
    );
    assert_eq!(reindexed["from_thumbnails"].as_u64(), before["records"].as_u64().map(|n| n - 1));
    let own = json(&[&search[..], &["--own"]].concat());
    assert_eq!(own["queries"][0]["hits"][0]["distance"], 0);
    assert_eq!(json(&["gallery", "verify", text(&gallery)])["sound"], true);
    fail(&["gallery", "reindex", "--model", text(&other), text(&gallery)], &["already"]);
}

#[test]
fn a_hash_layer_is_fitted_by_training_as_by_calibrate() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = experiment(folder.path(), 1);
    let train = |out: &Path, more: &[&str]| {
        let arguments =
            ["train", "--config", text(&config), "--data", text(&data), "--out", text(out)];
        (json(&[&arguments[..], more].concat()), fs::read(out.join("model.safetensors")).unwrap())
    };
    let [plain, fitted, later] = ["plain", "fitted", "later"].map(|name| folder.path().join(name));
    train(&plain, &[]);
    let model = plain.join("model.safetensors");
    let given = [
        "--model",
        text(&model),
        "--config",
        text(&config),
        "--data",
        text(&data),
        "--out",
        text(&later),
    ];
    let calibrate = |lengths| [&["calibrate", "--hash-layer", lengths], &given[..]].concat();
    let figures = json(&calibrate("16,32"));
    let settings = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{settings}fit = [16, 32]\n")).unwrap();
    let (report, trained) = train(&fitted, &[]);
    assert!(trained == fs::read(&later).unwrap(), "the two ways gave two models");
    assert_eq!(report["fitted"], figures["validation"]);
    assert!(report["model_id"].as_str().unwrap().starts_with("skiagraph-32-"));
    // A finished run does not change.
    assert!(trained == train(&fitted, &["--resume"]).1);
    let g = folder.path().join("g");
    let images = folder.path().join("images");
    succeed(&[
        "index",
        "--model",
        text(&later),
        "--bits",
        "16",
        "--gallery",
        text(&g),
        text(&images),
    ]);
    assert_eq!(json(&["gallery", "info", text(&g)])["bits"], 16);
    fail(&calibrate("32,16"), &["[32, 16]", "ascend"]);
}

/// Trains, is killed after the first checkpoint in the run folder, and goes on when asked to.
fn kill_and_resume(arguments: &[&str], folder: &Path) {
    let mut child = command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_for_a_checkpoint(&folder.join("state.json"));
    child.kill().unwrap();
    child.wait().unwrap();
    fail(arguments, &["--resume"]);
    succeed(&[arguments, &["--resume"]].concat());
}

#[test]
fn a_killed_training_resumes_to_the_same_model() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = experiment(folder.path(), 4);
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let common = ["train", "--config", text(&config), "--data", text(&data), "--out"];
    let whole_arguments = [&common[..], &[text(&whole)]].concat();
    let killed_arguments = [&common[..], &[text(&killed)]].concat();
    succeed(&whole_arguments);

    kill_and_resume(&killed_arguments, &killed);
    let model = |out: &Path| fs::read(out.join("model.safetensors")).unwrap();
    assert!(model(&whole) == model(&killed), "a resumed training gave another model");
}

/// A data set with a box on every picture, and a configuration of a saliency network that learns
/// from them in seconds.
fn findings(folder: &Path) -> (PathBuf, PathBuf) {
    let (config, manifest) = experiment(folder, 1);
    let settings = "[data]\nvalidation = 0.25\n[saliency]\nleast_boxed = 2\nsize = 64\ncrop = 64\nepochs = 4\n\
                    steps = 2\nbatch = 4\n";
    fs::write(&config, settings).unwrap();
    let name = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    let rows = pictures(&folder.join("images"));
    let rows: Vec<_> = rows.iter().map(|path| format!("{},lung,20,20,60,60", name(path))).collect();
    fs::write(folder.join("boxes.csv"), format!("path,label,x,y,w,h\n{}\n", rows.join("\n")))
        .unwrap();
    (config, manifest)
}

#[test]
fn a_saliency_network_is_taught_resumes_to_the_same_and_is_measured() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = findings(folder.path());
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    let common =
        ["train", "--stage", "saliency", "--config", text(&config), "--data", text(&data), "--out"];
    let killed_arguments = [&common[..], &[text(&killed)]].concat();
    let report = json(&[&common[..], &[text(&whole)]].concat());
    assert_eq!(report["card"]["findings"], Value::from(vec!["lung"]));
    assert_eq!(report["history"].as_array().unwrap().len(), 4);
    assert!(report["history"][3]["pointing"]["lung"].as_f64().is_some(), "{report}");
    for file in ["config.toml", "metrics.jsonl"] {
        assert!(whole.join(file).is_file(), "{file}");
    }

    kill_and_resume(&killed_arguments, &killed);
    let network = |out: &Path| fs::read(out.join("saliency.safetensors")).unwrap();
    assert!(network(&whole) == network(&killed), "a resumed training gave another network");

    let (network, sheet) = (whole.join("saliency.safetensors"), folder.path().join("sheet.png"));
    let measure =
        ["saliency", "--data", text(&data), "--findings", text(&network), "--sheet", text(&sheet)];
    let report = json(&measure);
    let maps = report["boxes"].as_array().unwrap().iter().map(|row| row["map"].as_str().unwrap());
    assert_eq!(maps.clone().count(), 7);
    assert!(
        maps.clone().any(|map| map == "union")
            && report["brightness"][0]["union"].as_f64().is_some()
    );
    assert!(image::image_dimensions(&sheet).unwrap().0 > 300);
    let picture = pictures(&folder.path().join("images"))[0].clone();
    let drawn = folder.path().join("drawn.png");
    let explained =
        json(&["explain", "--findings", text(&network), text(&picture), "--out", text(&drawn)]);
    let highest = explained["findings"]["lung"].as_f64().unwrap();
    assert!(
        highest > 0.0
            && highest < 1.0
            && explained["most_saliency"].as_f64().unwrap() <= highest * highest + 1e-6
    );
    // One kind of file is not accepted as the other.
    fail(
        &["explain", "--model", text(&network), "a.png", "--out", "b.png"],
        &["saliency.safetensors", "card"],
    );
    let shipped = common::workspace().join("models/skiagraph.safetensors");
    let measure = ["saliency", "--data", text(&data), "--findings", text(&shipped)];
    fail(&measure, &["skiagraph.safetensors", "not a saliency network"]);
}

#[test]
fn without_boxes_a_saliency_network_learns_from_labels_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = findings(folder.path());
    fs::remove_file(folder.path().join("boxes.csv")).unwrap();
    let out = folder.path().join("run");
    let train = [
        "train",
        "--stage",
        "saliency",
        "--config",
        text(&config),
        "--data",
        text(&data),
        "--out",
        text(&out),
    ];
    fail(&train, &["no finding has boxes on 2 training pictures", "saliency.findings"]);
    let settings = fs::read_to_string(&config).unwrap() + "findings = [\"chest\"]\n";
    fs::write(&config, settings).unwrap();
    assert!(succeed(&train).stdout.contains("chest (by labels alone: its map does not say where)"));
}

/// Waits for the file that a checkpoint writes last.
fn wait_for_a_checkpoint(state: &Path) {
    let start = Instant::now();
    while !state.is_file() {
        assert!(start.elapsed() < Duration::from_secs(120), "no epoch ended in two minutes");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn configurations_and_data_that_are_not_right_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (config, data) = experiment(folder.path(), 1);
    let out = folder.path().join("run");
    let train = |config: &Path, data: &Path, named: &[&str]| {
        fail(
            &["train", "--config", text(config), "--data", text(data), "--out", text(&out)],
            named,
        );
        assert!(!out.join("model.safetensors").exists());
    };
    train(Path::new("no-such-config.toml"), &data, &["no-such-config.toml"]);
    train(&config, Path::new("no-such-data"), &["no-such-data"]);
    let wrong = folder.path().join("wrong.toml");
    fs::write(&wrong, "[optimisation]\nepoch = 3\n").unwrap();
    train(&wrong, &data, &["wrong.toml", "epoch"]);
    fs::write(&wrong, "[architecture]\nbits = 20\n").unwrap();
    train(&wrong, &data, &["wrong.toml", "20"]);
    fs::write(&wrong, "[data]\nleave_out = [\"tooth\"]\n").unwrap();
    train(&wrong, &data, &["tooth", "leave_out", "chest"]);
    let unlearnable = folder.path().join("queries.csv");
    fs::write(&unlearnable, fs::read_to_string(&data).unwrap().replace(",train,", ",query,"))
        .unwrap();
    train(&config, &unlearnable, &["training pictures"]);
}
