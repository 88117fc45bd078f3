//! The table `meta`: a gallery's description of itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use retrieval::{ModelId, check_bits};
use rusqlite::{Connection, Row};

use super::failure::{damaged, database_error};
use super::{Meta, Next, SegmentName};
use crate::Result;

/// Reads the table `meta`. A generation is the number of a transaction.
pub(super) fn read(dir: &Path, connection: &Connection) -> Result<Meta> {
    let values = values(connection).map_err(|source| database_error(dir, 0, source))?;
    if values.get(CHECKSUM) != Some(&checksum(&values)) {
        return Err(damaged(dir, "the checksum of its table `meta` is wrong".to_owned()));
    }
    let values = Values { dir, values };
    let next = match values.parsed("next_bits")? {
        None => None,
        Some(bits) => Some(Next {
            model: ModelId(values.required("next_model")?),
            bits,
            dimensions: values.parsed("next_dimensions")?,
        }),
    };
    let bits = values.required("bits")?;
    check_bits(bits).map_err(|error| damaged(dir, format!("it says it has {error}")))?;
    let (rebuilt, generation) = (values.required("rebuilt")?, values.required("generation")?);
    let segment: Option<SegmentName> = values.parsed("segment")?;
    Ok(Meta {
        model: ModelId(values.required("model")?),
        bits,
        dimensions: values.parsed("dimensions")?,
        generation,
        rebuilt,
        segment: segment.filter(|name| (rebuilt..=generation).contains(&name.generation)),
        next,
    })
}

struct Values<'a> {
    dir: &'a Path,
    values: BTreeMap<String, String>,
}

impl Values<'_> {
    fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let wrong = |value: &String| {
            damaged(self.dir, format!("`{name}` in its table `meta` is `{value}`"))
        };
        self.values.get(name).map(|value| value.parse().map_err(|_| wrong(value))).transpose()
    }

    fn required<T: FromStr>(&self, name: &str) -> Result<T> {
        let missing = || damaged(self.dir, format!("its table `meta` has no `{name}`"));
        self.parsed(name)?.ok_or_else(missing)
    }
}

/// The name of the checksum of all other values.
const CHECKSUM: &str = "crc";
/// The name of the checksum of the tables' definitions.
const SCHEMA: &str = "schema";

/// All values, and the last id that was given to a record, which must not be given again. It is one
/// statement, as another process may commit between two.
fn values(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let sql = "SELECT name, value FROM meta
               UNION ALL SELECT 'last id', CAST(seq AS TEXT) FROM sqlite_sequence WHERE name = 'records'";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// CRC-32 of names and values, each with its length before it.
fn checksum(values: &BTreeMap<String, String>) -> String {
    let texts =
        values.iter().filter(|(name, _)| *name != CHECKSUM).flat_map(|(name, value)| [name, value]);
    checksum_of(texts.map(String::as_str))
}

fn checksum_of<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut crc = crc32fast::Hasher::new();
    for text in texts {
        crc.update(&(text.len() as u64).to_le_bytes());
        crc.update(text.as_bytes());
    }
    format!("{:08x}", crc.finalize())
}

/// Writes the checksum of `meta`. It is a transaction's last step.
pub(super) fn seal(connection: &Connection) -> rusqlite::Result<()> {
    set(connection, CHECKSUM, &checksum(&values(connection)?))
}

/// Writes the checksum of the definitions of tables, indices and triggers, after a transaction has
/// changed them.
pub(super) fn seal_schema(connection: &Connection) -> rusqlite::Result<()> {
    set(connection, SCHEMA, &schema_checksum(connection)?)
}

/// Tells whether the definitions match their checksum.
pub(super) fn is_schema_whole(connection: &Connection) -> rusqlite::Result<bool> {
    Ok(values(connection)?.get(SCHEMA) == Some(&schema_checksum(connection)?))
}

fn schema_checksum(connection: &Connection) -> rusqlite::Result<String> {
    let sql =
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema ORDER BY type, name";
    let mut statement = connection.prepare(sql)?;
    let columns = |row: &Row<'_>| -> rusqlite::Result<[String; 4]> {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
    };
    let definitions = statement.query_map([], columns)?.collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(checksum_of(definitions.as_flattened().iter().map(String::as_str)))
}

/// Sets a value.
pub(super) fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute((name, value)).map(|_| ())
}

/// The length of all embeddings. If there is none yet, it becomes this one.
pub(super) fn dimensions_or(connection: &Connection, dimensions: usize) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO meta VALUES ('dimensions', ?1) ON CONFLICT (name) DO NOTHING";
    connection.prepare_cached(sql)?.execute([dimensions.to_string()])?;
    let sql = "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'dimensions'";
    connection
        .prepare_cached(sql)?
        .query_row([], |row| row.get::<_, i64>(0))
        .map(|value| value as usize)
}

/// Gives the transaction that has begun a generation of its own.
pub(super) fn count_generation(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "UPDATE meta SET value = value + 1 WHERE name = 'generation'";
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
