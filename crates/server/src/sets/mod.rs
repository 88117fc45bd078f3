//! Result sets: answers that were saved under a name, with the files made of them for others, in a
//! file of SQLite.
//!
//! A set stays as its answer was: it shows the hits of that time, even if the gallery would answer
//! otherwise now. But pictures that are deleted from the gallery are removed from the sets, too
//! ([`erasure`]).

mod erasure;
mod schema;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use gallery::Database;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::caller::Caller;
use super::error::Problem;
use super::keys::Role;
use super::views::SetView;

/// The file's name in the gallery's folder.
pub(super) const FILE: &str = "sets.sqlite";

/// A limit on sets and their bytes.
#[derive(Clone, Copy)]
struct Quota {
    sets: i64,
    bytes: i64,
}

/// The quota of one owner. All callers without a key are one owner.
const OWN: Quota = Quota { sets: 1000, bytes: 256 << 20 };
/// The quota of all owners together.
const ALL: Quota = Quota { sets: 10_000, bytes: 4 << 30 };

/// The bytes of a set, in SQL.
const BYTES: &str = "octet_length(answer) + octet_length(note) + coalesce(octet_length(preview), 0)
                     + octet_length(report) + coalesce(octet_length(fhir), 0)
                     + coalesce(octet_length(sr), 0)";

/// The columns that lists show.
const COLUMNS: &str = "id, name, note, made, owner, shared, hits, \
                       fhir IS NOT NULL, sr IS NOT NULL, preview IS NOT NULL, deleted";

/// The saved sets.
pub struct Sets {
    database: Mutex<Database>,
    /// The state of the gallery that they were last compared with.
    followed: Mutex<Option<u64>>,
}

/// The parts of a set that lists do not show.
pub(super) struct Kept {
    /// The answer, in JSON.
    pub(super) answer: String,
    /// The query as a PNG file, if it is an uploaded picture.
    pub(super) preview: Option<Vec<u8>>,
    /// The page of the answer.
    pub(super) report: Vec<u8>,
    /// The FHIR bundle; `None` after feedback, which that form cannot express.
    pub(super) fhir: Option<Vec<u8>>,
    /// The DICOM report; `None` after feedback, or if the query has no study.
    pub(super) sr: Option<Vec<u8>>,
    /// The ids of the gallery's pictures that any part shows or names.
    pub(super) shows: Vec<u64>,
    /// The ids of the queries that the gallery has.
    pub(super) queries: Vec<u64>,
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
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let database = schema::open(path)
            .with_context(|| format!("cannot keep result sets in `{}`", path.display()))?;
        Ok(Self { database: Mutex::new(database), followed: Mutex::default() })
    }

    /// Keeps a set. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`Problem::Invalid`] if there are too many, of the owner's or of all.
    pub(super) fn insert(&self, set: &SetView, kept: &Kept) -> Result<(), Problem> {
        let SetView { id, name, note, made, owner, shared, hits, .. } = set;
        let Kept { answer, preview, report, fhir, sr, .. } = kept;
        let parts = [preview.as_ref(), Some(report), fhir.as_ref(), sr.as_ref()];
        let parts = parts.into_iter().flatten().map(Vec::len).sum::<usize>();
        let bytes = (parts + answer.len() + note.len()) as i64;
        let hits = *hits as i64;
        self.with(|sets| {
            let transaction = Transaction::new_unchecked(sets, TransactionBehavior::Immediate)?;
            let own = over(&transaction, "owner IS ?1", owner.as_deref(), OWN, bytes)?;
            let all = over(&transaction, "?1 IS ?1", None, ALL, bytes)?;
            if let Some(problem) =
                own.map(|got| full(&got, "of one owner", OWN)).or(all.map(|got| full(&got, "in all", ALL)))
            {
                return Ok(Err(problem));
            }
            transaction.execute(
                "INSERT INTO result_set VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 0)",
                params![id, name, note, made, owner, shared, hits, answer, preview, report, fhir, sr],
            )?;
            erasure::name(&transaction, id, &kept.shows, &kept.queries)?;
            transaction.commit().map(Ok)
        })??;
        // A picture in it may have been deleted since it was found.
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
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
    pub(super) fn get(
        &self,
        id: &str,
        asker: Option<&Caller>,
    ) -> Result<(SetView, String), Problem> {
        let sql = format!("SELECT {COLUMNS}, answer FROM result_set WHERE id = ?1");
        let read = |row: &Row<'_>| Ok((view(row)?, row.get(11)?));
        let found = self.with(|sets| sets.query_row(&sql, [id], read).optional())?;
        found.filter(|(set, _)| may_see(set, asker)).ok_or(Problem::UnknownSet)
    }

    /// A part of a set, for a caller whom [`Sets::get`] gives it.
    ///
    /// # Errors
    /// [`Problem::UnknownSet`] where the set has no such part.
    pub(super) fn part(&self, id: &str, part: Part) -> Result<Vec<u8>, Problem> {
        let sql = format!("SELECT {} FROM result_set WHERE id = ?1", part.column());
        let found: Option<Option<Vec<u8>>> =
            self.with(|sets| sets.query_row(&sql, [id], |row| row.get(0)).optional())?;
        found.flatten().ok_or(Problem::UnknownSet)
    }

    /// Deletes a set.
    ///
    /// # Errors
    /// As [`Sets::get`]; [`Problem::RoleTooLow`] for a set that is somebody else's, unless an admin
    /// asks.
    pub(super) fn remove(&self, id: &str, asker: Option<&Caller>) -> Result<(), Problem> {
        let (set, _) = self.get(id, asker)?;
        if !asker.is_none_or(|caller| {
            set.owner.as_ref() == Some(&caller.id) || caller.role >= Role::Admin
        }) {
            return Err(Problem::RoleTooLow { wanted: Role::Admin });
        }
        self.with(|sets| sets.execute("DELETE FROM result_set WHERE id = ?1", [id]))?;
        self.empty_log().map(drop)
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Problem> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        work(&database).context("the file of result sets failed").map_err(Problem::Internal)
    }
}

