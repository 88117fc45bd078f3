//! Proving a gallery sound: the database's pages, every record's parts, and the index.

use std::fmt;

use rusqlite::types::ValueRef;

use super::Gallery;
use crate::{Embedding, HashCode, Result};

/// Whether bytes are what they should be, or what they are.
type Checked = std::result::Result<(), String>;

/// Something wrong with a gallery. `Display` says what, in a line.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// SQLite found its own pages, a constraint or a reference broken.
    Database {
        /// SQLite's words.
        detail: String,
    },
    /// A part of a record that is not there.
    Missing {
        /// The record.
        id: u64,
        /// Code, embedding or thumbnail.
        part: &'static str,
    },
    /// A part of a record that does not read.
    Unreadable {
        /// The record.
        id: u64,
        /// Code, embedding or thumbnail.
        part: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// A record that the index lacks, and searches so cannot find.
    NotIndexed {
        /// The record.
        id: u64,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { detail } => write!(f, "the database: {detail}"),
            Self::Missing { id, part } => write!(f, "record {id} has no {part}"),
            Self::Unreadable { id, part, detail } => write!(f, "record {id} has a damaged {part}: {detail}"),
            Self::NotIndexed { id } => {
                write!(f, "record {id} is in the database but not in the index; open the gallery again")
            }
        }
    }
}

impl Gallery {
    /// Checks all that is stored, and gives what is wrong; a sound gallery gives nothing.
    ///
    /// Reads every code, embedding and thumbnail, so it takes as long as reading the whole database.
    ///
    /// # Errors
    /// If the check itself cannot be made. Damage is no error but a problem.
    pub fn verify(&self) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        // On a badly damaged file the checks may themselves fail: that too is a finding.
        for check in [Self::check_database, Self::check_references, Self::check_records] {
            if let Err(error) = check(self, &mut problems) {
                problems.push(Problem::Database { detail: error.to_string() });
            }
        }
        Ok(problems)
    }

    fn check_database(&self, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare("PRAGMA quick_check")?;
        let findings = statement.query_map([], |row| row.get::<_, String>(0))?;
        for detail in findings {
            let detail = detail?;
            if detail != "ok" {
                problems.push(Problem::Database { detail });
            }
        }
        Ok(())
    }

    fn check_references(&self, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare("PRAGMA foreign_key_check")?;
        let orphans =
            statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<i64>>(1)?)))?;
        for orphan in orphans {
            let (table, row) = orphan?;
            let row = row.map_or_else(String::new, |row| format!(" {row}"));
            problems
                .push(Problem::Database { detail: format!("row{row} of `{table}` belongs to no record") });
        }
        Ok(())
    }

    fn check_records(&self, problems: &mut Vec<Problem>) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare(
            "SELECT id, code, embedding, thumbnail FROM records
             LEFT JOIN codes ON codes.record = id
             LEFT JOIN embeddings ON embeddings.record = id
             LEFT JOIN thumbnails ON thumbnails.record = id ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let id = row.get::<_, i64>(0)?.cast_unsigned();
            let before = problems.len();
            problems.extend(check_part(id, "code", row.get_ref(1)?, |bytes| self.check_code(bytes)));
            problems
                .extend(check_part(id, "embedding", row.get_ref(2)?, |bytes| self.check_embedding(bytes)));
            problems.extend(check_part(id, "thumbnail", row.get_ref(3)?, check_thumbnail));
            let pending = self.pending.binary_search_by_key(&id, |(pending, _)| *pending).is_ok();
            if problems.len() == before && !pending && !self.index.contains(id) {
                problems.push(Problem::NotIndexed { id });
            }
        }
        Ok(())
    }

    fn check_code(&self, bytes: &[u8]) -> Checked {
        let code = HashCode::from_bytes(bytes).map_err(|error| error.to_string())?;
        match code.bits() == self.bits {
            true => Ok(()),
            false => Err(format!("{} bits; expected {}", code.bits(), self.bits)),
        }
    }

    fn check_embedding(&self, bytes: &[u8]) -> Checked {
        let embedding = Embedding::from_bytes(bytes).map_err(|error| error.to_string())?;
        self.check_dimensions(&embedding).map_err(|error| error.to_string())
    }
}

fn check_thumbnail(bytes: &[u8]) -> Checked {
    // The first and last marker of a JPEG file: start and end of image.
    match bytes.starts_with(&[0xff, 0xd8]) && bytes.ends_with(&[0xff, 0xd9]) {
        true => Ok(()),
        false => Err(format!("{} bytes that are no JPEG file", bytes.len())),
    }
}

/// What is wrong with a stored part, if anything.
fn check_part(
    id: u64,
    part: &'static str,
    stored: ValueRef<'_>,
    check: impl FnOnce(&[u8]) -> Checked,
) -> Option<Problem> {
    if stored == ValueRef::Null {
        return Some(Problem::Missing { id, part });
    }
    let checked = stored.as_blob().map_err(|error| error.to_string()).and_then(check);
    checked.err().map(|detail| Problem::Unreadable { id, part, detail })
}
