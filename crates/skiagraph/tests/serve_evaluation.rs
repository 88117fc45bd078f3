//! A server that shows what `eval` has measured of its model.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;
#[path = "common/server.rs"]
mod server;

use std::fs;
use std::path::{Path, PathBuf};

use common::{fail, pictures, samples, succeed, text};
use serde_json::{Value, json};
use server::Server;

fn gallery(folder: &Path, count: usize) -> PathBuf {
    let g = folder.join("g");
    let found = pictures(&samples().join("images"));
    let mut index = vec!["index", "--gallery", text(&g)];
    index.extend(found.iter().take(count).map(|path| text(path)));
    succeed(&index);
    g
}

#[test]
fn the_models_figures_are_those_of_its_evaluation() {
    let folder = tempfile::tempdir().unwrap();
    let (g, out) = (gallery(folder.path(), 2), folder.path().join("results"));
    let plain = Server::start(&g, &[]).get("/api/v1/gallery").json();
    assert_eq!([&plain["evaluation"], &plain["quality"]], [&json!(false), &json!([])]);
    assert!(
        plain["bytes"].as_u64().unwrap() > 10_000
            && plain["card"]["labels"].as_array().unwrap().len() > 5
    );
    succeed(&["eval", "--data", text(&samples()), "--out", text(&out)]);
    let server = Server::start(&g, &["--evaluation", text(&out)]);
    let told = server.get("/api/v1/gallery").json();
    let written: Value =
        serde_json::from_slice(&fs::read(out.join("results.json")).unwrap()).unwrap();
    let codes =
        written["results"].as_array().unwrap().iter().filter(|result| result["method"] == "codes");
    for (told, written) in told["quality"].as_array().unwrap().iter().zip(codes) {
        assert_eq!([&told["task"], &told["map_all"]], [&written["task"], &written["map_all"]]);
    }
    assert!(!told["quality"].as_array().unwrap().is_empty());
    assert!(server.get("/api/v1/evaluation.html").bytes.starts_with(b"<!doctype html>"));
    let start = ["serve", "--gallery", text(&g), "--port", "0", "--evaluation"];
    fail(&[&start[..], &[text(folder.path())]].concat(), &["cannot read", "results.json"]);
    fs::write(out.join("results.json"), r#"{"model":"other","results":[]}"#).unwrap();
    fail(&[&start[..], &[text(&out)]].concat(), &["is of the model other; expected skiagraph-"]);
}
