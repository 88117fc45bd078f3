//! Verification of a gallery.

use std::fmt;

use crate::{Gallery, Result, segment};

/// A fault of a gallery. `Display` describes it in a line.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// SQLite found its own pages, a constraint or a reference broken; or PostgreSQL has no
    /// checksums of its pages.
    Database {
        /// SQLite's words, or ours.
        detail: String,
    },
    /// A part of a record that is missing.
    Missing {
        /// The record.
        id: u64,
        /// Code, embedding or thumbnail.
        part: &'static str,
    },
    /// A part of a record that cannot be read, or has changed.
    Unreadable {
        /// The record.
        id: u64,
        /// Fields (with labels and report), code, embedding or thumbnail.
        part: &'static str,
        /// The fault, in words.
        detail: String,
    },
    /// A record whose code is missing from the index or differs there, so that searches cannot find
    /// it.
    NotIndexed {
        /// The record.
        id: u64,
    },
    /// Codes of the index that belong to no record.
    Strangers {
        /// The number of codes.
        count: usize,
    },
    /// A file of the index that is missing or damaged. The index was made from the database
    /// instead.
    Segment {
        /// The fault, in words.
        detail: String,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database { detail } => write!(f, "the database: {detail}"),
            Self::Missing { id, part } => write!(f, "record {id} has no {part}"),
            Self::Unreadable { id, part, detail } => {
                write!(f, "record {id} has a damaged {part}: {detail}")
            }
            Self::NotIndexed { id } => {
                write!(
                    f,
                    "record {id} is in the database but not in the index; compact the gallery"
                )
            }
            Self::Strangers { count } => {
                write!(f, "the index has {count} codes of no record; compact the gallery")
            }
            Self::Segment { detail } => {
                write!(
                    f,
                    "the index's file cannot be used, and is made again from the database: {detail}"
                )
            }
        }
    }
}

impl Gallery {
    /// Checks everything that is stored. Returns the faults found; none for a sound gallery.
    ///
    /// It reads every byte, so it takes as long as reading the whole database. In a folder it shuts
    /// other writers out for a part of that time.
    ///
    /// # Errors
    /// If the check itself cannot be made, as when another process is writing. Damage is no error
    /// but a problem.
    pub fn verify(&self) -> Result<Vec<Problem>> {
        let segment = || segment::open(self.store.folder(), &self.meta).err();
        let unusable =
            self.unusable.clone().or_else(segment).map(|detail| Problem::Segment { detail });
        let mut problems: Vec<Problem> = unusable.into_iter().collect();
        problems.extend(self.store.verify(&self.index, &self.meta)?);
        Ok(problems)
    }
}
