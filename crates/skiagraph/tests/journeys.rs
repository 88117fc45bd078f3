//! Journeys of the binary, end to end on a few samples: index, search, explain, evaluate, look
//! after a gallery.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use common::{command, fail, json, pictures, samples, subset, succeed, text};
use serde_json::Value;

#[test]
fn a_picture_finds_itself_and_others_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 6, |_| true);
    let gallery = folder.path().join("g");
    let report = json(&["index", "--gallery", text(&gallery), "--manifest", text(&manifest)]);
    let all = pictures(folder.path().join("images").as_path());
    assert_eq!(report["added"], all.len());
    let again = json(&["index", "--gallery", text(&gallery), "--manifest", text(&manifest)]);
    assert_eq!((&again["added"], &again["known"]), (&Value::from(0), &report["added"]));

    let query = text(&all[0]);
    let html = folder.path().join("page.html");
    let search = ["search", "--gallery", text(&gallery), query, "--k", "50"];
    let found = json(&[&search[..], &["--own", "--html", text(&html)]].concat());
    let hits = found["queries"][0]["hits"].as_array().unwrap();
    assert_eq!(hits.len(), all.len());
    let own = hits.iter().find(|hit| query.ends_with(hit["name"].as_str().unwrap())).unwrap();
    assert_eq!(own["distance"], 0);
    let others = json(&search);
    let others = others["queries"][0]["hits"].as_array().unwrap();
    assert!(others.iter().all(|hit| hit["key"] != own["key"]));
    assert!(others.is_sorted_by_key(|hit| hit["euclidean"].as_f64().unwrap()), "{others:?}");
    let raw = json(&[&search[..], &["--order", "hamming"]].concat());
    let raw = raw["queries"][0]["hits"].as_array().unwrap();
    assert!(raw.is_sorted_by_key(|hit| (hit["distance"].as_u64(), hit["id"].as_u64())), "{raw:?}");
    assert_eq!(raw.len(), others.len());
    let near = json(&[&search[..], &["--own", "--within", "3"]].concat());
    let near = near["queries"][0]["hits"].as_array().unwrap();
    assert_eq!(
        near.len(),
        hits.iter().filter(|hit| hit["distance"].as_u64().unwrap() <= 3).count()
    );
    let page = fs::read_to_string(html).unwrap();
    assert!(page.contains("data:image/jpeg;base64,") && !page.contains("https://"));
    let readable = succeed(&["search", "--gallery", text(&gallery), query]).stdout;
    assert!(readable.contains("labels"), "{readable}");
}

#[test]
fn searches_are_narrowed_joined_and_moved_by_feedback() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 6, |_| true);
    let gallery = folder.path().join("g");
    json(&["index", "--gallery", text(&gallery), "--manifest", text(&manifest)]);
    let all = pictures(folder.path().join("images").as_path());
    let ask = |more: &[&str]| {
        json(&[&["search", "--gallery", text(&gallery), "--k", "50"], more].concat())
    };
    let hits = |answers: &Value, query: usize| {
        answers["queries"][query]["hits"].as_array().unwrap().clone()
    };
    let (a, b) = (text(&all[0]), text(&all[all.len() - 1]));

    let label = hits(&ask(&[a]), 0)[0]["labels"][0].as_str().unwrap().to_owned();
    let narrowed = hits(&ask(&[a, "--filter", &format!("label = '{label}'")]), 0);
    assert!(!narrowed.is_empty() && narrowed.len() < all.len());
    assert!(
        narrowed
            .iter()
            .all(|hit| hit["labels"].as_array().unwrap().contains(&Value::from(label.as_str())))
    );
    fail(
        &["search", "--gallery", text(&gallery), a, "--filter", "labl = 'x'"],
        &["`label`?", "character 1"],
    );

    let (apart, together) = (ask(&[a, b]), ask(&[a, b, "--together"]));
    assert_eq!(
        (apart["queries"].as_array().unwrap().len(), together["queries"].as_array().unwrap().len()),
        (2, 1)
    );
    for hit in hits(&together, 0) {
        let same = |other: &&Value| other["id"] == hit["id"];
        let distances =
            [hits(&apart, 0), hits(&apart, 1)].map(|hits| hits.iter().find(same).cloned());
        let nearest = distances.iter().flatten().map(|hit| hit["distance"].as_u64()).min().unwrap();
        assert_eq!(hit["distance"].as_u64(), nearest);
    }

    let first = hits(&ask(&[a]), 0)[0].clone();
    let (id, key) = (first["id"].to_string(), first["key"].as_str().unwrap());
    let page = folder.path().join("page.html");
    let like = ask(&["--like", key, "--html", text(&page)]);
    assert!(hits(&like, 0).iter().all(|hit| hit["id"] != first["id"]));
    assert_eq!(like["queries"][0]["query"], first["name"]);
    assert!(fs::read_to_string(page).unwrap().contains("data:image/jpeg;base64,"));
    let away = hits(&ask(&[a, "--unlike", &id]), 0);
    assert_eq!(away.len(), hits(&ask(&[a]), 0).len() - 1);
    fail(&["search", "--gallery", text(&gallery), "--like", "no-such-key"], &["no-such-key"]);
}

