//! Result sets: answers that were saved under a name, with what was made of them for others, in a file of SQLite.
//!
//! A set is as its answer was: it shows what was found then, whatever the gallery holds now.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, bail};
use retrieval::{Database, Opening};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::Problem;
use super::guard::Caller;
use super::keys::Role;
use super::views::SetView;

/// Sets at most.
const MOST: i64 = 10_000;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS result_set (
        id TEXT PRIMARY KEY, name TEXT NOT NULL, note TEXT NOT NULL, made TEXT NOT NULL, owner TEXT,
        shared INTEGER NOT NULL, hits INTEGER NOT NULL, answer TEXT NOT NULL, preview BLOB, report BLOB NOT NULL,
        fhir BLOB, sr BLOB
    ) STRICT;
    PRAGMA user_version = 1;";
/// Of the schema.
const VERSION: i64 = 1;

/// What lists show.
const COLUMNS: &str =
    "id, name, note, made, owner, shared, hits, fhir IS NOT NULL, sr IS NOT NULL, preview IS NOT NULL";

/// The saved sets.
pub(super) struct Sets {
    database: Mutex<Database>,
}

/// What a set keeps besides what lists show.
pub(super) struct Kept {
    /// The answer, in JSON.
    pub(super) answer: String,
    /// The query, if it is a picture that was uploaded, as a PNG file.
    pub(super) preview: Option<Vec<u8>>,
    /// A page.
    pub(super) report: Vec<u8>,
    /// None after feedback, of which there is nothing to tell in that form.
    pub(super) fhir: Option<Vec<u8>>,
    /// None, too, where the query has no study.
    pub(super) sr: Option<Vec<u8>>,
}

/// A part of a set.
#[derive(Clone, Copy)]
pub(super) enum Part {
    Preview,
    Report,
    Fhir,
    Sr,
}

impl Part {
    fn column(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Report => "report",
            Self::Fhir => "fhir",
            Self::Sr => "sr",
        }
    }
}

impl Sets {
    /// Opens the file, and makes it if there is none.
    ///
    /// # Errors
    /// If it cannot be written, or is of another program.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let wrong = || format!("cannot keep result sets in `{}`", path.display());
        let opening = Opening::begin(path);
        let database = Connection::open(path).with_context(wrong)?;
        let version: i64 =
            database.query_row("PRAGMA user_version", [], |row| row.get(0)).with_context(wrong)?;
        if version > VERSION {
            bail!("`{}` is of a newer program: its version is {version}, expected {VERSION}", path.display());
        }
        database.execute_batch(SCHEMA).with_context(wrong)?;
        let database = opening.finish(database).with_context(wrong)?;
        Ok(Self { database: Mutex::new(database) })
    }

    /// Keeps a set: it is on the disk when this returns.
    ///
    /// # Errors
    /// [`Problem::Invalid`] if there are too many.
    pub(super) fn insert(&self, set: &SetView, kept: &Kept) -> Result<(), Problem> {
        let count: i64 =
            self.with(|sets| sets.query_row("SELECT count(*) FROM result_set", [], |row| row.get(0)))?;
        if count >= MOST {
            return Err(Problem::invalid(
                format!("set {}", count + 1),
                format!("at most {MOST}: delete some"),
            ));
        }
        let SetView { id, name, note, made, owner, shared, hits, .. } = set;
        let Kept { answer, preview, report, fhir, sr } = kept;
        let hits = *hits as i64;
        self.with(|sets| {
            sets.execute(
                "INSERT INTO result_set VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                params![id, name, note, made, owner, shared, hits, answer, preview, report, fhir, sr],
            )
        })
        .map(drop)
    }

    /// The sets that somebody may see, the newest first.
    pub(super) fn list(&self, asker: Option<&Caller>) -> Result<Vec<SetView>, Problem> {
        let sql = format!("SELECT {COLUMNS} FROM result_set ORDER BY made DESC, id");
        let sets: Vec<SetView> =
            self.with(|sets| sets.prepare(&sql)?.query_map([], view)?.collect::<Result<_, _>>())?;
        Ok(sets.into_iter().filter(|set| may_see(set, asker)).collect())
    }

    /// A set and its answer in JSON.
    ///
    /// # Errors
    /// [`Problem::UnknownSet`], also for one that is somebody else's.
    pub(super) fn get(&self, id: &str, asker: Option<&Caller>) -> Result<(SetView, String), Problem> {
        let sql = format!("SELECT {COLUMNS}, answer FROM result_set WHERE id = ?1");
        let read = |row: &Row<'_>| Ok((view(row)?, row.get(10)?));
        let found = self.with(|sets| sets.query_row(&sql, [id], read).optional())?;
        found.filter(|(set, _)| may_see(set, asker)).ok_or(Problem::UnknownSet)
    }

    /// A part of a set, for somebody whom [`Sets::get`] gives it.
    ///
    /// # Errors
    /// [`Problem::UnknownSet`] where the set has no such part.
    pub(super) fn part(&self, id: &str, part: Part) -> Result<Vec<u8>, Problem> {
        let sql = format!("SELECT {} FROM result_set WHERE id = ?1", part.column());
        let found: Option<Option<Vec<u8>>> =
            self.with(|sets| sets.query_row(&sql, [id], |row| row.get(0)).optional())?;
        found.flatten().ok_or(Problem::UnknownSet)
    }

    /// Takes a set out.
    ///
    /// # Errors
    /// As [`Sets::get`]; [`Problem::RoleTooLow`] for a set that is somebody else's, unless an admin asks.
    pub(super) fn remove(&self, id: &str, asker: Option<&Caller>) -> Result<(), Problem> {
        let (set, _) = self.get(id, asker)?;
        if !asker.is_none_or(|caller| set.owner.as_ref() == Some(&caller.id) || caller.role >= Role::Admin) {
            return Err(Problem::RoleTooLow { wanted: Role::Admin });
        }
        self.with(|sets| sets.execute("DELETE FROM result_set WHERE id = ?1", [id])).map(drop)
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Problem> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        work(&database).context("the file of result sets failed").map_err(Problem::Internal)
    }
}

