//! Bad input of every kind ends with a code other than 0 and a message that names the thing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{fail, json, model, pictures, run, subset, succeed, text};

/// A folder with one good picture and some bad ones.
fn broken_pictures(folder: &Path) {
    fs::write(folder.join("empty.png"), "").unwrap();
    fs::write(folder.join("text.png"), "this is no picture").unwrap();
    let whole = fs::read(&pictures(&common::samples())[0]).unwrap();
    fs::write(folder.join("truncated.jpg"), &whole[..whole.len() / 8]).unwrap();
}

#[test]
fn files_that_are_no_radiographs_are_named_by_every_command() {
    let folder = tempfile::tempdir().unwrap();
    broken_pictures(folder.path());
    subset(folder.path(), 1, |_| true);
    let gallery = folder.path().join("g");
    succeed(&["index", "--gallery", text(&gallery), text(&folder.path().join("images"))]);
    for name in ["empty.png", "text.png", "truncated.jpg", "missing.png"] {
        let path = folder.path().join(name);
        fail(&["search", "--gallery", text(&gallery), text(&path)], &[name]);
        fail(&["explain", text(&path), "--out", text(&folder.path().join("out.png"))], &[name]);
    }
    assert!(!folder.path().join("out.png").exists());
}

#[test]
fn an_index_goes_on_past_broken_files_and_lists_them() {
    let folder = tempfile::tempdir().unwrap();
    broken_pictures(folder.path());
    let gallery = folder.path().join("g");
    let ran = fail(
        &["index", "--gallery", text(&gallery), text(folder.path())],
        &["not one of the 3 files"],
    );
    for name in ["empty.png", "text.png", "truncated.jpg"] {
        assert!(ran.stderr.contains(name), "{}", ran.stderr);
    }
    subset(folder.path(), 1, |_| true);
    let report = json(&["index", "--gallery", text(&gallery), text(folder.path())]);
    assert!(report["added"].as_u64().unwrap() > 0);
    let rejected = report["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 3, "{report}");
    assert!(rejected.iter().all(|file| !file["reason"].as_str().unwrap().is_empty()));
}

#[test]
fn paths_without_radiographs_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("nothing-here");
    fs::create_dir(&empty).unwrap();
    let gallery = folder.path().join("g");
    fail(&["index", "--gallery", text(&gallery), text(&empty)], &["nothing-here"]);
    fail(&["index", "--gallery", text(&gallery), "no/such/path"], &["no/such/path"]);
    assert!(!gallery.exists());
}

#[test]
fn manifests_that_are_not_right_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = folder.path().join("g");
    let manifest = folder.path().join("m.csv");
    let index = ["index", "--gallery", text(&gallery), "--manifest", text(&manifest)];
    fail(&index, &["m.csv"]);
    fs::write(&manifest, "path,view\na.png,PA\n").unwrap();
    fail(&index, &["m.csv", "labels"]);
    fs::write(&manifest, "path,labels\ngone.png,chest\n").unwrap();
    fail(&index, &["m.csv"]);
    fs::write(&manifest, "path,labels,split\ngone.png,chest,tomorrow\n").unwrap();
    fail(&index, &["m.csv", "tomorrow"]);
    fs::write(&manifest, "").unwrap();
    fail(&index, &["m.csv"]);
}

#[test]
fn a_manifest_with_some_files_missing_is_indexed_without_them() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 1, |_| true);
    let rows = fs::read_to_string(&manifest).unwrap();
    let mut cells: Vec<_> = rows.lines().nth(1).unwrap().split(',').collect();
    cells[0] = "images/gone.png";
    fs::write(&manifest, format!("{rows}{}\n", cells.join(","))).unwrap();
    let gallery = folder.path().join("g");
    let report = json(&["index", "--gallery", text(&gallery), "--manifest", text(&manifest)]);
    assert_eq!(report["rejected"][0]["name"], "images/gone.png");
}