#[test]
fn splits_of_a_manifest_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 3, |_| true);
    let gallery = folder.path().join("g");
    let arguments = [
        "index",
        "--gallery",
        text(&gallery),
        "--manifest",
        text(&manifest),
        "--split",
        "database",
    ];
    assert_eq!(json(&arguments)["added"], 3);
    fail(&[&arguments[..5], &["--split", "validation"]].concat(), &["split"]);
}

#[test]
fn a_gallery_is_looked_after() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 2, |_| true);
    let gallery = folder.path().join("g");
    let gallery = text(&gallery);
    let images = folder.path().join("images");
    let size = json(&["index", "--gallery", gallery, text(&images)])["size"].as_u64().unwrap();
    assert!(succeed(&["gallery", "info", gallery]).stdout.contains(&size.to_string()));
    assert!(json(&["gallery", "info", gallery]).is_object());
    assert_eq!(json(&["gallery", "verify", gallery])["sound"], true);

    let picture = pictures(&images)[0].clone();
    let found = json(&["search", "--gallery", gallery, text(&picture), "--k", "1", "--own"]);
    let (key, id) = (&found["queries"][0]["hits"][0]["key"], &found["queries"][0]["hits"][0]["id"]);
    let key = key.as_str().unwrap();
    fail(&["gallery", "delete", gallery, key, "no-such-key"], &["no-such-key"]);
    let parent = folder.path();
    let [copy, export, again] = ["copy", "export", "again"].map(|name| parent.join(name));
    assert_eq!(json(&["gallery", "backup", gallery, text(&copy)])["size"], size);
    assert_eq!(json(&["gallery", "export", gallery, text(&export)])["records"], size);
    assert_eq!(json(&["gallery", "import", text(&export), text(&again)])["size"], size);
    fail(&["gallery", "backup", gallery, text(&copy)], &["copy", "gallery already"]);
    fail(&["gallery", "import", text(&copy), text(&parent.join("none"))], &["manifest.json"]);
    for other in [&copy, &again] {
        let search = ["search", "--gallery", text(other), text(&picture), "--k", "1", "--own"];
        assert_eq!(json(&search)["queries"][0]["hits"][0]["key"], *key);
        assert_eq!(json(&["gallery", "verify", text(other)])["sound"], true);
    }

    let deleted = json(&["gallery", "delete", gallery, key]);
    let compacted = json(&["gallery", "compact", gallery]);
    assert!(compacted["after"].as_u64() <= compacted["before"].as_u64());
    assert_eq!((deleted["deleted"].as_u64(), deleted["size"].as_u64()), (Some(1), Some(size - 1)));
    fail(&["gallery", "delete", gallery, &id.to_string()], &[&id.to_string()]);
    let found = json(&["search", "--gallery", gallery, text(&picture), "--k", "100"]);
    let hits = found["queries"][0]["hits"].as_array().unwrap();
    assert!(hits.iter().all(|hit| hit["key"] != key));
    assert_eq!(json(&["gallery", "verify", gallery])["sound"], true);
}

