//! The errors of galleries, whichever database they are in. Each names the object, what was got,
//! what was expected and what to do.

use std::path::PathBuf;

use retrieval::ModelId;

use crate::{Location, PostgresError, ReindexingError, SqliteError, TransferError};

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a gallery. None shows a patient's data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Codes, embeddings or an index that do not fit.
    #[error(transparent)]
    Retrieval(#[from] retrieval::Error),
    /// A fault of the database in a folder.
    #[error(transparent)]
    Sqlite(#[from] SqliteError),
    /// A fault of the database on a server.
    #[error(transparent)]
    Postgres(#[from] PostgresError),
    /// A re-indexing that cannot be begun, continued or finished.
    #[error(transparent)]
    Reindexing(#[from] ReindexingError),
    /// An export that cannot be read or written.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// A thumbnail that is no JPEG file.
    #[error(
        "a thumbnail of {got} bytes that are no JPEG file; expected FF D8 at its beginning and FF \
         D9 at its end"
    )]
    Thumbnail {
        /// Bytes.
        got: usize,
    },
    /// No gallery where one was to be opened.
    #[error("`{gallery}` is not a gallery: {reason}; nothing was changed")]
    NotAGallery {
        /// The gallery.
        gallery: Location,
        /// The reason why it is no gallery.
        reason: String,
    },
    /// A folder that is not empty, where a gallery was to be made.
    #[error(
        "cannot write to the folder `{}`: {reason}; nothing was changed. Choose a new or an empty \
         folder",
        dir.display()
    )]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
        /// A description of what is there.
        reason: String,
    },
    /// A map's file with damaged bytes.
    #[error("the map `{}` is damaged; expected one as it was drawn. Draw it again", path.display())]
    DamagedMap {
        /// The file.
        path: PathBuf,
    },
    /// A gallery of a later program.
    #[error(
        "the gallery `{gallery}` has the format {got}, but this program knows formats up to \
         {expected}; nothing was changed. Use a newer program"
    )]
    NewerGallery {
        /// The gallery.
        gallery: Location,
        /// The gallery's format.
        got: i64,
        /// The latest format known here.
        expected: i64,
    },
    /// A gallery of another model's codes.
    #[error(
        "the gallery `{gallery}` holds codes of the model {got} ({got_bits} bits), but the model \
         in use is {expected} ({expected_bits} bits); codes of two models cannot be compared. Use \
         the gallery's own model, re-index the gallery to the other, or index the pictures into a \
         new gallery"
    )]
    OtherModel {
        /// The gallery.
        gallery: Location,
        /// The gallery's model.
        got: ModelId,
        /// The length of its codes, in bits.
        got_bits: usize,
        /// The model in use.
        expected: ModelId,
        /// The length of its codes, in bits.
        expected_bits: usize,
    },
    /// A gallery that was re-indexed to another model since it was opened.
    #[error(
        "the gallery `{gallery}` was re-indexed to the model {got} while the model {expected} was \
         in use; nothing was changed. Open it again with that model"
    )]
    Reindexed {
        /// The gallery.
        gallery: Location,
        /// The gallery's model now.
        got: ModelId,
        /// Its model when it was opened.
        expected: ModelId,
    },
    /// No record of this id.
    #[error("the gallery has no record {id}; it may have been deleted")]
    NoRecord {
        /// The id.
        id: u64,
    },
    /// A record of which a part is missing.
    #[error("the gallery's record {id} has no {part}; verify the gallery")]
    MissingPart {
        /// The record.
        id: u64,
        /// The part: code, embedding, thumbnail.
        part: &'static str,
    },
    /// An entry with an empty key.
    #[error("a gallery entry with an empty key; expected a SOP Instance UID or a hash of the file")]
    EmptyKey,
    /// A query that was moved by feedback and cannot be hashed.
    #[error("the query moved by feedback cannot be hashed: {0}")]
    EncodeEmbedding(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A query without a picture or an entry to look for.
    #[error(
        "a query without a picture; expected an image, or an entry of the gallery to find the \
         like of"
    )]
    EmptyQuery,
    /// Records that are deleted, but whose bytes could not yet be overwritten.
    #[error(
        "{count} records are deleted from the gallery `{}` and will not be found, but their bytes \
         are still in a file there: {source}. Free some space, close every program that uses the \
         gallery, and compact it",
        dir.display()
    )]
    NotErased {
        /// The folder.
        dir: PathBuf,
        /// The number of records.
        count: usize,
        /// The database's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A file that could not be replaced and still has bytes of deleted records.
    #[error(
        "the gallery `{gallery}` is not compact: its file `{file}` could not be replaced, because \
         another program uses the gallery or the disk is full. Nothing is lost; close the other \
         program or free some space, and compact it again"
    )]
    NotCompacted {
        /// The gallery.
        gallery: Location,
        /// The file's name.
        file: String,
    },
    /// A gallery with damaged bytes.
    #[error(
        "the gallery `{gallery}` is damaged: {detail}. Verify it, restore a copy, or index the \
         pictures again"
    )]
    Damaged {
        /// The gallery.
        gallery: Location,
        /// The damage found, in words.
        detail: String,
    },
    /// A record with bytes that have changed since it was stored.
    #[error(
        "the gallery's record {id} has a damaged {part}: {detail}. Delete the picture and index \
         its file again, or restore a copy"
    )]
    DamagedRecord {
        /// The id.
        id: u64,
        /// The part: fields (with labels and report), code, embedding, thumbnail.
        part: &'static str,
        /// The fault, in words.
        detail: String,
    },
    /// A server that does not answer.
    #[error(
        "no server of the gallery `{gallery}` answers: {reason}. See whether PostgreSQL runs \
         there and lets this program in; what was not committed is undone, and can be done again"
    )]
    Unreachable {
        /// The gallery.
        gallery: Location,
        /// The attempts and their outcomes.
        reason: String,
    },
    /// A change that only a server in charge can make, while there is none.
    #[error(
        "no server of the gallery `{gallery}` takes changes just now: {reason}; try again when \
         one is in charge"
    )]
    NoLeader {
        /// The gallery.
        gallery: Location,
        /// The servers' messages.
        reason: String,
    },
    /// A gallery on a server whose address names no folder for derived files.
    #[error(
        "the gallery `{gallery}` has no folder on this machine; give one where files made of it \
         may lie: add snapshots=FOLDER to its address"
    )]
    NoFolder {
        /// The gallery.
        gallery: Location,
    },
    /// A queue of a gallery in a folder, which has none.
    #[error(
        "the gallery `{gallery}` has no queue: only one on a PostgreSQL server does; index its \
         pictures directly"
    )]
    NoQueue {
        /// The gallery.
        gallery: Location,
    },
    /// A file or folder that cannot be used.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// The action that failed, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}
