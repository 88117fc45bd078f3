//! From one model's codes to another's, beside the ones in use, and then at once.
//!
//! Codes and embeddings of the next model gather in tables of their own, a durable batch at a time, while the gallery answers,
//! grows and shrinks as before; a kill loses the last batch alone. When every picture has them they take the places of the old
//! ones in a single transaction.

use super::meta::{self, Next};
use super::{Gallery, segment};
use crate::code::check_bits;
use crate::{Embedding, Error, HashCode, ModelId, Result};

/// Old codes go and the next ones take their places. Table names are all that changes, whatever the number of codes.
const SWAP: &str = include_str!("swap.sql");
/// What `meta` says of a re-indexing.
const FORGET: &str = "DELETE FROM meta WHERE name IN ('next_model', 'next_bits', 'next_dimensions')";

impl Gallery {
    /// The model that the gallery is being re-indexed to, and its bits.
    #[must_use]
    pub fn reindexing_to(&self) -> Option<(&ModelId, usize)> {
        self.meta.next.as_ref().map(|next| (&next.model, next.bits))
    }

    /// Begins to re-index to a model, or goes on with what was begun.
    ///
    /// # Errors
    /// If the gallery is of that model already, or is being re-indexed to another; if no code has that many bits.
    pub fn begin_reindexing(&mut self, model: &ModelId, bits: usize) -> Result<()> {
        check_bits(bits)?;
        self.commit()?;
        self.catch_up()?;
        if (&self.meta.model, self.meta.bits) == (model, bits) {
            return Err(Error::SameModel { dir: self.dir.clone(), model: model.clone() });
        }
        match &self.meta.next {
            Some(next) if (&next.model, next.bits) == (model, bits) => Ok(()),
            Some(next) => Err(Error::OtherReindexing { got: model.clone(), expected: next.model.clone() }),
            None => self.change(|gallery| {
                meta::set(&gallery.connection, "next_model", &model.0)?;
                meta::set(&gallery.connection, "next_bits", &bits.to_string())
            }),
        }
    }

    /// Ids of records above `after` that the next model has not encoded, ascending, at most `limit`.
    ///
    /// # Errors
    /// If the database fails.
    pub fn to_reindex(&self, after: u64, limit: usize) -> Result<Vec<u64>> {
        let read = || -> rusqlite::Result<Vec<i64>> {
            let sql = "SELECT id FROM records WHERE id > ?1
                       AND NOT EXISTS (SELECT 1 FROM next_codes WHERE record = id) ORDER BY id LIMIT ?2";
            let mut statement = self.connection.prepare_cached(sql)?;
            statement.query_map((after.cast_signed(), limit as i64), |row| row.get(0))?.collect()
        };
        let ids = read().map_err(|source| self.failed(source))?;
        Ok(ids.into_iter().map(i64::cast_unsigned).collect())
    }

    /// Keeps codes and embeddings of the next model, durably. Those of records that were deleted meanwhile are dropped.
    ///
    /// # Errors
    /// If no re-indexing was begun, a code or embedding has another length than the next model's, or the database fails: then none
    /// of them is kept.
    pub fn put_reindexed(&mut self, encoded: &[(u64, HashCode, Embedding)]) -> Result<()> {
        self.commit()?;
        self.catch_up()?;
        let Some(next) = self.meta.next.clone() else {
            return Err(Error::NotReindexing { dir: self.dir.clone() });
        };
        let dimensions = next.dimensions.or_else(|| encoded.first().map(|(_, _, e)| e.values().len()));
        for (_, code, embedding) in encoded {
            check(&next, dimensions, code, embedding)?;
        }
        self.change(|gallery| {
            if let Some(dimensions) = dimensions {
                meta::set(&gallery.connection, "next_dimensions", &dimensions.to_string())?;
            }
            encoded.iter().try_for_each(|(id, code, embedding)| {
                gallery.put_one(*id, &code.to_bytes(), &embedding.to_bytes())
            })
        })
    }

    fn put_one(&self, id: u64, code: &[u8], embedding: &[u8]) -> rusqlite::Result<()> {
        for (sql, bytes) in [
            ("INSERT OR REPLACE INTO next_codes SELECT id, ?2, ?3 FROM records WHERE id = ?1", code),
            (
                "INSERT OR REPLACE INTO next_embeddings SELECT id, ?2, ?3 FROM records WHERE id = ?1",
                embedding,
            ),
        ] {
            self.connection.prepare_cached(sql)?.execute((
                id.cast_signed(),
                bytes,
                crc32fast::hash(bytes),
            ))?;
        }
        Ok(())
    }

    /// Switches to the next model, at once: searches before answer by the old codes, searches after by the new.
    ///
    /// # Errors
    /// If no re-indexing was begun, or a picture has no new code yet, or the database fails: then nothing changes.
    pub fn finish_reindexing(&mut self) -> Result<()> {
        self.commit()?;
        self.catch_up()?;
        let Some(next) = self.meta.next.clone() else {
            return Err(Error::NotReindexing { dir: self.dir.clone() });
        };
        self.begin()?;
        // Shut out from here on, nobody can insert another.
        let missing = self.to_reindex(0, usize::MAX >> 1).inspect_err(|_| self.roll_back())?.len();
        if missing > 0 {
            self.roll_back();
            return Err(Error::ReindexingUnfinished { missing, model: next.model });
        }
        let old = self.meta.segment;
        self.switch(&next).map_err(|source| self.undo(source))?;
        self.commit()?;
        if let Some(old) = old {
            segment::remove(&self.dir, old);
        }
        self.empty_log().map(|_| ()).map_err(|source| self.failed(source))
    }

    fn switch(&self, next: &Next) -> rusqlite::Result<()> {
        let connection = &self.connection;
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

    /// Gives up a re-indexing; the gallery stays with the model it has.
    ///
    /// # Errors
    /// If the database fails.
    pub fn cancel_reindexing(&mut self) -> Result<()> {
        self.commit()?;
        self.change(|gallery| {
            gallery.connection.execute_batch("DELETE FROM next_codes; DELETE FROM next_embeddings")?;
            gallery.connection.execute_batch(FORGET)
        })
    }

    /// A transaction of its own.
    fn change(&mut self, change: impl FnOnce(&Self) -> rusqlite::Result<()>) -> Result<()> {
        self.begin()?;
        change(self).map_err(|source| self.undo(source))?;
        self.commit()
    }
}

fn check(next: &Next, dimensions: Option<usize>, code: &HashCode, embedding: &Embedding) -> Result<()> {
    if code.bits() != next.bits {
        return Err(Error::CodeMismatch { got: code.bits(), expected: next.bits });
    }
    let got = embedding.values().len();
    match dimensions {
        Some(expected) if expected != got => Err(Error::EmbeddingMismatch { got, expected }),
        _ => embedding.check(),
    }
}
