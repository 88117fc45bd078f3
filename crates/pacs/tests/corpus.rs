//! Repeats the messages of DCMTK's programs, and every change of them with which fuzzing found a
//! fault: docs/fuzzing.md.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "../../../fuzz/src/association.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz target")]
mod association;
#[path = "../../../fuzz/src/stow.rs"]
#[expect(unreachable_pub, reason = "shared with the fuzz target")]
mod stow;

use std::path::Path;
use std::time::{Duration, Instant};

/// The committed inputs of a target: seeds, and findings.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let folders = ["seeds", "found"].map(|kind| fuzz.join(kind).join(target));
    let files = folders
        .into_iter()
        .filter(|folder| folder.is_dir())
        .flat_map(|f| std::fs::read_dir(f).unwrap());
    files.map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

fn soon(act: impl FnOnce()) {
    let start = Instant::now();
    act();
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn associations_end_whatever_is_sent_and_wherever_it_stops() {
    let inputs = inputs("association");
    assert!(inputs.len() >= 7, "{} inputs", inputs.len());
    for input in inputs {
        soon(|| association::associate(&input));
        (0..input.len())
            .step_by(499)
            .for_each(|length| soon(|| association::associate(&input[..length])));
    }
}

#[test]
fn bodies_are_answered_whatever_they_hold() {
    let phantom =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../radiograph/tests/data/dicom/u8.jls.dcm");
    let head = b"multipart/related; type=\"application/dicom\"; boundary=xyz\n--xyz\r\nContent-Type: application/dicom\r\n\r\n";
    let body = [&head[..], &std::fs::read(phantom).unwrap(), b"\r\n--xyz--\r\n"].concat();
    for length in (0..=body.len()).rev().step_by(13) {
        soon(|| stow::receive(&body[..length]));
    }
    inputs("stow").iter().for_each(|input| soon(|| stow::receive(input)));
}
