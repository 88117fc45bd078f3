//! Inserting, committing, deleting, and switching to another model's codes.

use std::time::Duration;

use retrieval::{Embedding, HashCode, ModelId};
use tokio_postgres::types::Json;

use super::codec::{to_bits, to_halves};
use super::connection::{Connection, Open};
use super::rows::signed;
use super::session::{Answer, CHANGE, SLOW};
use super::{Postgres, PostgresError};
use crate::store::{Meta, Next};
use crate::{Entry, Error, Insertion, Record, ReindexingError, Result};

/// The first statement of a transaction. It holds the row, so that nobody replaces all codes before
/// the end.
const HOLD: &str = "SELECT rebuilt, model, dimensions FROM meta FOR SHARE";
const SWITCH: &str = include_str!("formats/switch.sql");

impl Postgres {
    /// Begins a transaction with the server in charge, unless one has begun. `dimensions` becomes
    /// the embeddings' length if there is none yet.
    fn begin(&mut self, known: &Meta, dimensions: Option<usize>) -> Result<()> {
        if self.connection.busy.get() {
            return Ok(());
        }
        let held = self.connection.write(CHANGE, |open| {
            open.session.batch_execute("BEGIN")?;
            if let Some(dimensions) = dimensions.map(|dimensions| dimensions as i32) {
                let sql = "UPDATE meta SET dimensions = $1 WHERE dimensions IS NULL";
                open.session.execute(sql, &[&dimensions])?;
            }
            let statement = open.prepared(HOLD)?;
            open.session.query_one(&statement, &[])
        });
        self.connection.busy.set(true);
        let row = held.inspect_err(|_| self.roll_back())?;
        let meta = Meta {
            rebuilt: row.get::<_, i64>(0).cast_unsigned(),
            model: ModelId(row.get(1)),
            dimensions: row.get::<_, Option<i32>>(2).map(|dimensions| dimensions as usize),
            ..known.clone()
        };
        let expected = meta.dimensions.or(dimensions);
        let current =
            meta.check(known, &self.connection.location).and(match (dimensions, expected) {
                (Some(got), Some(expected)) if got != expected => {
                    Err(retrieval::Error::EmbeddingMismatch { got, expected }.into())
                }
                _ => Ok(()),
            });
        current.inspect_err(|_| self.roll_back())
    }

    /// Runs a part of the transaction. A failure undoes all of it.
    pub(super) fn change<T>(&mut self, work: impl FnOnce(&mut Open) -> Answer<T>) -> Result<T> {
        self.change_within(CHANGE, work)
    }

    fn change_within<T>(
        &mut self,
        timeout: Duration,
        work: impl FnOnce(&mut Open) -> Answer<T>,
    ) -> Result<T> {
        let done = self.connection.write(timeout, work);
        done.map_err(|error| {
            let undone = std::mem::take(&mut self.pending);
            self.roll_back();
            match error {
                Error::Postgres(PostgresError::Server { gallery, reason, .. }) => {
                    PostgresError::Server { gallery, reason, undone }.into()
                }
                error => error,
            }
        })
    }

    fn roll_back(&mut self) {
        // A broken connection has rolled back by itself.
        let _undone = self.connection.write(CHANGE, |open| open.session.batch_execute("ROLLBACK"));
        self.connection.busy.set(false);
        self.pending = 0;
    }
}

pub(super) fn insert(store: &mut Postgres, entry: &Entry, known: &Meta) -> Result<Insertion> {
    const SQL: &str = "SELECT new_id, is_new FROM add($1, $2, $3, $4)";
    let dimensions = entry.embedding.values().len();
    store.begin(known, known.dimensions.is_none().then_some(dimensions))?;
    let (record, code, embedding) =
        (without_nul(&entry.record), to_bits(&entry.code), to_halves(&entry.embedding));
    let added = store.change(|open| {
        let statement = open.prepared(SQL)?;
        let row =
            open.session.query_one(&statement, &[&record, &code, &embedding, &entry.thumbnail])?;
        Ok((row.get::<_, i64>(0).cast_unsigned(), row.get::<_, bool>(1)))
    });
    let (id, is_new) = added?;
    if !is_new {
        return Ok(Insertion::Known(id));
    }
    store.pending += 1;
    Ok(Insertion::New(id))
}

/// Commits. A commit whose answer does not come counts as failed, though it may have happened.
/// A caller that repeats it finds the keys.
pub(super) fn commit(store: &mut Postgres) -> Result<bool> {
    if !store.connection.busy.get() {
        return Ok(false);
    }
    store.change(|open| open.session.batch_execute("COMMIT"))?;
    store.connection.busy.set(false);
    store.pending = 0;
    Ok(true)
}