#[test]
fn a_killed_index_is_resumed_to_the_same_gallery() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 90, |_| true);
    let (whole, killed) = (folder.path().join("whole"), folder.path().join("killed"));
    succeed(&["index", "--gallery", text(&whole), "--manifest", text(&manifest)]);
    let arguments = ["index", "--gallery", text(&killed), "--manifest", text(&manifest)];
    for milliseconds in [300, 900, 1500] {
        let mut child =
            command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    succeed(&arguments);
    assert_eq!(json(&["gallery", "verify", text(&killed)])["sound"], true);
    let query = text(&pictures(folder.path().join("images").as_path())[3]).to_owned();
    assert_eq!(neighbors(&whole, &query), neighbors(&killed, &query));
}

/// The whole gallery by distance and key, without the ids.
fn neighbors(gallery: &Path, query: &str) -> Vec<(u64, String)> {
    let found = json(&["search", "--gallery", text(gallery), query, "--k", "1000"]);
    let hits = found["queries"][0]["hits"].as_array().unwrap();
    let pair =
        |hit: &Value| (hit["distance"].as_u64().unwrap(), hit["key"].as_str().unwrap().to_owned());
    let mut pairs: Vec<_> = hits.iter().map(pair).collect();
    pairs.sort();
    pairs
}

#[test]
fn an_explanation_is_drawn() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 1, |_| true);
    let picture = pictures(folder.path())[0].clone();
    let out = folder.path().join("saliency.png");
    let report = json(&["explain", text(&picture), "--out", text(&out)]);
    let mean = report["mean_saliency"].as_f64().unwrap();
    assert!(mean > 0.0 && mean < 1.0, "{mean}");
    let (width, height) = image::image_dimensions(&picture).unwrap();
    let sheet = image::image_dimensions(&out).unwrap();
    assert_eq!(sheet, (3 * width + 16, height));
    let other = pictures(&samples().join("images"))[7].clone();
    let report =
        json(&["explain", text(&picture), "--similar-to", text(&other), "--out", text(&out)]);
    assert!(report["distance"].as_u64().unwrap() <= report["bits"].as_u64().unwrap(), "{report}");
    let (wide, high) = image::image_dimensions(&other).unwrap();
    assert_eq!(image::image_dimensions(&out).unwrap(), (width + wide + 8, height.max(high)));
}

