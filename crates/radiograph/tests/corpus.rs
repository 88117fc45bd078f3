//! Every input that fuzzing found a fault with, once more, and phantoms with a byte changed:
//! docs/fuzzing.md.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../../fuzz/src/decode.rs"]
#[expect(
    unreachable_pub,
    dead_code,
    reason = "shared with the fuzz target, which also looks at memory"
)]
mod decode;
#[path = "../../../fuzz/src/frame.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz target")]
mod frame;
#[path = "../../../fuzz/src/tables.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz target")]
mod tables;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn files(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn decoded_soon(path: &Path, bytes: &[u8]) {
    let start = Instant::now();
    decode::check(&decode::decode(bytes));
    assert!(start.elapsed() < Duration::from_secs(2), "{}: {:?}", path.display(), start.elapsed());
}

#[test]
fn what_was_found_is_mended() {
    for (path, bytes) in files("../../fuzz/found/decode") {
        decoded_soon(&path, &bytes);
    }
    for (path, bytes) in files("../../fuzz/found/frame") {
        decoded_soon(&path, &frame::file(&bytes).unwrap());
    }
    for (_, bytes) in files("../../fuzz/found/tables") {
        tables::read(&bytes);
    }
}

/// One byte in 211 of each phantom.
#[test]
fn a_changed_byte_is_a_picture_or_an_error() {
    for (path, bytes) in files("tests/data/dicom") {
        for at in (132..bytes.len()).step_by(211) {
            let mut changed = bytes.clone();
            changed[at] ^= 0xFF;
            decoded_soon(&path, &changed);
        }
    }
}

/// Name and version of each package of a lock file.
fn packages(lock: &str) -> BTreeSet<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(lock);
    let text = std::fs::read_to_string(path).unwrap();
    let value = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    let lines: Vec<&str> = text.lines().collect();
    let pairs = lines
        .windows(2)
        .filter(|pair| pair[0].starts_with("name = ") && pair[1].starts_with("version = "));
    pairs.map(|pair| (value(pair[0]), value(pair[1]))).collect()
}

#[test]
fn what_is_fuzzed_is_what_ships() {
    let (ours, fuzzed) = (packages("../../Cargo.lock"), packages("../../fuzz/Cargo.lock"));
    let names: BTreeSet<&String> = ours.iter().map(|(name, _)| name).collect();
    for package in fuzzed.iter().filter(|(name, _)| names.contains(name)) {
        assert!(
            ours.contains(package),
            "{package:?} is another version: cp Cargo.lock fuzz/, then fuzz/run"
        );
    }
}
