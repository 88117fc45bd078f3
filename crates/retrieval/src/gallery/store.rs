//! What a gallery needs of a database: the boundary between what is searched and where it is kept.
//!
//! SQLite in a folder and PostgreSQL are behind it. The index, the search, the map and the
//! transfers are on this side and know neither.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use super::postgres::Postgres;
use super::segment::SegmentName;
use super::{Date, Entry, Filter, Insertion, Location, Problem, Record};
use crate::{Descriptor, Embedding, Error, HashCode, Index, ModelId, Result};

/// What a gallery says of itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Meta {
    /// The model whose codes the gallery holds.
    pub(super) model: ModelId,
    /// The codes' length.
    pub(super) bits: usize,
    /// The embeddings' length, once there is one.
    pub(super) dimensions: Option<usize>,
    /// From where an index of this state has to follow: every change that it lacks is of this
    /// number or a higher one.
    pub(super) generation: u64,
    /// Another number whenever all codes were replaced; never 0.
    pub(super) rebuilt: u64,
    /// The file that has the index as of a generation.
    pub(super) segment: Option<SegmentName>,
    /// What the gallery is being re-indexed to.
    pub(super) next: Option<Next>,
}

impl Meta {
    /// That the codes are still of the model that they were of.
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

    /// That an embedding is as long as the others.
    pub(super) fn check_dimensions(&self, embedding: &Embedding) -> Result<()> {
        let got = embedding.values().len();
        match self.dimensions {
            Some(expected) if expected != got => Err(Error::EmbeddingMismatch { got, expected }),
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

/// Some of the records.
#[derive(Clone, Copy)]
pub(super) enum Which<'a> {
    /// All.
    All,
    /// Those without the first `offset`, at most `limit`.
    Page { offset: u64, limit: u64 },
    /// Those that a filter admits.
    Matching(&'a Filter),
    /// Those of a patient, of the newest study first.
    OfPatient(&'a str),
    /// That of a key.
    OfKey(&'a str),
    /// Those of the patient of a record.
    OfPatientOf(u64),
    /// Those above an id that the next model has not encoded, at most `limit`.
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
    /// Its column in `records`; labels have a table.
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

/// Counts of everything.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) records: usize,
    pub(super) patients: usize,
    /// The first and the last day of a study.
    pub(super) study_dates: Option<(Date, Date)>,
}

/// A database that holds one gallery.
pub(super) trait Store: fmt::Debug + Send {
    /// Where it is.
    fn location(&self) -> &Location;

    /// Where files that are made of the gallery may lie: the index's, and the map.
    fn folder(&self) -> Option<&Path>;

    /// What the database takes on its disk.
    fn bytes(&self) -> u64;

    /// The same, for another thread.
    fn another(&self) -> Result<Box<dyn Store>>;

    /// Whether others may have committed anything since the last [`Store::snapshot`]. Cheap.
    fn has_changed(&self) -> Result<bool>;

    /// That what is read next is the newest, or an error.
    fn insist(&self) -> Result<()>;

    /// How long ago what the last snapshot gave was what is committed.
    fn age(&self) -> Duration;

    /// What is committed now, held still until it is dropped. Everything that is read meanwhile is
    /// read of it.
    fn snapshot(&self) -> Result<Box<dyn Snapshot + '_>>;

    /// The id of a key's record, committed or not.
    fn id_of(&self, key: &str) -> Result<Option<u64>>;

    /// Ids of records; ascending, but where it says otherwise.
    fn ids(&self, which: Which<'_>) -> Result<Vec<u64>>;

    /// The records of these ids, of those that are there, in any order.
    fn records(&self, ids: &[u64]) -> Result<Vec<(u64, Record)>>;

    /// The embeddings of these ids, of those that are there, in any order.
    fn embeddings(&self, ids: &[u64]) -> Result<Vec<(u64, Embedding)>>;

    /// A record's code.
    fn code(&self, id: u64) -> Result<Option<HashCode>>;

    /// A record's thumbnail.
    fn thumbnail(&self, id: u64) -> Result<Option<Vec<u8>>>;

    /// The values of a field and how many records have each, most first; at most so many.
    fn counts(&self, field: Field, most: usize) -> Result<Vec<(String, usize)>>;

    /// Each record's value of a field, of those that have one; of labels the last.
    fn values(&self, field: Field) -> Result<Vec<(u64, String)>>;

    /// Counts of everything.
    fn totals(&self) -> Result<Totals>;

    /// Insertions that are not committed.
    fn pending(&self) -> usize;

    /// Adds an entry, or finds its key; durable with the next commit. `known` is what the gallery
    /// was when the entry was made.
    fn insert(&mut self, entry: &Entry, known: &Meta) -> Result<Insertion>;

    /// Makes the insertions durable; whether there was anything to.
    fn commit(&mut self) -> Result<bool>;

    /// Takes records out, durably; how many were there.
    fn delete(&mut self, ids: &[u64], known: &Meta) -> Result<usize>;

    /// Begins a re-indexing, or gives one up.
    fn set_next(&mut self, next: Option<&Next>, known: &Meta) -> Result<()>;

    /// Keeps codes and embeddings of the next model, durably; those of records that are gone are
    /// dropped.
    fn put_next(
        &mut self,
        next: &Next,
        known: &Meta,
        encoded: &[(u64, HashCode, Embedding)],
    ) -> Result<()>;

    /// Puts the next model's codes in the places of the others, all at once; an error if a record
    /// has none.
    fn switch(&mut self, next: &Next, known: &Meta) -> Result<()>;

    /// Names the file that has the index, unless a newer one is named; the one that was.
    fn name_segment(&self, name: SegmentName) -> Result<Option<SegmentName>>;

    /// What is wrong with what is stored. `index` is as of `known`.
    fn verify(&self, index: &Index, known: &Meta) -> Result<Vec<Problem>>;

    /// Writes everything anew without gaps.
    fn rewrite(&self) -> Result<()>;

    /// Makes sure that no log has bytes of what was deleted; the name of one that has.
    fn empty_log(&self) -> Result<Option<String>>;

    /// Copies what is committed into a folder.
    fn back_up(&self, to: &Path) -> Result<()>;

    /// The pictures that wait to be encoded; only a server has them.
    fn queue(&mut self) -> Option<&mut Postgres> {
        None
    }

    /// The connection of a folder's database, for tests that take its room or its rights away.
    #[cfg(test)]
    fn connection(&self) -> &rusqlite::Connection {
        unreachable!("only a folder has one")
    }
}

/// What the index holds of a record. A damaged or missing embedding has the descriptor of none.
pub(super) type Coded = (HashCode, Descriptor);

/// A state of a database.
pub(super) trait Snapshot {
    /// What the gallery says of itself.
    fn meta(&self) -> Result<Meta>;

    /// All codes with their embeddings' descriptors, and the ids of those of which either is
    /// damaged.
    fn codes(&self, meta: &Meta) -> Result<(Index, Vec<u64>)>;

    /// Ids that were inserted or deleted since a generation; some of them perhaps known.
    fn changes(&self, since: u64, each: &mut dyn FnMut(u64, Change)) -> Result<()>;
}

/// What became of a record.
pub(super) enum Change {
    /// The index holds this of it.
    Inserted(Coded),
    /// Its code or its embedding is not what was stored.
    Damaged,
    /// It has no code: it is gone.
    Deleted,
}
