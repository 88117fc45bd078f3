//! The errors. Each names the object, what was got, what was expected and what to do.

use std::path::PathBuf;

use retrieval::ModelId;

use crate::{FilterError, Location};

/// The result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of galleries. None shows a patient's data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Codes, embeddings or an index that do not fit.
    #[error(transparent)]
    Retrieval(#[from] retrieval::Error),
    /// A thumbnail that is no JPEG file.
    #[error(
        "a thumbnail of {got} bytes that are no JPEG file; expected FF D8 at its beginning and FF D9 at its end"
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
        "cannot write to the folder `{}`: {reason}; nothing was changed. Choose a new or an empty folder",
        dir.display()
    )]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
        /// A description of what is there.
        reason: String,
    },
    /// A map's file with damaged bytes.
    #[error("the map `{}` is damaged; expected what `skiagraph gallery map` wrote. Run it again", path.display())]
    DamagedMap {
        /// The file.
        path: PathBuf,
    },
    /// A gallery of a later program.
    #[error(
        "the gallery `{gallery}` has the format {got}, but this program knows formats up to {expected}; nothing was \
         changed. Use a newer skiagraph"
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
        "the gallery `{gallery}` holds codes of the model {got} ({got_bits} bits), but the model in use is {expected} \
         ({expected_bits} bits); codes of two models cannot be compared. Use the gallery's own model, or take the gallery \
         over to the other: skiagraph gallery reindex <GALLERY> --model <MODEL>; or index the pictures into a new one with \
         `skiagraph index`"
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
        "the gallery `{gallery}` was re-indexed to the model {got} while the model {expected} was in use; nothing was changed. \
         Open it again with that model"
    )]
    Reindexed {
        /// The gallery.
        gallery: Location,
        /// The gallery's model now.
        got: ModelId,
        /// Its model when it was opened.
        expected: ModelId,
    },
    /// A filter that cannot be parsed.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// A date that does not exist.
    #[error("a date that does not read; expected one such as 2020-01-31")]
    Date,
    /// No record of this id.
    #[error("the gallery has no record {id}; it may have been deleted")]
    NoRecord {
        /// The id.
        id: u64,
    },
    /// A record of which a part is missing.
    #[error("the gallery's record {id} has no {part}; run `skiagraph gallery verify`")]
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
        "a query without a picture; expected an image, or an entry of the gallery to find the like of"
    )]
    EmptyQuery,
    /// A disk without room.
    #[error(
        "no room to write in the gallery `{}`: {source}. The gallery is as of its last commit; {undone} later insertions \
         were undone. Free some space and run the command again",
        dir.display()
    )]
    DiskFull {
        /// The folder.
        dir: PathBuf,
        /// The number of insertions since the last commit.
        undone: usize,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// Records that are deleted, but whose bytes could not yet be overwritten.
    #[error(
        "{count} records are deleted from the gallery `{}` and will not be found, but their bytes are still in a file \
         there: {source}. Free some space, close every program that uses the gallery, and run `skiagraph gallery compact`",
        dir.display()
    )]
    NotErased {
        /// The folder.
        dir: PathBuf,
        /// The number of records.
        count: usize,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// An export that cannot be written or read.
    #[error("`{}` is no part of a gallery's export: {reason}; expected what `skiagraph gallery export` writes", path.display())]
    Transfer {
        /// The file.
        path: PathBuf,
        /// The fault, in words.
        reason: String,
    },
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
        "the gallery is being re-indexed to the model {expected}, not to {got}; finish that, or give it up first"
    )]
    OtherReindexing {
        /// The model that was asked for.
        got: ModelId,
        /// The model that was begun.
        expected: ModelId,
    },
    /// A re-indexing that was not begun.
    #[error(
        "the gallery `{gallery}` is not being re-indexed; begin it, or begin it again if it was finished or given up"
    )]
    NotReindexing {
        /// The gallery.
        gallery: Location,
    },
    /// A re-indexing in which pictures have no new code yet.
    #[error(
        "{missing} pictures have no code of the model {model} yet; the gallery stays with the codes it has"
    )]
    ReindexingUnfinished {
        /// The number of pictures without a new code.
        missing: usize,
        /// The next model.
        model: ModelId,
    },
    /// A file that could not be replaced and still has bytes of deleted records.
    #[error(
        "the gallery `{gallery}` is not compact: its file `{file}` could not be replaced, because another program uses the gallery or the \
         disk is full. Nothing is lost; close the other program or free some space, and run `skiagraph gallery compact` again"
    )]
    NotCompacted {
        /// The gallery.
        gallery: Location,
        /// The file's name.
        file: String,
    },
    /// A disk that fails.
    #[error(
        "the disk failed under the gallery `{}`: {source}. The gallery is as of its last commit; {undone} later \
         insertions were undone. See whether the disk is full or broken, then run the command again",
        dir.display()
    )]
    DiskFailed {
        /// The folder.
        dir: PathBuf,
        /// The number of insertions since the last commit.
        undone: usize,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A folder that cannot be written.
    #[error(
        "the gallery `{}` cannot be written: {source}. Nothing in it was changed. A gallery's folder must be \
         writable, for searching too: give the right to write there, or use a copy where you may write",
        dir.display()
    )]
    ReadOnly {
        /// The folder.
        dir: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A gallery that another process is writing.
    #[error(
        "the gallery `{}` is being written by another process: {source}. Try again when that has finished",
        dir.display()
    )]
    Busy {
        /// The folder.
        dir: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// A gallery with damaged bytes.
    #[error(
        "the gallery `{gallery}` is damaged: {detail}. Run `skiagraph gallery verify`, restore a copy, or index the pictures again"
    )]
    Damaged {
        /// The gallery.
        gallery: Location,
        /// The damage found, in words.
        detail: String,
    },
    /// A record with bytes that have changed since it was stored.
    #[error(
        "the gallery's record {id} has a damaged {part}: {detail}. Delete the picture and index its file again, or restore a copy; \
         `skiagraph gallery verify` names all that is damaged"
    )]
    DamagedRecord {
        /// The id.
        id: u64,
        /// The part: fields (with labels and report), code, embedding, thumbnail.
        part: &'static str,
        /// The fault, in words.
        detail: String,
    },
    /// A database that lacks the last changes that were acknowledged.
    #[error(
        "the gallery `{gallery}` has lost changes: it ends with change {got}, but change {expected} was acknowledged. Another program \
         or a person has removed its write-ahead log, or put an older database in its place. Nothing is written to it any more. \
         Restore a copy; or give those changes up by removing the file `gallery.sqlite-acknowledged` there, and index their pictures again"
    )]
    LostChanges {
        /// The gallery.
        gallery: Location,
        /// The number of the last change that is there.
        got: u64,
        /// The number of the last change that was acknowledged.
        expected: u64,
    },
    /// A log with damaged bytes, behind which transactions are lost.
    #[error(
        "the write-ahead log `{}` is damaged at byte {at}: what was committed from there on does not read. Nothing was changed. \
         Restore a copy; or give those changes up: cut the log there (truncate --size {at} FILE), remove the file \
         `gallery.sqlite-acknowledged` beside it, and index their pictures again",
        path.display()
    )]
    DamagedLog {
        /// The file.
        path: PathBuf,
        /// The position of the first byte that cannot be read.
        at: u64,
    },
    /// A gallery's address that cannot be parsed.
    #[error(
        "a gallery's address that does not read: {reason}; expected postgres://USER@HOST[,HOST]/DATABASE[?OPTION=VALUE&…]"
    )]
    Address {
        /// The fault, in words.
        reason: String,
    },
    /// A server that does not answer.
    #[error(
        "no server of the gallery `{gallery}` answers: {reason}. See whether PostgreSQL runs there and lets this program in; what was \
         not committed is undone, and can be done again"
    )]
    Unreachable {
        /// The gallery.
        gallery: Location,
        /// The attempts and their outcomes.
        reason: String,
    },
    /// A database that has a gallery already, where one was to be made.
    #[error(
        "`{gallery}` has a gallery already; nothing was changed. Add to it, or choose another database"
    )]
    Exists {
        /// The gallery.
        gallery: Location,
    },
    /// A change that only a server in charge can make, while there is none.
    #[error(
        "no server of the gallery `{gallery}` takes changes just now: {reason}; try again when one is in charge"
    )]
    NoLeader {
        /// The gallery.
        gallery: Location,
        /// The servers' messages.
        reason: String,
    },
    /// A request that a server refuses.
    #[error(
        "the server of the gallery `{gallery}` refused: {reason}. {undone} insertions since the last commit were undone"
    )]
    Server {
        /// The gallery.
        gallery: Location,
        /// The server's message.
        reason: String,
        /// The number of insertions since the last commit.
        undone: usize,
    },
    /// A gallery on a server whose address names no folder for derived files.
    #[error(
        "the gallery `{gallery}` has no folder on this machine; give one where files made of it may lie: add snapshots=FOLDER to its \
         address"
    )]
    NoFolder {
        /// The gallery.
        gallery: Location,
    },
    /// A queue of a gallery in a folder, which has none.
    #[error(
        "the gallery `{gallery}` has no queue: only one on a PostgreSQL server does; index its pictures with `skiagraph index`"
    )]
    NoQueue {
        /// The gallery.
        gallery: Location,
    },
    /// An operation that belongs to a server's own tools.
    #[error("a gallery on a server cannot be {what} by this program; {instead}")]
    ByServer {
        /// The operation, as a participle: "copied".
        what: &'static str,
        /// The command or tool to use instead.
        instead: &'static str,
    },
    /// Any other failure of the database.
    #[error("the database of the gallery `{}` failed: {source}", dir.display())]
    Database {
        /// The folder.
        dir: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
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
