//! Erasure of deleted pictures from saved answers.
//!
//! A set names the pictures that it shows. When one of them is deleted, its hit is removed from the
//! answer. The page and the objects made of the answer are removed too, as they show or name it.
//! The set says how many of its pictures were deleted. `gallery delete` and `gallery compact` do
//! this, and a server when it next reads sets.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use anyhow::{Context, Result, bail};
use gallery::{Error, Gallery, Location};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use serde_json::{Value, json};

use super::{FILE, Sets};
use crate::error::Problem;

/// The id that stands for unknown pictures on a page of an older program.
const UNTRACED: i64 = -1;
/// The page that replaces one that showed a deleted picture.
const PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
                    <title>Similar radiographs</title>\
                    <p>A picture of this answer was deleted from the gallery, \
                    and with it the page that showed it.</p></html>";

impl Sets {
    /// The sets of a gallery, if there are any: in the named file, or in the gallery's folder.
    ///
    /// # Errors
    /// If the file cannot be opened.
    pub fn of(gallery: &Location, named: Option<&Path>) -> Result<Option<Self>> {
        let path = named.map(PathBuf::from).or_else(|| Some(gallery.folder()?.join(FILE)));
        path.filter(|path| path.exists()).map(|path| Self::open(&path)).transpose()
    }

