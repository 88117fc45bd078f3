//! Pictures encoded in shares, as by a scheduler, and merged.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use common::{fail, json, model, subset, text};
use gallery::Gallery;
use retrieval::HashCode;

#[test]
fn shards_become_what_indexing_gives() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let manifest = subset(&at("data"), 6, |_| true);
    let (manifest, model) = (text(&manifest), model());
    let encode = |shard: &str| {
        let out = at("shards");
        json(&[
            "encode",
            "--shard",
            shard,
            "--out",
            text(&out),
            "--manifest",
            manifest,
            "--model",
            text(&model),
        ])
    };
    let first = encode("1/2");
    let pictures =
        first["pictures"].as_u64().unwrap() + encode("2/2")["pictures"].as_u64().unwrap();
    // A second run does no work.
    let before = fs::metadata(at("shards/shard-00001-of-00002/gallery.parquet"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(encode("1/2")["known"], true);
    let after = fs::metadata(at("shards/shard-00001-of-00002/gallery.parquet"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(before, after);
    assert_eq!(fs::read_dir(at("shards")).unwrap().count(), 2, "nothing unfinished is left");

    let (one, two) = (at("shards/shard-00001-of-00002"), at("shards/shard-00002-of-00002"));
    let together = json(&["gallery", "import", text(&one), text(&two), text(&at("together"))]);
    assert_eq!(together["size"], pictures);
    let added = json(&["gallery", "import", "--add", text(&one), text(&at("together"))]);
    assert_eq!(added["size"], pictures);
    json(&[
        "index",
        "--gallery",
        text(&at("indexed")),
        "--manifest",
        manifest,
        "--model",
        text(&model),
    ]);
    assert_eq!(codes(&at("together")), codes(&at("indexed")));
    fail(&["gallery", "import", text(&one), text(&at("together"))], &["it holds"]);
    let other = subset(&at("other"), 3, |_| true);
    let shards = at("shards");
    let again = ["encode", "--shard", "1/2", "--out", text(&shards), "--model", text(&model)];
    fail(&[&again[..], &["--manifest", text(&other)]].concat(), &["of other pictures"]);
    fail(&["encode", "--shard", "3/2", "--out", "x", "y"], &["expected I/N"]);
}

/// Each picture's key and code.
fn codes(gallery: &Path) -> BTreeMap<String, HashCode> {
    let gallery = Gallery::open(gallery).unwrap();
    let coded = |id: u64| (gallery.record(id).unwrap().key, gallery.code(id).unwrap());
    gallery.ids().into_iter().map(coded).collect()
}
