//! A copy of a gallery, taken while it is used.

use std::path::Path;

use rusqlite::Connection;

use super::failure::database_error;
use super::meta;
use super::schema::{self, UNFINISHED};
use crate::Result;

/// Copies the database. The copy is compact; it is whole, or not there.
pub(super) fn back_up(connection: &Connection, to: &Path) -> Result<()> {
    schema::claim(to)?;
    let unfinished = to.join(UNFINISHED);
    let copied = copy(connection, &unfinished).map_err(|source| database_error(to, 0, source));
    let copied = copied.and_then(|()| schema::finish(to));
    if copied.is_err() {
        let _best_effort = schema::remove(&unfinished);
    }
    copied
}

fn copy(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    let path = path.to_string_lossy();
    connection.execute("VACUUM INTO ?1", [&path])?;
    let copy = Connection::open(&*path)?;
    // The index's file is not copied.
    let transaction = copy.unchecked_transaction()?;
    transaction.execute("DELETE FROM meta WHERE name = 'segment'", [])?;
    meta::seal(&transaction)?;
    transaction.commit()?;
    copy.close().map_err(|(_, error)| error)
}
