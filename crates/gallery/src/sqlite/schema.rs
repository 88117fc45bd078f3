//! The database file: making, recognising, opening and migrating it.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use retrieval::{ModelId, check_bits};
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use super::failure::{damaged, database_error};
use super::{DATABASE, meta, rows};
use crate::{Error, Result};

/// The mark "SkGa" in the database's header, which identifies a gallery.
const APPLICATION_ID: u32 = 0x536b_4761;
/// `FORMATS[v]` takes a database from format `v` to `v + 1`; a new one goes through all of them.
const FORMATS: &[&str] =
    &[include_str!("formats/1.sql"), include_str!("formats/2.sql"), include_str!("formats/3.sql")];
/// The first format whose rows have checksums.
const CHECKSUMS: i64 = 2;
/// The name of a gallery that is being made. It is renamed when it is whole, so a kill leaves no
/// half gallery.
pub(super) const UNFINISHED: &str = "gallery.sqlite.new";
/// The time to wait for another process's write.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes the database of an empty gallery in a new or empty folder.
pub(super) fn create(dir: &Path, model: &ModelId, bits: usize) -> Result<()> {
    check_bits(bits)?;
    claim(dir)?;
    let unfinished = dir.join(UNFINISHED);
    let made = build(&unfinished, model, bits)
        .map_err(|source| database_error(dir, 0, source))
        .and_then(|()| finish(dir));
    if made.is_err() {
        let _best_effort = remove(&unfinished);
    }
    made
}

/// Makes sure that a folder is there and empty. What an interrupted creation left is removed.
pub(super) fn claim(dir: &Path) -> Result<()> {
    let unusable = |action| move |source| Error::File { action, path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(unusable("make the folder"))?;
    for entry in fs::read_dir(dir).map_err(unusable("read the folder"))? {
        let name = entry.map_err(unusable("read the folder"))?.file_name();
        let name = name.to_string_lossy();
        let reason = match name.as_ref() {
            DATABASE => "it is a gallery already".to_owned(),
            name if name.starts_with(UNFINISHED) => continue,
            name => format!("it holds `{name}`"),
        };
        return Err(Error::NotEmpty { dir: dir.to_owned(), reason });
    }
    remove(&dir.join(UNFINISHED))
}

/// Gives a whole database its name.
pub(super) fn finish(dir: &Path) -> Result<()> {
    let unfinished = dir.join(UNFINISHED);
    let finished = File::open(&unfinished)
        .and_then(|file| file.sync_all())
        .and_then(|()| fs::rename(&unfinished, dir.join(DATABASE)))
        // The new name must survive a power cut as the file's content does.
        .and_then(|()| File::open(dir).and_then(|dir| dir.sync_all()));
    finished.map_err(|source| Error::File {
        action: "write in the folder",
        path: dir.to_owned(),
        source,
    })
}

/// Removes what an interrupted creation left.
pub(super) fn remove(unfinished: &Path) -> Result<()> {
    for path in [unfinished.to_owned(), unfinished.with_extension("new-journal")] {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(Error::File { action: "remove", path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn build(path: &Path, model: &ModelId, bits: usize) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.transaction()?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    for format in FORMATS {
        transaction.execute_batch(format)?;
    }
    transaction.pragma_update(None, "user_version", FORMATS.len() as i64)?;
    transaction.execute(
        "INSERT INTO meta VALUES ('model', ?1), ('bits', ?2)",
        (&model.0, bits.to_string()),
    )?;
    meta::seal_schema(&transaction)?;
    meta::seal(&transaction)?;
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)
}

/// Checks by the file's first bytes that the folder holds a gallery's database. SQLite itself must
/// not touch another program's file.
///
/// This process must have no handle of the file ([`crate::Opening::is_first`]): closing it here
/// releases all locks of the process on it.
///
/// The layout is that of <https://www.sqlite.org/fileformat.html>, section 1.3.
pub(super) fn check_header(dir: &Path) -> Result<()> {
    let refuse = |reason: String| Err(Error::NotAGallery { gallery: dir.into(), reason });
    let path = dir.join(DATABASE);
    let mut file = match File::open(&path) {
        Ok(file) => file,
        Err(source) if source.kind() == ErrorKind::NotFound => {
            let missing = if dir.is_dir() {
                format!("it has no `{DATABASE}`")
            } else {
                "there is no such folder".into()
            };
            return refuse(missing);
        }
        Err(source) => return Err(Error::File { action: "open", path, source }),
    };
    let mut header = [0; 100];
    match file.read_exact(&mut header) {
        Ok(()) => {}
        Err(source) if source.kind() == ErrorKind::UnexpectedEof => {
            return refuse(format!("its `{DATABASE}` is shorter than any database"));
        }
        Err(source) => return Err(Error::File { action: "read", path, source }),
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return refuse(format!("its `{DATABASE}` is not an SQLite database"));
    }
    let application = u32::from_be_bytes([header[68], header[69], header[70], header[71]]);
    if application != APPLICATION_ID {
        return refuse(format!(
            "its `{DATABASE}` belongs to another program (application id {application:#x}; expected {APPLICATION_ID:#x})"
        ));
    }
    let version = u32::from_be_bytes([header[60], header[61], header[62], header[63]]);
    check_version(dir, i64::from(version))
}

/// Opens the database. Commits are durable, and deleted bytes are overwritten.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // In WAL mode only FULL makes a commit survive a power cut.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "secure_delete", true)?;
    // No temporary data of a gallery goes to a file elsewhere: see `compact`.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    Ok(connection)
}

/// Brings an older format up to date, all or nothing.
pub(super) fn migrate(dir: &Path, connection: &Connection) -> Result<()> {
    let failed = |source| database_error(dir, 0, source);
    let version = || {
        connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map_err(failed)
    };
    // The header's version may be older than this one: the latest pages can still be in the
    // write-ahead log.
    let found = version()?;
    check_version(dir, found)?;
    if found == FORMATS.len() as i64 {
        return Ok(());
    }
    let transaction =
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have done it while this one waited.
    let found = version()?;
    check_version(dir, found)?;
    for format in
        usize::try_from(found).ok().and_then(|found| FORMATS.get(found..)).unwrap_or_default()
    {
        transaction.execute_batch(format).map_err(failed)?;
    }
    if found < CHECKSUMS {
        rows::add_checksums(&transaction).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", FORMATS.len() as i64).map_err(failed)?;
    meta::seal_schema(&transaction).and_then(|()| meta::seal(&transaction)).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn check_version(dir: &Path, got: i64) -> Result<()> {
    let expected = FORMATS.len() as i64;
    if got > expected {
        return Err(Error::NewerGallery { gallery: dir.into(), got, expected });
    }
    if got < 1 {
        return Err(damaged(dir, format!("its format is {got}; expected 1 to {expected}")));
    }
    Ok(())
}
