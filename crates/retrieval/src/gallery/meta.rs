//! What a gallery says of itself, in its table `meta`.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use rusqlite::Connection;

use super::failure::{damaged, database_error};
use super::segment::SegmentName;
use crate::code::check_bits;
use crate::{ModelId, Result};

/// The table `meta`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Meta {
    /// The model whose codes the gallery holds.
    pub(super) model: ModelId,
    /// The codes' length.
    pub(super) bits: usize,
    /// The embeddings' length, once there is one.
    pub(super) dimensions: Option<usize>,
    /// The number of the last transaction.
    pub(super) generation: u64,
    /// The transaction that last replaced all codes.
    pub(super) rebuilt: u64,
    /// The file that has the index as of a generation.
    pub(super) segment: Option<SegmentName>,
    /// What the gallery is being re-indexed to.
    pub(super) next: Option<Next>,
}

/// The model that a re-indexing leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Next {
    pub(super) model: ModelId,
    pub(super) bits: usize,
    pub(super) dimensions: Option<usize>,
}

impl Meta {
    pub(super) fn read(dir: &Path, connection: &Connection) -> Result<Self> {
        let values = || -> rusqlite::Result<BTreeMap<String, String>> {
            let mut statement = connection.prepare_cached("SELECT name, value FROM meta")?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        };
        let values = Values { dir, values: values().map_err(|source| database_error(dir, 0, source))? };
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
        Ok(Self {
            model: ModelId(values.required("model")?),
            bits,
            dimensions: values.parsed("dimensions")?,
            generation: values.required("generation")?,
            rebuilt: values.required("rebuilt")?,
            segment: values.parsed("segment")?,
            next,
        })
    }
}

struct Values<'a> {
    dir: &'a Path,
    values: BTreeMap<String, String>,
}

impl Values<'_> {
    fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>> {
        let wrong = |value: &String| damaged(self.dir, format!("`{name}` in its table `meta` is `{value}`"));
        self.values.get(name).map(|value| value.parse().map_err(|_| wrong(value))).transpose()
    }

    fn required<T: FromStr>(&self, name: &str) -> Result<T> {
        let missing = || damaged(self.dir, format!("its table `meta` has no `{name}`"));
        self.parsed(name)?.ok_or_else(missing)
    }
}

/// Sets a value.
pub(super) fn set(connection: &Connection, name: &str, value: &str) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    connection.prepare_cached(sql)?.execute((name, value)).map(|_| ())
}

/// Gives the transaction that has begun a generation of its own.
pub(super) fn count_generation(connection: &Connection) -> rusqlite::Result<()> {
    let sql = "UPDATE meta SET value = value + 1 WHERE name = 'generation'";
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