/// One's own, what is shared, and what was saved when there were no keys; an admin sees all.
fn may_see(set: &SetView, asker: Option<&Caller>) -> bool {
    let Some(caller) = asker else { return true };
    let own = set.owner.as_ref().is_none_or(|owner| *owner == caller.id);
    own || set.shared || caller.role >= Role::Admin
}

fn view(row: &Row<'_>) -> rusqlite::Result<SetView> {
    Ok(SetView {
        id: row.get(0)?,
        name: row.get(1)?,
        note: row.get(2)?,
        made: row.get(3)?,
        owner: row.get(4)?,
        shared: row.get(5)?,
        hits: row.get::<_, i64>(6)? as usize,
        fhir: row.get(7)?,
        sr: row.get(8)?,
        preview: row.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(id: &str, owner: &str, shared: bool) -> SetView {
        SetView {
            id: id.to_owned(),
            name: id.to_uppercase(),
            note: String::new(),
            made: "2026-01-01T00:00:00Z".to_owned(),
            owner: Some(owner.to_owned()),
            shared,
            hits: 3,
            fhir: true,
            sr: false,
            preview: false,
        }
    }

    fn kept(answer: &str) -> Kept {
        let (answer, fhir) = (answer.to_owned(), Some(b"{}".to_vec()));
        Kept { answer, preview: None, report: b"page".to_vec(), fhir, sr: None }
    }

    #[test]
    fn a_set_is_seen_by_who_may_and_outlives_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sets.sqlite");
        let sets = Sets::open(&path).unwrap();
        sets.insert(&set("own", "a", false), &kept("[1]")).unwrap();
        sets.insert(&set("shared", "a", true), &kept("[2]")).unwrap();
        drop(sets);
        let sets = Sets::open(&path).unwrap();
        let who = |key, role| Caller::of_key(key, role);
        let (a, b, admin) = (who("a", Role::Reader), who("b", Role::Contributor), who("c", Role::Admin));
        let seen = |who: Option<&Caller>| sets.list(who).unwrap().len();
        assert_eq!([seen(None), seen(Some(&a)), seen(Some(&b)), seen(Some(&admin))], [2, 2, 1, 2]);
        assert_eq!(sets.get("shared", Some(&b)).unwrap().1, "[2]");
        assert!(matches!(sets.get("own", Some(&b)), Err(Problem::UnknownSet)));
        assert_eq!(sets.part("own", Part::Report).unwrap(), b"page");
        assert!(matches!(sets.part("own", Part::Sr), Err(Problem::UnknownSet)));
        assert!(matches!(sets.remove("shared", Some(&b)), Err(Problem::RoleTooLow { .. })));
        assert!(matches!(sets.remove("own", Some(&b)), Err(Problem::UnknownSet)));
        sets.remove("shared", Some(&admin)).unwrap();
        sets.remove("own", Some(&a)).unwrap();
        assert_eq!(seen(None), 0);
    }
}
