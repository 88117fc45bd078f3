//! Checks that the embedded browser application, `web/dist`, was built from the sources beside it.
//! It needs no Node.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::path::Path;

use sha2::{Digest, Sha256};

/// The sources, as in `web/build/sources.ts`.
const ROOTS: [&str; 7] =
    ["build", "index.html", "package-lock.json", "package.json", "public", "src", "vite.config.ts"];

#[test]
fn the_application_is_current() {
    let web = common::workspace().join("web");
    let mut paths = Vec::new();
    ROOTS.iter().for_each(|root| collect(&web, root, &mut paths));
    paths.sort();
    let mut hash = Sha256::new();
    for path in &paths {
        let bytes = fs::read(web.join(path)).unwrap();
        hash.update(format!("{path}\n{}\n", bytes.len()));
        hash.update(&bytes);
    }
    let built_of = fs::read_to_string(web.join("dist/sources.sha256")).unwrap();
    let now = hex::encode(hash.finalize());
    assert_eq!(
        built_of.trim(),
        now,
        "web/dist is older than its sources: `cd web && npm ci && npm run build`"
    );
}

fn collect(web: &Path, path: &str, paths: &mut Vec<String>) {
    if !web.join(path).is_dir() {
        return paths.push(path.to_owned());
    }
    for entry in fs::read_dir(web.join(path)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        collect(web, &format!("{path}/{name}"), paths);
    }
}