#[test]
fn a_model_is_measured_task_by_task() {
    let folder = tempfile::tempdir().unwrap();
    subset(folder.path(), 30, |_| true);
    let tasks = folder.path().join("tasks.toml");
    fs::write(&tasks, "[[task]]\nname = \"everything\"\nlabels_except = [\"chest\"]\n").unwrap();
    let out = folder.path().join("eval");
    let arguments = ["eval", "--data", text(folder.path()), "--untrained", "--out", text(&out)];
    let report = json(&arguments);
    let rows = report["results"].as_array().unwrap();
    let methods: Vec<_> = rows.iter().map(|row| row["method"].as_str().unwrap()).collect();
    let trained = ["codes", "answers", "embeddings", "random"];
    let untrained = ["untrained codes", "untrained answers", "untrained embeddings"];
    assert_eq!(methods, [&trained[..], &untrained].concat());
    for likeness in report["likeness"].as_array().unwrap() {
        assert_eq!(likeness["near_copies"].as_array().unwrap().len(), 3, "{likeness}");
        assert!(likeness["distinct_lists"].as_u64() <= likeness["queries"].as_u64(), "{likeness}");
    }
    assert!(image::image_dimensions(out.join("answers.jpg")).unwrap().1 > 128);
    for row in rows {
        assert_eq!(row["task"], "everything");
        for figure in ["map_all", "p_at_10", "macro_p_at_10", "ndcg_100"] {
            let part = |name: &str| row[figure][name].as_f64().unwrap();
            assert!(part("low") <= part("value") && part("value") <= part("high"), "{row}");
        }
    }
    let written: Value =
        serde_json::from_str(&fs::read_to_string(out.join("results.json")).unwrap()).unwrap();
    assert_eq!(written["results"], report["results"]);
    let csv = fs::read_to_string(out.join("results.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + rows.len());
    let page = fs::read_to_string(out.join("results.html")).unwrap();
    assert!(page.contains("untrained embeddings") && page.contains("<svg role=\"img\""), "{page}");
    let readable = succeed(&arguments[..3]).stdout;
    assert!(readable.contains("all relevant") && readable.contains("everything"), "{readable}");
}

#[test]
fn the_machine_is_measured() {
    let small = ["bench", "encode", "train", "--sizes", "32", "--batches", "64", "--rounds", "1"];
    let figures = json(&small);
    assert!(figures["machine"]["products_gflops"].as_f64() > Some(0.0));
    for section in ["encode", "train"] {
        let rows = figures[section].as_array().unwrap();
        let networks: Vec<_> = rows.iter().map(|row| row["network"].as_str().unwrap()).collect();
        assert_eq!(networks, ["ResNet-18", "whole"], "{section}");
        assert!(
            rows.iter().all(|row| row["pictures_per_second"].as_f64() > Some(0.0)),
            "{section}"
        );
    }
}

#[test]
fn patients_are_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 3, |_| true);
    let rows = fs::read_to_string(&manifest).unwrap();
    let named = rows.lines().enumerate().map(|(row, line)| {
        let mut cells: Vec<_> = line.split(',').map(str::to_owned).collect();
        if row > 0 {
            cells[2] = format!("SECRET{row}");
        }
        cells.join(",")
    });
    let named: Vec<_> = named.collect();
    assert!(named[0].split(',').nth(2) == Some("patient_id"));
    fs::write(&manifest, named.join("\n")).unwrap();
    let (gallery, html) = (folder.path().join("g"), folder.path().join("page.html"));
    let (gallery, out) = (text(&gallery), folder.path().join("out"));
    let query = pictures(&folder.path().join("images"))[0].clone();
    let commands: [&[&str]; 6] = [
        &["index", "--gallery", gallery, "--manifest", text(&manifest)],
        &["search", "--gallery", gallery, text(&query), "--html", text(&html)],
        &["gallery", "info", gallery],
        &["gallery", "verify", gallery],
        &["eval", "--data", text(folder.path())],
        &["demo", "--samples", text(folder.path()), "--out", text(&out)],
    ];
    for words in commands {
        for words in [words.to_vec(), [words, &["--json"]].concat()] {
            let ran = succeed(&words);
            assert!(!ran.stdout.contains("SECRET") && !ran.stderr.contains("SECRET"), "{words:?}");
        }
    }
    for page in [html, out.join("index.html")] {
        assert!(!fs::read_to_string(page).unwrap().contains("SECRET"));
    }
}

#[test]
fn saliency_is_measured_beside_boxes_and_baselines() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = subset(folder.path(), 12, |_| true);
    let name = |path: &Path| path.strip_prefix(folder.path()).unwrap().to_str().unwrap().to_owned();
    let images = pictures(&folder.path().join("images"));
    let rows: Vec<_> = images.iter().map(|path| format!("{},lung,4,4,40,60", name(path))).collect();
    fs::write(
        folder.path().join("boxes.csv"),
        format!("path,label,x,y,w,h\n{}\n", rows.join("\n")),
    )
    .unwrap();
    let out = folder.path().join("out");
    let report = json(&["saliency", "--data", text(&manifest), "--out", text(&out)]);
    let boxes = report["boxes"].as_array().unwrap();
    let maps: Vec<_> = boxes.iter().map(|row| row["map"].as_str().unwrap()).collect();
    assert_eq!(maps, ["saliency", "evidence", "Grad-CAM", "centre Gaussian", "edges", "random"]);
    assert!(boxes.iter().all(|row| row["pointing"]["value"].as_f64().is_some()));
    assert_eq!(report["randomised"].as_array().unwrap().len(), 10);
    assert!(report["perturbation"][0]["insertion"].as_f64().unwrap() > 0.0);
    let page = fs::read_to_string(out.join("saliency.html")).unwrap();
    assert!(page.contains("Grad-CAM") && page.contains("data:image/jpeg;base64,"));
    fs::write(folder.path().join("boxes.csv"), "path,label,x,y,w,h\na.png,lung,4,x,40,60\n")
        .unwrap();
    fail(&["saliency", "--data", text(&manifest)], &["boxes.csv", "row 1"]);
}
