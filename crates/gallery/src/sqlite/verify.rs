//! Checks the database's pages, every record and its parts, the words of the reports, and that the
//! index has every code.

use retrieval::{Embedding, HashCode, Index};
use rusqlite::Row;

use super::failure::database_error;
use super::reading::CHANGED;
use super::{Meta, Problem, Sqlite, SqliteError, acknowledged, log, meta};
use crate::record::check_thumbnail;
use crate::{Error, Result};

/// The result of a check; its error describes the bytes found.
type Checked = std::result::Result<(), String>;

/// A database, and the index to check against it.
pub(super) struct Check<'a> {
    pub(super) store: &'a Sqlite,
    pub(super) index: &'a Index,
    pub(super) known: &'a Meta,
}

impl Check<'_> {
    pub(super) fn all(&self) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for check in [log::check(&self.store.dir), self.check_acknowledged()] {
            problems
                .extend(check.err().map(|error| Problem::Database { detail: error.to_string() }));
        }
        for check in
            [Self::check_database, Self::check_references, Self::check_records, Self::check_words]
        {
            // On a badly damaged file the checks themselves may fail, which is a finding, too.
            match check(self, &mut problems)
                .map_err(|source| database_error(&self.store.dir, 0, source))
            {
                Err(busy @ Error::Sqlite(SqliteError::Busy { .. })) => return Err(busy),
                Err(error) => problems.push(Problem::Database { detail: error.to_string() }),
                Ok(()) => {}
            }
        }
        Ok(problems)
    }

    /// Checks that no acknowledged change is lost.
    fn check_acknowledged(&self) -> Result<()> {
        // This is read first: a change acknowledged later is in the database by then.
        let path = self.store.dir.join(acknowledged::FILE);
        let expected = acknowledged::read(&self.store.dir).map_err(|source| Error::File {
            action: "read",
            path,
            source,
        })?;
        let got = meta::read(&self.store.dir, &self.store.connection)?.generation;
        match expected.filter(|expected| *expected > got) {
            Some(expected) => {
                let gallery = self.store.location.clone();
                Err(SqliteError::LostChanges { gallery, got, expected }.into())
            }
            None => Ok(()),
        }
    }

    fn check_database(&self, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
        let mut statement = self.store.connection.prepare("PRAGMA integrity_check")?;
        let findings = statement.query_map([], |row| row.get::<_, String>(0))?;
        for detail in findings {
            let detail = detail?;
            if detail != "ok" {
                problems.push(Problem::Database { detail });
            }
        }
        if !meta::is_schema_whole(&self.store.connection)? {
            let detail = "the definition of a table, an index or a trigger has changed".to_owned();
            problems.push(Problem::Database { detail });
        }
        Ok(())
    }

    fn check_references(&self, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
        let mut statement = self.store.connection.prepare("PRAGMA foreign_key_check")?;
        let orphans = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?)))?;
        for orphan in orphans {
            let (table, row) = orphan?;
            let row = row.map_or_else(String::new, |row| format!(" {row}"));
            problems.push(Problem::Database {
                detail: format!("row{row} of `{table}` belongs to no record"),
            });
        }
        Ok(())
    }

    fn check_records(&self, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
        let mut statement = self.store.connection.prepare(
            "SELECT id, code, codes.crc, embedding, embeddings.crc, thumbnail, thumbnails.crc, generation
             FROM records
             LEFT JOIN codes ON codes.record = id
             LEFT JOIN embeddings ON embeddings.record = id
             LEFT JOIN thumbnails ON thumbnails.record = id
             LEFT JOIN changes ON changes.record = id ORDER BY id",
        )?;
        let (mut rows, mut indexed) = (statement.query([])?, 0);
        while let Some(row) = rows.next()? {
            let id = row.get::<_, i64>(0)?.cast_unsigned();
            indexed += usize::from(self.index.contains(id));
            let before = problems.len();
            problems.extend(check_part(id, "code", row, 1, |bytes| self.check_code(bytes)));
            problems
                .extend(check_part(id, "embedding", row, 3, |bytes| self.check_embedding(bytes)));
            let is_jpeg = |bytes: &[u8]| check_thumbnail(bytes).map_err(|error| error.to_string());
            problems.extend(check_part(id, "thumbnail", row, 5, is_jpeg));
            problems.extend(self.store.record(id).err().map(|error| match error {
                Error::DamagedRecord { part, detail, .. } => {
                    Problem::Unreadable { id, part, detail }
                }
                error => Problem::Unreadable { id, part: "fields", detail: error.to_string() },
            }));
            // Records that are uncommitted, or that another process has committed since, are not in
            // this index.
            let inserted = row.get::<_, Option<i64>>(7)?.unwrap_or_default().cast_unsigned();
            let known = inserted <= self.known.generation;
            let stored =
                row.get_ref(1)?.as_blob().ok().and_then(|bytes| HashCode::from_bytes(bytes).ok());
            if problems.len() == before && known && self.index.code(id) != stored {
                problems.push(Problem::NotIndexed { id });
            }
        }
        let strangers = self.index.len() - indexed.min(self.index.len());
        // Records that another process has deleted meanwhile are still in this index.
        let followed = meta::read(&self.store.dir, &self.store.connection)
            .is_ok_and(|meta| meta.generation == self.known.generation);
        if strangers > 0 && followed {
            problems.push(Problem::Strangers { count: strangers });
        }
        Ok(())
    }

    /// Checks the index of words against the reports.
    fn check_words(&self, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
        let erases = "SELECT count(*) FROM report_words_config WHERE k = 'secure-delete' AND v = 1";
        if self.store.connection.query_row(erases, [], |row| row.get::<_, i64>(0))? != 1 {
            let detail =
                "the index of the reports' words does not wipe what is deleted any more".to_owned();
            problems.push(Problem::Database { detail });
        }
        let check = "INSERT INTO report_words (report_words, rank) VALUES ('integrity-check', 1)";
        match self.store.connection.execute(check, []) {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseCorrupt) =>
            {
                let detail = "the index of the reports' words is damaged".to_owned();
                problems.push(Problem::Database { detail });
                Ok(())
            }
            checked => checked.map(|_| ()),
        }
    }

    fn check_code(&self, bytes: &[u8]) -> Checked {
        let code = HashCode::from_bytes(bytes).map_err(|error| error.to_string())?;
        match code.bits() == self.known.bits {
            true => Ok(()),
            false => Err(format!("{} bits; expected {}", code.bits(), self.known.bits)),
        }
    }

    fn check_embedding(&self, bytes: &[u8]) -> Checked {
        let embedding = Embedding::from_bytes(bytes).map_err(|error| error.to_string())?;
        self.known.check_dimensions(&embedding).map_err(|error| error.to_string())
    }
}

/// The fault of a record's part, if there is one. The row has its bytes at `column`, then their
/// checksum.
fn check_part(
    id: u64,
    part: &'static str,
    row: &Row<'_>,
    column: usize,
    check: impl FnOnce(&[u8]) -> Checked,
) -> Option<Problem> {
    let read = || row.get_ref(column).and_then(|value| Ok(value.as_blob_or_null()?));
    match read() {
        Ok(None) => Some(Problem::Missing { id, part }),
        Ok(Some(bytes)) => {
            let expected: Option<u32> = row.get(column + 1).unwrap_or_default();
            let checked =
                check(bytes).and_then(|()| match expected == Some(crc32fast::hash(bytes)) {
                    true => Ok(()),
                    false => Err(CHANGED.to_owned()),
                });
            checked.err().map(|detail| Problem::Unreadable { id, part, detail })
        }
        Err(error) => Some(Problem::Unreadable { id, part, detail: error.to_string() }),
    }
}