/// The number and the bytes of some sets with one more of `bytes`, if they exceed a quota.
fn over(
    sets: &Connection,
    of: &str,
    owner: Option<&str>,
    quota: Quota,
    bytes: i64,
) -> rusqlite::Result<Option<(i64, i64)>> {
    let sql =
        format!("SELECT count(*) + 1, coalesce(sum({BYTES}), 0) + ?2 FROM result_set WHERE {of}");
    let got = sets.query_row(&sql, params![owner, bytes], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Some(got).filter(|&(count, bytes)| count > quota.sets || bytes > quota.bytes))
}

fn full((count, bytes): &(i64, i64), whose: &str, quota: Quota) -> Problem {
    let megabytes = |bytes: i64| bytes.cast_unsigned().div_ceil(1 << 20);
    Problem::invalid(
        format!("{count} sets of {} MB {whose}", megabytes(*bytes)),
        format!("at most {} sets of {} MB: delete some", quota.sets, megabytes(quota.bytes)),
    )
}

/// Tells whether a caller may see a set: their own, shared ones, and those saved when there were no
/// keys. An admin sees all.
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
        deleted: row.get::<_, i64>(10)? as usize,
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
            deleted: 0,
        }
    }

    fn kept(answer: &str) -> Kept {
        let (answer, fhir) = (answer.to_owned(), Some(b"{}".to_vec()));
        Kept {
            answer,
            preview: None,
            report: b"page".to_vec(),
            fhir,
            sr: None,
            shows: Vec::new(),
            queries: Vec::new(),
        }
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
        let (a, b, admin) =
            (who("a", Role::Reader), who("b", Role::Contributor), who("c", Role::Admin));
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

    #[test]
    fn an_owner_has_a_share_and_others_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let sets = Sets::open(&folder.path().join("sets.sqlite")).unwrap();
        let many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                    INSERT INTO result_set
                    SELECT 'n' || i, '', '', '', 'a', 0, 0, '{}', NULL, x'00', NULL, NULL, 0 FROM n";
        sets.with(|sets| sets.execute_batch(many)).unwrap();
        let Err(Problem::Invalid { got, expected }) =
            sets.insert(&set("own", "a", false), &kept("{}"))
        else {
            panic!("it is one too many")
        };
        assert!(
            got.contains("1001 sets") && expected.contains("at most 1000 sets of 256 MB"),
            "{got}; {expected}"
        );
        sets.insert(&set("other", "b", false), &kept("{}")).unwrap();
        let over = |bytes| {
            sets.with(|sets| over(sets, "owner IS ?1", Some("b"), OWN, bytes)).unwrap().is_some()
        };
        assert_eq!([over(OWN.bytes - 100), over(OWN.bytes)], [false, true]);
    }

    #[test]
    fn sets_of_an_older_program_are_traced_and_lose_what_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("sets.sqlite");
        let hit = |id: u64| serde_json::json!({ "id": id, "record": { "key": format!("key-{id}"), "labels": ["chest"] } });
        let answer = serde_json::json!({ "hits": [hit(3), hit(4)], "tally": [] }).to_string();
        let old = Connection::open(&path).unwrap();
        old.execute_batch(
            &format!(
                "CREATE TABLE result_set (id TEXT PRIMARY KEY, name TEXT NOT NULL, note TEXT NOT NULL,
                 made TEXT NOT NULL, owner TEXT, shared INTEGER NOT NULL, hits INTEGER NOT NULL,
                 answer TEXT NOT NULL, preview BLOB, report BLOB NOT NULL, fhir BLOB, sr BLOB) STRICT;
             INSERT INTO result_set
             VALUES ('a', 'A', '', '', NULL, 0, 2, '{answer}', x'01', 'key-3', x'02', NULL);
             INSERT INTO result_set
             VALUES ('b', 'B', '', '', NULL, 0, 0, '{{\"hits\":[]}}', NULL, 'key-3', NULL, NULL);
             PRAGMA user_version = 1;"
            )
            .replace("'key-3'", "CAST('key-3' AS BLOB)"),
        )
        .unwrap();
        drop(old);
        let sets = Sets::open(&path).unwrap();
        assert_eq!(
            sets.forget(&[3]).unwrap(),
            2,
            "and the page of a query of which it was not said what it shows"
        );
        let (set, answer) = sets.get("a", None).unwrap();
        assert_eq!((set.hits, set.deleted, set.fhir, set.preview), (1, 1, false, true));
        assert!(
            !answer.contains("key-3") && answer.contains("key-4") && answer.contains("\"count\":1"),
            "{answer}"
        );
        for id in ["a", "b"] {
            assert!(
                !sets.part(id, Part::Report).unwrap().windows(5).any(|window| window == b"key-3")
            );
        }
        assert_eq!((sets.forget(&[3]).unwrap(), sets.get("b", None).unwrap().0.deleted), (0, 0));
        drop(sets);
        assert_eq!(Sets::open(&path).unwrap().list(None).unwrap().len(), 2);
    }
}
