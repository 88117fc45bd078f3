//! The file of sets: making, opening and migrating it.

use std::path::Path;

use anyhow::{Result, bail};
use gallery::{Database, Opening};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::erasure;

/// Settings of a connection: deleted bytes are overwritten, and no temporary file is written.
const PRAGMAS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;";
/// `FORMATS[v]` takes a file from version `v` to `v + 1`.
const FORMATS: [&str; 2] = [
    "CREATE TABLE result_set (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, note TEXT NOT NULL, made TEXT NOT NULL, owner TEXT,
        shared INTEGER NOT NULL, hits INTEGER NOT NULL, answer TEXT NOT NULL, preview BLOB, report BLOB NOT NULL,
        fhir BLOB, sr BLOB
    ) STRICT;",
    // The pictures of the gallery that a set shows or names, and whether each is the query itself.
    "ALTER TABLE result_set ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE set_record (
        record INTEGER NOT NULL, set_id TEXT NOT NULL REFERENCES result_set (id) ON DELETE CASCADE,
        query INTEGER NOT NULL, PRIMARY KEY (record, set_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX records_of_set ON set_record (set_id);
    CREATE INDEX sets_by_owner ON result_set (owner);",
];

/// Opens the file, and makes it if there is none.
///
/// # Errors
/// If it cannot be written, or is of a newer program or of another one.
pub(super) fn open(path: &Path) -> Result<Database> {
    let opening = Opening::begin(path);
    let connection = Connection::open(path)?;
    check(version(&connection)?)?;
    connection.execute_batch(PRAGMAS)?;
    let database = opening.finish(connection)?;
    if version(&database)? == FORMATS.len() {
        return Ok(database);
    }
    let transaction = Transaction::new_unchecked(&database, TransactionBehavior::Immediate)?;
    // Another process may have done it meanwhile.
    let found = version(&transaction)?;
    check(found)?;
    for format in &FORMATS[found..] {
        transaction.execute_batch(format)?;
    }
    if found == 1 {
        erasure::trace(&transaction)?;
    }
    transaction.pragma_update(None, "user_version", FORMATS.len() as i64)?;
    transaction.commit()?;
    Ok(database)
}

fn version(connection: &Connection) -> rusqlite::Result<usize> {
    connection
        .query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
        .map(|version| version as usize)
}

fn check(version: usize) -> Result<()> {
    if version > FORMATS.len() {
        bail!("it is of a newer program: its version is {version}, expected {}", FORMATS.len());
    }
    Ok(())
}
