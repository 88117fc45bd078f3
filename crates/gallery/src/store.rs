//! The boundary between a gallery and its database: SQLite in a folder, or PostgreSQL.
//!
//! The index, the search, the map and the transfers use it, and know neither database.

use std::any::Any;
use std::fmt;
use std::path::Path;
use std::time::Duration;

use retrieval::{Descriptor, Embedding, HashCode, Index, ModelId};

use crate::queue::JobQueue;
use crate::segment_name::SegmentName;
use crate::{Date, Entry, Error, Filter, Insertion, Location, Problem, Record, Result};

/// A gallery's description of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Meta {
    /// The model whose codes the gallery holds.
    pub(super) model: ModelId,
    /// The codes' length in bits.
    pub(super) bits: usize,
    /// The embeddings' length, if there are any.
    pub(super) dimensions: Option<usize>,
    /// The number of the state: every change that an index of this state lacks has this number or a
    /// higher one.
    pub(super) generation: u64,
    /// The number of the set of codes: another one whenever all codes were replaced, and never 0.
    pub(super) rebuilt: u64,
    /// The file that has the index as of a generation.
    pub(super) segment: Option<SegmentName>,
    /// The model of a re-indexing that was begun.
    pub(super) next: Option<Next>,
}

impl Meta {
    /// Checks that the codes are still of the same model.
    pub(super) fn check(&self, known: &Self, gallery: &Location) -> Result<()> {
        if self.rebuilt == known.rebuilt {
            return Ok(());
        }
        Err(Error::Reindexed {
            gallery: gallery.clone(),
            got: self.model.clone(),
            expected: known.model.clone(),
        })
    }

    /// Checks that an embedding is as long as the others.
    pub(super) fn check_dimensions(&self, embedding: &Embedding) -> Result<()> {
        let got = embedding.values().len();
        match self.dimensions {
            Some(expected) if expected != got => {
                Err(retrieval::Error::EmbeddingMismatch { got, expected }.into())
            }
            _ => Ok(()),
        }
    }
}

/// The model that a re-indexing leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Next {
    pub(super) model: ModelId,
    pub(super) bits: usize,
    pub(super) dimensions: Option<usize>,
}

/// A selection of records.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// All records.
    All,
    /// All without the first `offset`, at most `limit`.
    Page { offset: u64, limit: u64 },
    /// The records that a filter admits.
    Matching(&'a Filter),
    /// A patient's records, of the newest study first.
    OfPatient(&'a str),
    /// The record of a key.
    OfKey(&'a str),
    /// Records above the id `after` that the next model has not encoded, at most `limit`.
    NotReindexed { after: u64, limit: usize },
}

/// A field of records whose values are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Field {
    BodyPart,
    View,
    Modality,
    Sex,
    Source,
    Label,
}

impl Field {
    /// The field's column in `records`; `None` for labels, which have a table.
    pub(super) fn column(self) -> Option<&'static str> {
        match self {
            Self::BodyPart => Some("body_part"),
            Self::View => Some("view"),
            Self::Modality => Some("modality"),
            Self::Sex => Some("sex"),
            Self::Source => Some("source"),
            Self::Label => None,
        }
    }
}

/// Counts over the whole gallery.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) records: usize,
    pub(super) patients: usize,
    /// The first and the last day of a study.
    pub(super) study_dates: Option<(Date, Date)>,
}

/// A database that holds one gallery.
pub(super) trait Store: Any + fmt::Debug + Send {
    /// The gallery's location.
    fn location(&self) -> &Location;

    /// The folder for derived files: the index's and the map.
    fn folder(&self) -> Option<&Path>;

    /// The size of the database on its disk, in bytes.
    fn bytes(&self) -> u64;

    /// Opens the same gallery for another thread.
    fn another(&self) -> Result<Box<dyn Store>>;

    /// Tells whether others may have committed anything since the last [`Store::snapshot`]. It is
    /// cheap.
    fn has_changed(&self) -> Result<bool>;

    /// Makes sure that the next read is of the newest state, or returns an error.
    fn require_fresh(&self) -> Result<()>;

    /// The time since the last snapshot's state was known to be the newest.
    fn age(&self) -> Duration;

