//! Proving a gallery sound.

use std::fmt;

use super::{Gallery, segment};
use crate::Result;

/// Something wrong with a gallery. `Display` says what, in a line.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// SQLite found its own pages, a constraint or a reference broken; or PostgreSQL has no
    /// checksums of its pages.
    Database {
        /// SQLite's words, or ours.
        detail: String,
    },
    /// A part of a record that is not there.
    Missing {
        /// The record.
        id: u64,
        /// Code, embedding or thumbnail.
        part: &'static str,
    },
    /// A part of a record that does not read, or not as it was written.
    Unreadable {
        /// The record.
        id: u64,
        /// Fields (with labels and report), code, embedding or thumbnail.
        part: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// A record whose code the index lacks or has otherwise, so that searches cannot find it.
    NotIndexed {
        /// The record.
        id: u64,
    },
    /// A file of the index that is missing or damaged. The index was made from the database
    /// instead.
    Segment {
        /// What is wrong with it.
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
                    "record {id} is in the database but not in the index; run `skiagraph gallery compact`"
                )
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
    /// Checks all that is stored, and gives what is wrong; a sound gallery gives nothing.
    ///
    /// Reads every byte, so it takes as long as reading the whole database; of a folder it shuts
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
