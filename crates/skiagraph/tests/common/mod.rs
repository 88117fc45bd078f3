//! Running the built binary, and small data sets to run it on.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A command's output and exit code.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The binary with arguments, not yet started.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_skiagraph"));
    command.args(arguments).env("COLUMNS", "100").stdin(Stdio::null());
    // Nothing is left in the home of who runs the tests.
    command.env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
    command
}

/// Runs the binary.
pub(crate) fn run(arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = command(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
}

/// Runs the binary, which must succeed.
pub(crate) fn succeed(arguments: &[&str]) -> Ran {
    let ran = run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}\n{}{}", ran.stdout, ran.stderr);
    ran
}

/// Runs the binary with `--json`, which must succeed.
pub(crate) fn json(arguments: &[&str]) -> Value {
    let ran = succeed(&[arguments, &["--json"]].concat());
    serde_json::from_str(&ran.stdout).unwrap()
}

/// Runs the binary, which must fail with one `error: …` that names all of `named`.
pub(crate) fn fail(arguments: &[&str], named: &[&str]) -> Ran {
    let ran = run(arguments);
    let said = &ran.stderr;
    assert_ne!(ran.code, 0, "{arguments:?} succeeded: {}", ran.stdout);
    assert_eq!(said.matches("error: ").count(), 1, "{arguments:?}: {said}");
    for name in named {
        assert!(said.contains(name), "{arguments:?} does not name {name:?}: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    ran
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// The shipped samples.
pub(crate) fn samples() -> PathBuf {
    workspace().join("samples")
}

/// The shipped model.
pub(crate) fn model() -> PathBuf {
    workspace().join("models/skiagraph.safetensors")
}

/// A data set in `folder` of the first rows of the samples that `wanted` keeps, `count` of each
/// split. `wanted` gets a row's labels. Returns the manifest.
pub(crate) fn subset(folder: &Path, count: usize, wanted: impl Fn(&str) -> bool) -> PathBuf {
    let manifest = fs::read_to_string(samples().join("manifest.csv")).unwrap();
    let mut lines = manifest.lines();
    let head = lines.next().unwrap();
    let column = |name: &str| head.split(',').position(|head| head == name).unwrap();
    let (path, labels, split) = (column("path"), column("labels"), column("split"));
    let mut taken: Vec<(String, usize)> = Vec::new();
    let mut kept = vec![head.to_owned()];
    for line in lines {
        let cells: Vec<_> = line.split(',').collect();
        if !wanted(cells[labels]) {
            continue;
        }
        let index = taken.iter().position(|(name, _)| name == cells[split]).unwrap_or_else(|| {
            taken.push((cells[split].to_owned(), 0));
            taken.len() - 1
        });
        if taken[index].1 < count {
            taken[index].1 += 1;
            kept.push(line.to_owned());
            let copy = folder.join(cells[path]);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(samples().join(cells[path]), copy).unwrap();
        }
    }
    let file = folder.join("manifest.csv");
    fs::write(&file, kept.join("\n") + "\n").unwrap();
    file
}

/// The picture files of a data set that `subset` made, in order of name.
pub(crate) fn pictures(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension != "csv") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
