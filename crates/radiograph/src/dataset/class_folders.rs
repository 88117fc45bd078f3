//! A folder for each class: `ROOT/CLASS/…/picture`.

use super::{Dataset, Description, Item, Skipped};
use crate::error::{Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Endings of files that are taken for pictures; `.dcm` may be absent from DICOM files, so no
/// ending is too.
const ENDINGS: [&str; 8] = ["png", "jpg", "jpeg", "tif", "tiff", "dcm", "dicom", ""];
/// Folders within folders that are followed.
const DEPTH: usize = 16;

/// Reads the class folders below `root`; files beside them are skipped.
pub(super) fn read(root: &Path) -> Result<Dataset> {
    let mut dataset = Dataset::default();
    for entry in entries(root)? {
        let class = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if class.starts_with('.') {
            continue;
        }
        if entry.is_dir() {
            collect(root, &entry, &class, DEPTH, &mut dataset)?;
        } else if has_picture_ending(&entry) {
            let reason = "lies beside the class folders: its class is unknown".to_owned();
            dataset.skipped.push(Skipped { name: class, reason });
        }
    }
    Ok(dataset)
}

/// The paths in a folder, sorted so that a data set has one order everywhere.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let failed = |source| Error::File { path: folder.into(), source };
    let read = std::fs::read_dir(folder).map_err(failed)?;
    let mut paths =
        read.map(|e| e.map(|e| e.path())).collect::<std::io::Result<Vec<_>>>().map_err(failed)?;
    paths.sort_unstable();
    Ok(paths)
}

fn collect(
    root: &Path,
    folder: &Path,
    class: &str,
    depth: usize,
    dataset: &mut Dataset,
) -> Result<()> {
    for path in entries(folder)? {
        // `.DS_Store`, `._picture.png`: what systems put beside the files.
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        if path.is_dir() {
            match depth.checked_sub(1) {
                Some(depth) => collect(root, &path, class, depth, dataset)?,
                None => {
                    let reason = format!("lies more than {DEPTH} folders deep");
                    dataset.skipped.push(Skipped { name, reason });
                }
            }
        } else if has_picture_ending(&path) {
            dataset.items.push(item(path, name, class));
        } else {
            dataset.skipped.push(Skipped { name, reason: "not the ending of a picture".into() });
        }
    }
    Ok(())
}

fn has_picture_ending(path: &Path) -> bool {
    let ending = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    ENDINGS.contains(&ending.as_str())
}

fn item(path: PathBuf, name: String, class: &str) -> Item {
    Item {
        path,
        name,
        labels: vec![class.to_owned()],
        patient: None,
        group: None,
        view: None,
        source: None,
        licence: None,
        split: None,
        description: Description::default(),
        columns: BTreeMap::new(),
    }
}