#[test]
fn tasks_that_are_not_right_are_named() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 3, |_| true);
    let tasks = folder.path().join("my-tasks.toml");
    let eval = ["eval", "--data", text(folder.path()), "--tasks", text(&tasks)];
    fail(&eval, &["my-tasks.toml"]);
    fs::write(&tasks, "[[task]]\nname = \"t\"\nlabels = [\"unicorn\"]\n").unwrap();
    fail(&eval, &["unicorn"]);
    fs::write(&tasks, "[[task]]\nname = \"t\"\nlabel = [\"chest\"]\n").unwrap();
    fail(&eval, &["my-tasks.toml", "label"]);
}

#[test]
fn a_data_set_without_queries_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 2, |_| true);
    let rows = fs::read_to_string(&manifest).unwrap().replace(",query,", ",database,");
    fs::write(&manifest, rows).unwrap();
    fail(&["eval", "--data", text(folder.path())], &["query"]);
}

#[test]
fn one_picture_is_a_gallery() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 1, |_| true);
    let picture = pictures(&folder.path().join("images"))[0].clone();
    let gallery = folder.path().join("g");
    assert_eq!(json(&["index", "--gallery", text(&gallery), text(&picture)])["size"], 1);
    let search = ["search", "--gallery", text(&gallery), text(&picture), "--k", "10"];
    let hits = |search: &[&str]| json(search)["queries"][0]["hits"].as_array().unwrap().len();
    assert_eq!(hits(&search), 0, "the query's own picture is no earlier case");
    assert_eq!(hits(&[&search[..], &["--own"]].concat()), 1);
    fail(&["search", "--gallery", text(&gallery), text(&picture), "--k", "0"], &["--k"]);
}

#[test]
fn galleries_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 1, |_| true);
    let images = folder.path().join("images");
    let picture = pictures(&images)[0].clone();
    let absent = folder.path().join("absent");
    for action in ["info", "verify"] {
        fail(&["gallery", action, text(&absent)], &["absent"]);
        fail(&["gallery", action, text(&images)], &["images"]);
    }
    fail(&["search", "--gallery", text(&absent), text(&picture)], &["absent"]);
    fail(&["search", "--gallery", text(&images), text(&picture)], &["images"]);
    assert!(!absent.exists());
    let before = fs::read_dir(&images).unwrap().count();
    fail(&["index", "--gallery", text(&images), text(&picture)], &["images"]);
    assert_eq!(
        fs::read_dir(&images).unwrap().count(),
        before,
        "a folder that is no gallery is left alone"
    );
}

#[test]
fn models_that_are_none_are_named() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 1, |_| true);
    let picture = pictures(&folder.path().join("images"))[0].clone();
    let out = folder.path().join("out.png");
    let explain = |model: &Path| {
        let name = model.file_name().unwrap().to_str().unwrap().to_owned();
        fail(&["explain", "--model", text(model), text(&picture), "--out", text(&out)], &[&name]);
    };
    let file = folder.path().join("no-model.safetensors");
    explain(&file);
    fs::write(&file, "").unwrap();
    explain(&file);
    fs::write(&file, "some text").unwrap();
    explain(&file);
    let whole = fs::read(model()).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    explain(&file);
    assert_ne!(
        run(&["explain", text(&picture), "--out", text(&out), "--device", "abacus"]).code,
        0
    );
}

#[test]
fn a_copied_program_takes_the_model_beside_it() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let at = |name: &str| folder.path().join(name);
    let program = at("bin/skiagraph");
    fs::create_dir(at("bin")).unwrap();
    // A link, as a program that was just written may still be open in a process that was begun
    // meanwhile, and does not start then.
    fs::hard_link(env!("CARGO_BIN_EXE_skiagraph"), &program).unwrap();
    let explain = || {
        let picture = &pictures(&common::samples())[0];
        let mut command = Command::new(&program);
        let output = command.arg("explain").arg(picture).arg("--out").arg(at("out.png")).output();
        String::from_utf8(output.unwrap().stderr).unwrap()
    };
    for place in ["share/skiagraph", "bin"] {
        let models = at(place).join("models");
        fs::create_dir_all(&models).unwrap();
        fs::write(models.join("skiagraph.safetensors"), "no model").unwrap();
        let said = explain();
        assert!(said.contains(&format!("{place}/models/skiagraph.safetensors")), "{said}");
    }
}
