//! The next model's codes, in tables of their own until they replace the present ones.

use retrieval::{Embedding, HashCode};
use rusqlite::Connection;

use super::write::commit;
use super::{Meta, Next, Sqlite, Store, Which, meta};
use crate::{ReindexingError, Result};

/// The statements that replace the old codes by the next ones. They rename tables, whatever the
/// number of codes.
const SWAP: &str = include_str!("swap.sql");
/// The statement that removes a re-indexing from `meta`.
const FORGET: &str =
    "DELETE FROM meta WHERE name IN ('next_model', 'next_bits', 'next_dimensions')";

/// Begins a re-indexing, or gives one up.
pub(super) fn set_next(connection: &Connection, next: Option<&Next>) -> rusqlite::Result<()> {
    let Some(next) = next else {
        connection.execute_batch("DELETE FROM next_codes; DELETE FROM next_embeddings")?;
        return connection.execute_batch(FORGET);
    };
    meta::set(connection, "next_model", &next.model.0)?;
    meta::set(connection, "next_bits", &next.bits.to_string())
}

pub(super) fn put_next(
    connection: &Connection,
    next: &Next,
    encoded: &[(u64, HashCode, Embedding)],
) -> rusqlite::Result<()> {
    if let Some(dimensions) = next.dimensions {
        meta::set(connection, "next_dimensions", &dimensions.to_string())?;
    }
    encoded.iter().try_for_each(|(id, code, embedding)| {
        put_one(connection, *id, &code.to_bytes(), &embedding.to_bytes())
    })
}

fn put_one(
    connection: &Connection,
    id: u64,
    code: &[u8],
    embedding: &[u8],
) -> rusqlite::Result<()> {
    for (sql, bytes) in [
        ("INSERT OR REPLACE INTO next_codes SELECT id, ?2, ?3 FROM records WHERE id = ?1", code),
        (
            "INSERT OR REPLACE INTO next_embeddings SELECT id, ?2, ?3 FROM records WHERE id = ?1",
            embedding,
        ),
    ] {
        connection.prepare_cached(sql)?.execute((
            id.cast_signed(),
            bytes,
            crc32fast::hash(bytes),
        ))?;
    }
    Ok(())
}

pub(super) fn switch(store: &mut Sqlite, next: &Next, known: &Meta) -> Result<()> {
    store.begin(known)?;
    // Nobody can insert a record from here on.
    let missing = store.ids(Which::NotReindexed { after: 0, limit: usize::MAX >> 1 });
    let missing = missing.inspect_err(|_| store.roll_back())?.len();
    if missing > 0 {
        store.roll_back();
        return Err(ReindexingError::Unfinished { missing, model: next.model.clone() }.into());
    }
    swap(&store.connection, next).map_err(|source| store.undo(source))?;
    commit(store)?;
    store.connection.empty_log().map(|_| ()).map_err(|source| store.failed(source))
}

fn swap(connection: &Connection, next: &Next) -> rusqlite::Result<()> {
    connection.execute_batch(SWAP)?;
    connection.execute_batch(FORGET)?;
    connection.execute_batch("DELETE FROM meta WHERE name IN ('segment', 'dimensions')")?;
    meta::set(connection, "model", &next.model.0)?;
    meta::set(connection, "bits", &next.bits.to_string())?;
    if let Some(dimensions) = next.dimensions {
        meta::set(connection, "dimensions", &dimensions.to_string())?;
    }
    let rebuilt = "UPDATE meta SET value = (SELECT value FROM meta WHERE name = 'generation') WHERE name = 'rebuilt'";
    connection.execute_batch(rebuilt)?;
    meta::seal_schema(connection)
}
