//! Reading records, their parts and counts.

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params_from_iter};

use super::failure::damaged_part;
use super::{Field, Record, Sqlite, Totals, Which, rows};
use crate::filter::{Dialect, Parameter};
use crate::{Date, Result};

/// The description of bytes that have changed since they were stored.
pub(super) const CHANGED: &str = "its checksum differs: bytes of it have changed";

impl Sqlite {
    pub(super) fn which(&self, which: Which<'_>) -> Result<Vec<u64>> {
        match which {
            Which::All => self.ids_by("SELECT id FROM records ORDER BY id", []),
            Which::Page { offset, limit } => {
                // No table has more rows than SQLite can count.
                let bounded = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
                let sql = "SELECT id FROM records ORDER BY id LIMIT ?1 OFFSET ?2";
                self.ids_by(sql, [bounded(limit), bounded(offset)])
            }
            Which::Matching(filter) => {
                let (condition, parameters) = filter.to_sql(Dialect::Sqlite);
                let sql = format!("SELECT id FROM records WHERE {condition} ORDER BY id");
                self.ids_by(&sql, params_from_iter(parameters.into_iter().map(Value::from)))
            }
            Which::OfPatient(patient) => {
                // Earlier versions wrote a `/` before a patient without a source.
                let sql = "SELECT id FROM records WHERE patient IN (?1, '/' || ?1)
                           ORDER BY study_date DESC, id DESC";
                self.ids_by(sql, [patient])
            }
            Which::OfKey(key) => self.ids_by("SELECT id FROM records WHERE key = ?1", [key]),
            Which::NotReindexed { after, limit } => {
                let sql = "SELECT id FROM records WHERE id > ?1
                           AND NOT EXISTS (SELECT 1 FROM next_codes WHERE record = id) ORDER BY id LIMIT ?2";
                self.ids_by(sql, (after.cast_signed(), limit as i64))
            }
        }
    }

    /// The ids that a statement selects.
    pub(super) fn ids_by(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<Vec<u64>> {
        let read = || -> rusqlite::Result<Vec<u64>> {
            let mut statement = self.connection.prepare_cached(sql)?;
            let ids = statement.query_map(parameters, |row| row.get::<_, i64>(0))?;
            ids.map(|id| id.map(i64::cast_unsigned)).collect()
        };
        read().map_err(|source| self.failed(source))
    }

    pub(super) fn count_values(&self, field: Field, most: usize) -> Result<Vec<(String, usize)>> {
        let sql = match field.column() {
            Some(column) => format!(
                "SELECT {column}, count(*) AS n FROM records WHERE {column} IS NOT NULL
                 GROUP BY 1 ORDER BY n DESC, 1 LIMIT ?1"
            ),
            None => {
                "SELECT label, count(DISTINCT record) AS n FROM labels GROUP BY 1 ORDER BY n DESC, 1 LIMIT ?1"
                    .to_owned()
            }
        };
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement
                .query_map([most], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as usize)))?
                .collect()
        };
        read().map_err(|source| self.failed(source))
    }

    pub(super) fn all_values(&self, field: Field) -> Result<Vec<(u64, String)>> {
        let sql = match field.column() {
            Some(column) => format!("SELECT id, {column} FROM records WHERE {column} IS NOT NULL"),
            None => "SELECT record, label, max(position) FROM labels GROUP BY record".to_owned(),
        };
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            statement
                .query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?
                .collect()
        };
        read().map_err(|source| self.failed(source))
    }

    pub(super) fn count_all(&self) -> Result<Totals> {
        let sql = "SELECT count(*), count(DISTINCT patient), min(study_date), max(study_date) FROM records";
        let read = self.connection.query_row(sql, [], |row| {
            let (first, last): (Option<Date>, Option<Date>) = (row.get(2)?, row.get(3)?);
            let count = |column| row.get::<_, i64>(column).map(|count| count as usize);
            Ok(Totals { records: count(0)?, patients: count(1)?, study_dates: first.zip(last) })
        });
        read.map_err(|source| self.failed(source))
    }

    /// Runs several statements on one state.
    pub(super) fn together<T>(&self, read: impl FnOnce() -> Result<T>) -> Result<T> {
        let alone = self.connection.is_autocommit();
        let state = alone.then(|| self.connection.unchecked_transaction()).transpose();
        let state = state.map_err(|source| self.failed(source))?;
        let done = read();
        drop(state);
        done
    }

    /// A record, if there is one and it is as it was stored.
    pub(super) fn record(&self, id: u64) -> Result<Option<(u64, Record)>> {
        let damaged = |detail: &str| Err(damaged_part(id, "fields", detail.to_owned()));
        match rows::read(&self.connection, id) {
            Ok(Some((record, crc))) if crc == Some(rows::checksum(&record)) => {
                Ok(Some((id, record.updated())))
            }
            Ok(Some(_)) => damaged(CHANGED),
            Ok(None) => Ok(None),
            // The error is the value's own, such as a text that is not UTF-8.
            Err(error) if error.sqlite_error().is_none() => damaged("they do not read"),
            Err(source) => Err(self.failed(source)),
        }
    }

    /// The bytes of a record's code, embedding or thumbnail, as they were stored.
    pub(super) fn part(&self, id: u64, part: &'static str) -> Result<Option<Vec<u8>>> {
        let sql = match part {
            "code" => "SELECT code, crc FROM codes WHERE record = ?1",
            "embedding" => "SELECT embedding, crc FROM embeddings WHERE record = ?1",
            _ => "SELECT thumbnail, crc FROM thumbnails WHERE record = ?1",
        };
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let found: Option<(Vec<u8>, Option<u32>)> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([id.cast_signed()], read).optional())
            .map_err(|source| self.failed(source))?;
        match found {
            Some((bytes, crc)) if crc != Some(crc32fast::hash(&bytes)) => {
                Err(damaged_part(id, part, CHANGED.to_owned()))
            }
            found => Ok(found.map(|(bytes, _)| bytes)),
        }
    }
}

impl From<Parameter> for Value {
    fn from(parameter: Parameter) -> Self {
        match parameter {
            Parameter::Text(text) => Self::Text(text),
            Parameter::Number(number) => Self::Integer(number),
        }
    }
}
