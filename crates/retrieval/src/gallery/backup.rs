//! A copy of a gallery, taken while it is used.

use std::path::Path;

use rusqlite::Connection;

use super::failure::database_error;
use super::schema::{self, UNFINISHED};
use super::{Gallery, meta};
use crate::Result;

impl Gallery {
    /// Copies what is committed now into a new or empty folder; other processes may go on reading and writing. The copy is a gallery,
    /// compact, with an index's file of its own once it is opened; it is whole, or not there.
    ///
    /// # Errors
    /// If the folder holds anything, cannot be written, or has no room.
    pub fn back_up(&self, to: &Path) -> Result<()> {
        schema::claim(to)?;
        let unfinished = to.join(UNFINISHED);
        let copied = self.copy(&unfinished).map_err(|source| database_error(to, 0, source));
        let copied = copied.and_then(|()| schema::finish(to));
        if copied.is_err() {
            let _best_effort = schema::remove(&unfinished);
        }
        copied
    }

    fn copy(&self, path: &Path) -> rusqlite::Result<()> {
        let path = path.to_string_lossy();
        self.connection.execute("VACUUM INTO ?1", [&path])?;
        let copy = Connection::open(&*path)?;
        // The index's file stays behind.
        let transaction = copy.unchecked_transaction()?;
        transaction.execute("DELETE FROM meta WHERE name = 'segment'", [])?;
        meta::seal(&transaction)?;
        transaction.commit()?;
        copy.close().map_err(|(_, error)| error)
    }
}
