//! Reading rows.

use retrieval::{Embedding, HashCode};
use tokio_postgres::Row;
use tokio_postgres::types::{Json, ToSql};

use super::codec::{from_halves, from_sent};
use super::connection::Connection;
use crate::filter::{Dialect, Parameter};
use crate::record::check_thumbnail;
use crate::store::{Field, Totals, Which};
use crate::{Date, Error, Record, Result};

/// The rows of a statement that is run often.
fn query(
    connection: &Connection,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>> {
    connection.read(|open| {
        let statement = open.prepared(sql)?;
        open.session.query(&statement, parameters)
    })
}

/// The rows of a statement that may go through all rows.
fn scan(
    connection: &Connection,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>> {
    connection.scan(|open| {
        let statement = open.prepared(sql)?;
        open.session.query(&statement, parameters)
    })
}

/// The ids as signed numbers, which is all that SQL has.
pub(super) fn signed(ids: &[u64]) -> Vec<i64> {
    ids.iter().map(|id| id.cast_signed()).collect()
}

fn id(row: &Row) -> u64 {
    row.get::<_, i64>(0).cast_unsigned()
}

pub(super) fn ids(connection: &Connection, which: Which<'_>) -> Result<Vec<u64>> {
    // No table has more rows than SQL can count.
    let bounded = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let rows = match which {
        Which::All => scan(connection, "SELECT id FROM records ORDER BY id", &[]),
        Which::Page { offset, limit } => {
            let sql = "SELECT id FROM records ORDER BY id LIMIT $1 OFFSET $2";
            scan(connection, sql, &[&bounded(limit), &bounded(offset)])
        }
        Which::Matching(filter) => {
            let (condition, values) = filter.to_sql(Dialect::Postgres);
            let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(parameter).collect();
            scan(
                connection,
                &format!("SELECT id FROM records WHERE {condition} ORDER BY id"),
                &values,
            )
        }
        Which::OfPatient(patient) => {
            // Earlier versions wrote a `/` before a patient without a source.
            let sql = "SELECT id FROM records WHERE patient IN ($1::text, '/' || $1::text)
                       ORDER BY study_date DESC NULLS LAST, id DESC";
            query(connection, sql, &[&patient])
        }
        Which::OfKey(key) => query(connection, "SELECT id FROM keys WHERE key = $1", &[&key]),
        Which::NotReindexed { after, limit } => {
            let sql = "SELECT id FROM records WHERE id > $1
                       AND NOT EXISTS (SELECT FROM next_codes WHERE record = id) ORDER BY id LIMIT $2";
            scan(connection, sql, &[&after.cast_signed(), &bounded(limit as u64)])
        }
    }?;
    Ok(rows.iter().map(id).collect())
}

fn parameter(parameter: &Parameter) -> &(dyn ToSql + Sync) {
    match parameter {
        Parameter::Text(text) => text,
        Parameter::Number(number) => number,
    }
}

pub(super) fn records(connection: &Connection, ids: &[u64]) -> Result<Vec<(u64, Record)>> {
    const SQL: &str = "SELECT id, to_jsonb(records) - 'id' || jsonb_build_object(
            'labels', ARRAY(SELECT label FROM labels WHERE record = id ORDER BY position),
            'report', (SELECT report FROM reports WHERE record = id))
        FROM records WHERE id = ANY ($1)";
    let rows = query(connection, SQL, &[&signed(ids)])?;
    let record = |row: &Row| {
        let read = row.try_get::<_, Json<Record>>(1);
        // The database's message is left out: it may name a patient.
        let read = read.map_err(|_| damaged(id(row), "fields", "they do not read".to_owned()));
        Ok((id(row), read?.0.updated()))
    };
    rows.iter().map(record).collect()
}

pub(super) fn embeddings(connection: &Connection, ids: &[u64]) -> Result<Vec<(u64, Embedding)>> {
    let rows = query(
        connection,
        "SELECT record, embedding FROM embeddings WHERE record = ANY ($1)",
        &[&signed(ids)],
    )?;
    let embedding = |row: &Row| {
        let embedding = from_halves(&row.get(1));
        embedding.check().map_err(|error| damaged(id(row), "embedding", error.to_string()))?;
        Ok((id(row), embedding))
    };
    rows.iter().map(embedding).collect()
}

pub(super) fn code(connection: &Connection, id: u64) -> Result<Option<HashCode>> {
    let rows = query(
        connection,
        "SELECT bit_send(code) FROM codes WHERE record = $1",
        &[&id.cast_signed()],
    )?;
    let code = rows.first().map(|row| from_sent(row.get(0)));
    code.map(|code| code.ok_or_else(|| damaged(id, "code", "it does not read".to_owned())))
        .transpose()
}

pub(super) fn thumbnail(connection: &Connection, id: u64) -> Result<Option<Vec<u8>>> {
    let rows = query(
        connection,
        "SELECT thumbnail FROM thumbnails WHERE record = $1",
        &[&id.cast_signed()],
    )?;
    let Some(thumbnail) = rows.first().map(|row| row.get::<_, Vec<u8>>(0)) else { return Ok(None) };
    check_thumbnail(&thumbnail).map_err(|error| damaged(id, "thumbnail", error.to_string()))?;
    Ok(Some(thumbnail))
}

/// The error of a damaged part. The server checks bytes by its pages' checksums; this program
/// checks that a value is one of its kind.
fn damaged(id: u64, part: &'static str, detail: String) -> Error {
    Error::DamagedRecord { id, part, detail }
}

pub(super) fn counts(
    connection: &Connection,
    field: Field,
    most: usize,
) -> Result<Vec<(String, usize)>> {
    let sql = match field.column() {
        Some(column) => format!(
            "SELECT {column}, count(*) AS n FROM records WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1 LIMIT $1"
        ),
        None => {
            "SELECT label, count(DISTINCT record) AS n FROM labels GROUP BY 1 ORDER BY n DESC, 1 LIMIT $1"
                .to_owned()
        }
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let rows = scan(connection, &sql, &[&most])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1) as usize)).collect())
}

pub(super) fn values(connection: &Connection, field: Field) -> Result<Vec<(u64, String)>> {
    let sql = match field.column() {
        Some(column) => format!("SELECT id, {column} FROM records WHERE {column} IS NOT NULL"),
        None => {
            "SELECT DISTINCT ON (record) record, label FROM labels ORDER BY record, position DESC"
                .to_owned()
        }
    };
    Ok(scan(connection, &sql, &[])?.iter().map(|row| (id(row), row.get(1))).collect())
}

pub(super) fn totals(connection: &Connection) -> Result<Totals> {
    let sql = "SELECT count(*), count(DISTINCT patient), min(study_date)::text, max(study_date)::text FROM records";
    let rows = scan(connection, sql, &[])?;
    let Some(row) = rows.first() else { return Ok(Totals::default()) };
    let day =
        |column: usize| row.get::<_, Option<&str>>(column).and_then(|day| day.parse::<Date>().ok());
    let count = |column: usize| row.get::<_, i64>(column) as usize;
    Ok(Totals { records: count(0), patients: count(1), study_dates: day(2).zip(day(3)) })
}

/// The size of the gallery's tables and their indices, in bytes.
pub(super) fn bytes(connection: &Connection) -> Result<u64> {
    let sql = "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class
               WHERE relnamespace = 'skiagraph'::regnamespace AND relkind = 'r'";
    Ok(scan(connection, sql, &[])?.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned()))
}
