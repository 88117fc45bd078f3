//! Writing the database anew.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;

/// Where SQLite copies a database while it writes it anew is one for the whole process: by itself a folder for all programs' files,
/// where patients' data must not go.
static TEMPORARY: Mutex<()> = Mutex::new(());

/// Without gaps, so that nothing of what was deleted is left.
pub(super) fn rewrite(dir: &Path, connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch("INSERT INTO report_words (report_words) VALUES ('optimize')")?;
    let _others = TEMPORARY.lock().unwrap_or_else(PoisonError::into_inner);
    let set = |store: &str, folder: &str| {
        connection.pragma_update(None, "temp_store", store)?;
        connection.pragma_update(None, "temp_store_directory", folder)
    };
    let rewritten = set("FILE", &dir.to_string_lossy());
    let rewritten = rewritten.and_then(|()| connection.execute_batch("VACUUM"));
    rewritten.and(set("MEMORY", ""))
}