    /// Removes the pictures that the gallery has no more. Returns the number of sets that had any
    /// of them.
    ///
    /// # Errors
    /// If the file or the gallery fails.
    pub(crate) fn follow(&self, gallery: &Gallery) -> Result<usize, Problem> {
        let state = Some(gallery.generation());
        if *self.followed.lock().unwrap_or_else(PoisonError::into_inner) == state {
            return Ok(0);
        }
        let sql = "SELECT DISTINCT record FROM set_record WHERE record > 0";
        let named: Vec<i64> =
            self.with(|sets| sets.prepare(sql)?.query_map([], |row| row.get(0))?.collect())?;
        let named = named.into_iter().map(i64::cast_unsigned);
        let mut gone = Vec::new();
        for id in named.filter(|&id| !gallery.index().contains(id)) {
            match gallery.record(id) {
                Err(Error::NoRecord { .. }) => gone.push(id),
                Ok(_) | Err(Error::DamagedRecord { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let changed = if gone.is_empty() { 0 } else { self.forget(&gone)? };
        *self.followed.lock().unwrap_or_else(PoisonError::into_inner) = state;
        Ok(changed)
    }

    /// Removes pictures from all sets. Returns the number of sets that had any of them.
    ///
    /// # Errors
    /// If the file fails; nothing is changed then.
    pub fn forget(&self, ids: &[u64]) -> Result<usize> {
        let ids: Vec<i64> = ids.iter().map(|id| id.cast_signed()).collect();
        let changed = self.with(|sets| {
            let transaction = Transaction::new_unchecked(sets, TransactionBehavior::Immediate)?;
            let mut changed = Vec::<String>::new();
            for id in ids.iter().chain([&UNTRACED]) {
                let mut statement = transaction
                    .prepare_cached("SELECT set_id FROM set_record WHERE record = ?1")?;
                let found = statement
                    .query_map([id], |row| row.get::<_, String>(0))?
                    .collect::<Result<Vec<_>, _>>()?;
                changed.extend(found);
            }
            changed.sort_unstable();
            changed.dedup();
            changed.iter().try_for_each(|set| erase(&transaction, set, &ids))?;
            transaction.commit()?;
            Ok(changed.len())
        });
        let changed = changed.map_err(Problem::into_error)?;
        self.empty_log().map_err(Problem::into_error)?;
        Ok(changed)
    }

    /// Cuts the log, which may have bytes of deleted pictures. Returns whether it could be cut.
    pub(super) fn empty_log(&self) -> Result<bool, Problem> {
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        database
            .empty_log()
            .context("the log of the result sets cannot be emptied")
            .map_err(Problem::Internal)
    }

    /// Removes pictures that the gallery has no more, and writes the file anew, so that none of
    /// their bytes are left. Its temporary copy is in `folder`.
    ///
    /// # Errors
    /// If another program is in the way, or the disk is full.
    pub fn compact(&self, gallery: &Gallery, folder: &Path) -> Result<()> {
        self.follow(gallery).map_err(Problem::into_error)?;
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        database.rewrite(folder).context("the result sets cannot be written anew")?;
        if !database.empty_log()? {
            bail!(
                "another program reads the result sets, so that their log cannot be emptied. \
                 Close it, and run the command again"
            );
        }
        Ok(())
    }

    /// Copies the sets into a folder that has none.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn back_up(&self, to: &Path) -> Result<()> {
        let (part, path) = (to.join(format!("{FILE}.part")), to.join(FILE));
        let database = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        database.execute("VACUUM INTO ?1", [part.to_string_lossy()])?;
        // This is a change, so that SQLite syncs the file.
        let copy = Connection::open(&part)?;
        copy.execute_batch(
            "PRAGMA application_id = 0; CREATE TABLE synced (x); DROP TABLE synced;",
        )?;
        copy.close().map_err(|(_, error)| error)?;
        fs::rename(&part, &path).and_then(|()| File::open(to)?.sync_all())?;
        Ok(())
    }
}

/// Records which pictures a set shows, and which of them are its queries.
pub(super) fn name(
    sets: &Connection,
    set: &str,
    shows: &[u64],
    queries: &[u64],
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO set_record (record, set_id, query) VALUES (?1, ?2, ?3)
               ON CONFLICT DO UPDATE SET query = max(query, excluded.query)";
    let mut statement = sets.prepare_cached(sql)?;
    for (ids, query) in [(shows, false), (queries, true)] {
        for id in ids {
            statement.execute(params![id.cast_signed(), set, query])?;
        }
    }
    Ok(())
}

/// Records it for the sets of an older program, by their hits. If the query was of the gallery, the
/// page shows further pictures.
pub(super) fn trace(sets: &Connection) -> rusqlite::Result<()> {
    sets.execute_batch(
        "INSERT OR IGNORE INTO set_record
         SELECT hit.value ->> '$.id', result_set.id, 0
         FROM result_set, json_each(answer, '$.hits') AS hit
         WHERE hit.value ->> '$.id' IS NOT NULL;",
    )?;
    let untraced = "INSERT INTO set_record SELECT ?1, id, 0 FROM result_set WHERE preview IS NULL";
    sets.execute(untraced, [UNTRACED]).map(drop)
}

/// Removes pictures from a set.
fn erase(sets: &Connection, set: &str, ids: &[i64]) -> rusqlite::Result<()> {
    let answer: String =
        sets.query_row("SELECT answer FROM result_set WHERE id = ?1", [set], |row| row.get(0))?;
    let (answer, hits) = without(&answer, ids);
    let (mut deleted, mut query) = (0, false);
    let mut statement = sets.prepare_cached(
        "DELETE FROM set_record WHERE set_id = ?1 AND record = ?2 RETURNING query",
    )?;
    for id in ids.iter().chain([&UNTRACED]) {
        let was: Vec<bool> =
            statement.query_map(params![set, id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        deleted += i64::from(!was.is_empty() && *id != UNTRACED);
        query |= was.contains(&true);
    }
    sets.execute(
        "UPDATE result_set SET answer = ?2, hits = ?3, deleted = deleted + ?4, report = ?5,
                fhir = NULL, sr = NULL, preview = CASE WHEN ?6 THEN NULL ELSE preview END WHERE id = ?1",
        params![set, answer, hits, deleted, PAGE.as_bytes(), query],
    )
    .map(drop)
}

/// An answer without some hits, and the number of hits left. An unreadable one is left without any.
fn without(answer: &str, ids: &[i64]) -> (String, i64) {
    let read = serde_json::from_str(answer).ok().filter(Value::is_object);
    let mut answer: Value = read.unwrap_or_else(|| json!({ "hits": [] }));
    let mut left = 0;
    if let Some(hits) = answer["hits"].as_array_mut() {
        hits.retain(|hit| hit["id"].as_i64().is_some_and(|id| !ids.contains(&id)));
        left = hits.len() as i64;
    }
    answer["tally"] = tally(&answer["hits"]);
    (answer.to_string(), left)
}

/// The number of hits with each label, the most frequent first.
fn tally(hits: &Value) -> Value {
    let labels =
        hits.as_array().into_iter().flatten().flat_map(|hit| hit["record"]["labels"].as_array());
    let mut counts = BTreeMap::<&str, usize>::new();
    for label in labels.flatten().filter_map(Value::as_str) {
        *counts.entry(label).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|&(_, count)| Reverse(count));
    counts.into_iter().map(|(label, count)| json!({ "label": label, "count": count })).collect()
}
