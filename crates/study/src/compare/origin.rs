//! The data set that a folder's runs were made of. As runs are kept, a changed label or split
//! must make others.

use std::fmt::Write;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use radiograph::ContentHash;
use radiograph::dataset::{Dataset, Split};

/// Fails if the folder's runs are of another data set. Otherwise notes the data set there.
///
/// # Errors
/// If the folder's runs are of another data set, or it cannot be written.
pub fn check(out: &Path, dataset: &Dataset) -> Result<()> {
    let (file, here) = (out.join("cells/data.sha256"), digest(dataset));
    match fs::read_to_string(&file) {
        Ok(before) if before == here => Ok(()),
        Ok(_) => bail!(
            "`{}` was made of another data set, or its labels, splits, patients, views or sources have changed since; remove \
             it, or compare into another folder",
            out.display()
        ),
        // If two processes begin at once, one may find the other's file there when it is about to
        // name its own.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            files::write(&file, &here).or_else(|failed| {
                if fs::read_to_string(&file).is_ok_and(|there| there == here) {
                    Ok(())
                } else {
                    Err(failed)
                }
            })
        }
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", file.display())),
    }
}

/// The SHA-256 of everything that is used for learning or hashing.
fn digest(dataset: &Dataset) -> String {
    let mut text = String::new();
    for item in &dataset.items {
        let split = item.split.map(Split::name);
        let told = (&item.name, &item.labels, split, item.unit(), &item.view, &item.source);
        let _never = writeln!(text, "{told:?}");
    }
    ContentHash::of(text.as_bytes()).to_string()
}
