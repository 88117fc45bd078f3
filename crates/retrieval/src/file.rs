//! Files that are written whole or not at all.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Puts a file that `write` fills, and syncs, in the place of the one at `path`. A failure leaves
/// that one as it was.
///
/// # Errors
/// If it cannot be written.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let part = path.with_added_extension("part");
    let written = File::create(&part)
        .and_then(|mut file| write(&mut file))
        .and_then(|()| fs::rename(&part, path))
        // The new name must survive a power cut as the file's content does.
        .and_then(|()| File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all());
    if written.is_err() {
        let _best_effort = fs::remove_file(&part);
    }
    written
}
