//! Re-indexing: replacing one model's codes by another's.
//!
//! The next model's codes and embeddings gather in tables of their own, a durable batch at a time.
//! The gallery answers, grows and shrinks as before; a kill loses the last batch alone. When every
//! picture has them, they replace the old ones in a single transaction.

use retrieval::{Embedding, HashCode, ModelId, check_bits};

use crate::store::{Next, Which};
use crate::{Gallery, Location, Result, segment};

/// The reason why a re-indexing cannot be begun, continued or finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReindexingError {
    /// A re-indexing to the model that the gallery has already.
    #[error(
        "the gallery `{gallery}` is of the model {model} already; there is nothing to re-index"
    )]
    SameModel {
        /// The gallery.
        gallery: Location,
        /// The model.
        model: ModelId,
    },
    /// A re-indexing to another model than the one that was begun.
    #[error(
        "the gallery is being re-indexed to the model {expected}, not to {got}; finish that, or \
         give it up first"
    )]
    OtherModel {
        /// The model that was asked for.
        got: ModelId,
        /// The model that was begun.
        expected: ModelId,
    },
    /// A re-indexing that was not begun.
    #[error(
        "the gallery `{gallery}` is not being re-indexed; begin it, or begin it again if it was \
         finished or given up"
    )]
    NotBegun {
        /// The gallery.
        gallery: Location,
    },
    /// A re-indexing in which pictures have no new code yet.
    #[error(
        "{missing} pictures have no code of the model {model} yet; the gallery stays with the \
         codes it has"
    )]
    Unfinished {
        /// The number of pictures without a new code.
        missing: usize,
        /// The next model.
        model: ModelId,
    },
}

impl Gallery {
    /// The model that the gallery is being re-indexed to, and its bits.
    #[must_use]
    pub fn reindexing_to(&self) -> Option<(&ModelId, usize)> {
        self.meta.next.as_ref().map(|next| (&next.model, next.bits))
    }

    /// Begins to re-index to a model, or continues a re-indexing to it.
    ///
    /// # Errors
    /// If the gallery is of that model already, or is being re-indexed to another; if no code has
    /// that many bits.
    pub fn begin_reindexing(&mut self, model: &ModelId, bits: usize) -> Result<()> {
        check_bits(bits)?;
        self.commit()?;
        self.catch_up()?;
        if (&self.meta.model, self.meta.bits) == (model, bits) {
            let (gallery, model) = (self.location().clone(), model.clone());
            return Err(ReindexingError::SameModel { gallery, model }.into());
        }
        match &self.meta.next {
            Some(next) if (&next.model, next.bits) == (model, bits) => Ok(()),
            Some(next) => {
                let (got, expected) = (model.clone(), next.model.clone());
                Err(ReindexingError::OtherModel { got, expected }.into())
            }
            None => {
                let next = Next { model: model.clone(), bits, dimensions: None };
                self.store.set_next(Some(&next), &self.meta)?;
                self.take_over()
            }
        }
    }

    /// Ids of records above `after` that the next model has not encoded, ascending, at most
    /// `limit`.
    ///
    /// # Errors
    /// If the database fails.
    pub fn to_reindex(&self, after: u64, limit: usize) -> Result<Vec<u64>> {
        self.store.ids(Which::NotReindexed { after, limit })
    }

    /// Keeps codes and embeddings of the next model, durably. Those of deleted records are dropped.
    ///
    /// # Errors
    /// If no re-indexing was begun, a code or embedding has another length than the next model's,
    /// or the database fails: then none of them is kept.
    pub fn put_reindexed(&mut self, encoded: &[(u64, HashCode, Embedding)]) -> Result<()> {
        let mut next = self.next()?;
        next.dimensions =
            next.dimensions.or_else(|| encoded.first().map(|(_, _, e)| e.values().len()));
        for (_, code, embedding) in encoded {
            check(&next, code, embedding)?;
        }
        self.store.put_next(&next, &self.meta, encoded)?;
        self.take_over()
    }

    /// Switches to the next model, at once: searches before answer by the old codes, searches after
    /// by the new.
    ///
    /// # Errors
    /// If no re-indexing was begun, or a picture has no new code yet, or the database fails: then
    /// nothing changes.
    pub fn finish_reindexing(&mut self) -> Result<()> {
        let next = self.next()?;
        let old = self.meta.segment;
        self.store.switch(&next, &self.meta)?;
        self.take_over()?;
        if let Some((dir, old)) = self.store.folder().zip(old) {
            segment::remove(dir, old);
        }
        Ok(())
    }

    /// Gives up a re-indexing; the gallery stays with the model it has.
    ///
    /// # Errors
    /// If the database fails.
    pub fn cancel_reindexing(&mut self) -> Result<()> {
        self.commit()?;
        self.store.set_next(None, &self.meta)?;
        self.take_over()
    }

    /// The model of the re-indexing that is committed now.
    fn next(&mut self) -> Result<Next> {
        self.commit()?;
        self.catch_up()?;
        let none = || ReindexingError::NotBegun { gallery: self.location().clone() };
        Ok(self.meta.next.clone().ok_or_else(none)?)
    }
}

fn check(next: &Next, code: &HashCode, embedding: &Embedding) -> Result<()> {
    if code.bits() != next.bits {
        return Err(retrieval::Error::CodeMismatch { got: code.bits(), expected: next.bits }.into());
    }
    let got = embedding.values().len();
    match next.dimensions {
        Some(expected) if expected != got => {
            Err(retrieval::Error::EmbeddingMismatch { got, expected }.into())
        }
        _ => Ok(embedding.check()?),
    }
}