    /// The committed state, held until it is dropped. Everything that is read meanwhile is read of
    /// it.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>>;

    /// The id of a key's record, committed or not.
    fn id_of(&self, key: &str) -> Result<Option<u64>>;

    /// Ids of records, ascending unless the selection says otherwise.
    fn ids(&self, which: Which<'_>) -> Result<Vec<u64>>;

    /// The records of those ids that exist, in any order.
    fn records(&self, ids: &[u64]) -> Result<Vec<(u64, Record)>>;

    /// The embeddings of those ids that exist, in any order.
    fn embeddings(&self, ids: &[u64]) -> Result<Vec<(u64, Embedding)>>;

    /// A record's code.
    fn code(&self, id: u64) -> Result<Option<HashCode>>;

    /// A record's thumbnail.
    fn thumbnail(&self, id: u64) -> Result<Option<Vec<u8>>>;

    /// The values of a field and the number of records with each, most first; at most `most`.
    fn counts(&self, field: Field, most: usize) -> Result<Vec<(String, usize)>>;

    /// Each record's value of a field, if it has one. Of several labels it is the last.
    fn values(&self, field: Field) -> Result<Vec<(u64, String)>>;

    /// Counts over the whole gallery.
    fn totals(&self) -> Result<Totals>;

    /// The number of insertions that are not committed.
    fn pending(&self) -> usize;

    /// Adds an entry, or finds its key. It is durable with the next commit. `known` is the
    /// gallery's description when the entry was made.
    fn insert(&mut self, entry: &Entry, known: &Meta) -> Result<Insertion>;

    /// Makes the insertions durable. Returns whether there were any.
    fn commit(&mut self) -> Result<bool>;

    /// Deletes records durably. Returns how many there were.
    fn delete(&mut self, ids: &[u64], known: &Meta) -> Result<usize>;

    /// Begins a re-indexing, or gives one up.
    fn set_next(&mut self, next: Option<&Next>, known: &Meta) -> Result<()>;

    /// Keeps codes and embeddings of the next model, durably. Those of deleted records are dropped.
    fn put_next(
        &mut self,
        next: &Next,
        known: &Meta,
        encoded: &[(u64, HashCode, Embedding)],
    ) -> Result<()>;

    /// Replaces all codes by the next model's, at once. It is an error if a record has none.
    fn switch(&mut self, next: &Next, known: &Meta) -> Result<()>;

    /// Names the file that has the index, unless a newer one is named. Returns the name before.
    fn name_segment(&self, name: SegmentName) -> Result<Option<SegmentName>>;

    /// The faults of what is stored. `index` is as of `known`.
    fn verify(&self, index: &Index, known: &Meta) -> Result<Vec<Problem>>;

    /// Writes the whole database anew without gaps.
    fn rewrite(&self) -> Result<()>;

    /// Makes sure that no log has bytes of deleted records. Returns the name of a log that still
    /// has.
    fn empty_log(&self) -> Result<Option<String>>;

    /// Copies what is committed into a folder.
    fn back_up(&self, to: &Path) -> Result<()>;

    /// The queue of pictures that wait to be encoded; `None` in a folder.
    fn queue(&mut self) -> Option<&mut dyn JobQueue> {
        None
    }
}

/// The index's entry of a record. A damaged or missing embedding has the default descriptor.
pub(super) type Coded = (HashCode, Descriptor);

/// A state of a database.
pub(super) trait Snapshot {
    /// The gallery's description of itself.
    fn meta(&self) -> Result<Meta>;

    /// All codes with their embeddings' descriptors, and the ids of records with a damaged code or
    /// embedding.
    fn codes(&self, meta: &Meta) -> Result<(Index, Vec<u64>)>;

    /// Calls `each` for ids inserted or deleted since a generation. Some may be known already.
    fn changes(&self, since: u64, each: &mut dyn FnMut(u64, Change)) -> Result<()>;
}

/// A change of a record.
pub(super) enum Change {
    /// It is there, with this entry of the index.
    Inserted(Coded),
    /// Its code or its embedding has changed since it was stored.
    Damaged,
    /// It was deleted: it has no code.
    Deleted,
}