pub(super) fn delete(store: &mut Postgres, ids: &[u64], known: &Meta) -> Result<usize> {
    store.begin(known, None)?;
    let ids = signed(ids);
    let deleted = store.change(|open| {
        let statement = open.prepared("DELETE FROM records WHERE id = ANY ($1)")?;
        open.session.execute(&statement, &[&ids])
    })?;
    commit(store)?;
    Ok(deleted as usize)
}

pub(super) fn set_next(store: &mut Postgres, next: Option<&Next>, known: &Meta) -> Result<()> {
    store.begin(known, None)?;
    let (model, bits) = next.map(|next| (next.model.0.clone(), next.bits as i32)).unzip();
    store.change(|open| {
        open.session.batch_execute("DROP TABLE next_codes, next_embeddings")?;
        let width = bits.map_or("bits".to_owned(), |bits| bits.to_string());
        let sql = format!(
            "SELECT make_codes('next_', {width}, (rebuilt + 1)::text), grant_rights() FROM meta"
        );
        open.session.batch_execute(&sql)?;
        let sql = "UPDATE meta SET next_model = $1, next_bits = $2, next_dimensions = NULL";
        open.session.execute(sql, &[&model, &bits])
    })?;
    commit(store).map(|_| ())
}

pub(super) fn put_next(
    store: &mut Postgres,
    next: &Next,
    known: &Meta,
    encoded: &[(u64, HashCode, Embedding)],
) -> Result<()> {
    const CODE: &str = "INSERT INTO next_codes SELECT id, $2 FROM records WHERE id = $1
                        ON CONFLICT (record) DO UPDATE SET code = excluded.code";
    const EMBEDDING: &str = "INSERT INTO next_embeddings SELECT id, $2 FROM records WHERE id = $1
                             ON CONFLICT (record) DO UPDATE SET embedding = excluded.embedding";
    store.begin(known, None)?;
    let dimensions = next.dimensions.map(|dimensions| dimensions as i32);
    store.change(|open| {
        open.session.execute("UPDATE meta SET next_dimensions = $1", &[&dimensions])?;
        let (code_statement, embedding_statement) =
            (open.prepared(CODE)?, open.prepared(EMBEDDING)?);
        encoded.iter().try_for_each(|(id, code, embedding)| {
            let id = id.cast_signed();
            open.session.execute(&code_statement, &[&id, &to_bits(code)])?;
            open.session.execute(&embedding_statement, &[&id, &to_halves(embedding)]).map(|_| ())
        })
    })?;
    commit(store).map(|_| ())
}

pub(super) fn switch(store: &mut Postgres, next: &Next, known: &Meta) -> Result<()> {
    store.begin(known, None)?;
    // Nobody can insert from here to the end.
    let missing = store.change_within(SLOW, |open| {
        open.session.batch_execute("LOCK TABLE records IN SHARE ROW EXCLUSIVE MODE")?;
        let sql =
            "SELECT count(*) FROM records WHERE NOT EXISTS (SELECT FROM next_codes WHERE record = id)";
        Ok(open.session.query_one(sql, &[])?.get::<_, i64>(0))
    })?;
    if missing > 0 {
        store.roll_back();
        let (missing, model) = (missing as usize, next.model.clone());
        return Err(ReindexingError::Unfinished { missing, model }.into());
    }
    store.change_within(SLOW, |open| {
        open.session.batch_execute(&SWITCH.replace("{bits}", &next.bits.to_string()))
    })?;
    commit(store).map(|_| ())
}

/// A record as JSON without NUL, which PostgreSQL's texts cannot hold but a DICOM file may.
pub(super) fn without_nul(record: &Record) -> Json<serde_json::Value> {
    fn clean(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => text.retain(|c| c != '\0'),
            serde_json::Value::Array(values) => values.iter_mut().for_each(clean),
            serde_json::Value::Object(fields) => fields.values_mut().for_each(clean),
            _ => {}
        }
    }
    let mut value = serde_json::json!(record);
    clean(&mut value);
    Json(value)
}

/// Writes every table anew, so that none has a byte of deleted records. The servers' logs and
/// backups are not touched.
pub(super) fn rewrite(connection: &Connection) -> Result<()> {
    let tables: Vec<String> = connection.write(SLOW, |open| {
        let sql = "SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'skiagraph'::regnamespace AND relkind = 'r'";
        Ok(open.session.query(sql, &[])?.iter().map(|row| row.get(0)).collect())
    })?;
    tables.iter().try_for_each(|table| {
        connection.write(SLOW, |open| {
            open.session.batch_execute(&format!("VACUUM (FULL, ANALYZE) {table}"))
        })
    })
}
