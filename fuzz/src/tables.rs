//! Manifests and tables of boxes.

use radiograph::dataset::{Dataset, read_boxes};
use std::path::{Path, PathBuf};

/// Reads the bytes as a manifest, and as a table of boxes.
pub fn read(bytes: &[u8]) {
    let file = place();
    std::fs::write(&file, bytes).expect("a file of our own");
    let shown = |said: String| assert!(said.len() < 4096, "{} bytes of error", said.len());
    let _ = Dataset::open(&file).map_err(|error| shown(error.to_string()));
    let _ = read_boxes(&file).map_err(|error| shown(error.to_string()));
    let _ = std::fs::remove_file(file);
}

/// In memory, where the system has such a place.
fn place() -> PathBuf {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.into() } else { std::env::temp_dir() };
    folder.join(format!("skiagraph-fuzz-{}.csv", std::process::id()))
}
