//! What can go wrong between us and a PACS, each with what was got, what was expected and what to
//! do.

use std::path::PathBuf;

/// Errors of this crate. None shows patient data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that the system refuses.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A folder that holds something else than an inbox.
    #[error("{path} is no inbox: got {got}, expected an empty folder or an inbox of this version")]
    NotAnInbox {
        /// The folder.
        path: PathBuf,
        /// What is there.
        got: String,
    },
    /// Somebody else consumes.
    #[error(
        "{path} has a consumer already, expected none: stop the other process, or give it the work"
    )]
    ConsumerBusy {
        /// The inbox.
        path: PathBuf,
    },
    /// An instance beyond the limit.
    #[error("an instance of more than {limit} bytes; raise the limit if this is a real radiograph")]
    InstanceTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// A disk that is as good as full.
    #[error("{free} bytes are free on the inbox's disk, expected at least {needed}: make room")]
    OutOfSpace {
        /// Free bytes.
        free: u64,
        /// What the limits leave free.
        needed: u64,
    },
    /// Bytes that are no DICOM file.
    #[error("not a DICOM file as PS3.10 defines it: got {got}")]
    NotDicom {
        /// What was found.
        got: &'static str,
    },
    /// A data set that contradicts its file meta group or its command.
    #[error(
        "{attribute} of the data set is not what came with it, expected the same; refused, as it may be another instance"
    )]
    Mismatch {
        /// Which attribute.
        attribute: &'static str,
    },
    /// An address that cannot be listened at or connected to.
    #[error("{address}: {source}")]
    Address {
        /// The address.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A connection that broke.
    #[error("the connection broke: {source}")]
    Network {
        /// What the system said.
        source: std::io::Error,
    },
    /// A peer that took longer than the timeouts allow.
    #[error("the peer took too long; raise the timeout if its line is slow")]
    TimedOut,
    /// A connection that was closed in the midst of something.
    #[error("the peer closed the connection before the end")]
    Closed,
    /// An association that the peer aborted.
    #[error("the peer aborted the association")]
    Aborted,
    /// An association that ended as we are stopping.
    #[error("stopping")]
    Stopping,
    /// An association that a peer rejects.
    #[error("the peer rejects the association {}: {reason}; expected it to know our AE title and address", if *permanent { "for good" } else { "for now" })]
    Rejected {
        /// Whether trying again is of no use.
        permanent: bool,
        /// What it said.
        reason: String,
    },
    /// An association that we reject.
    #[error("rejected: {reason}")]
    Refused {
        /// Why.
        reason: &'static str,
    },
    /// A PDU that is longer than what was agreed.
    #[error("a PDU of type {kind} of {got} bytes, expected at most {limit}")]
    PduTooLong {
        /// Its type (PS3.8 9.3.1).
        kind: u8,
        /// Its length.
        got: u32,
        /// The limit.
        limit: u32,
    },
    /// Bytes that do not follow the protocol.
    #[error("got {got}, expected {expected}")]
    Protocol {
        /// What came.
        got: String,
        /// What should have come.
        expected: &'static str,
    },
    /// A body of several parts that is none.
    #[error("got {got}, expected a multipart body as RFC 2046 5.1 defines it")]
    Multipart {
        /// What came.
        got: &'static str,
    },
    /// A server that cannot be reached, or whose answer breaks off.
    #[error("{url}: {reason}")]
    Http {
        /// What was asked for, without a query.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// A server that refuses.
    #[error("{url}: the server answers {status}, expected success; {hint}")]
    HttpStatus {
        /// What was asked for, without a query.
        url: String,
        /// The status (RFC 9110 15).
        status: u16,
        /// What to do.
        hint: &'static str,
    },
    /// An answer of a server that makes no sense.
    #[error("{url}: got {got}, expected {expected}")]
    Answer {
        /// What was asked for, without a query.
        url: String,
        /// What came.
        got: String,
        /// What should have come.
        expected: &'static str,
    },
    /// An instance of a class that is not kept.
    #[error("SOP class {sop_class} is no picture, expected the storage of images")]
    NoImage {
        /// The class.
        sop_class: String,
    },
    /// An instance in an encoding that is not read.
    #[error(
        "transfer syntax {uid} is not among those that are accepted; have the sender transcode"
    )]
    TransferSyntax {
        /// Its UID.
        uid: String,
    },
    /// A service that the peer does not offer.
    #[error("the peer accepts no {service}; expected it to be configured for us")]
    NotAccepted {
        /// Which.
        service: String,
    },
    /// An answer that says that something failed.
    #[error("the peer answers {operation} with status {status:04X}{comment}")]
    Status {
        /// What was asked.
        operation: &'static str,
        /// The status (PS3.7 annex C).
        status: u16,
        /// What it said, in brackets.
        comment: String,
    },
    /// An instance that was to be sent and does not read.
    #[error("what is sent does not read: {source}")]
    Source {
        /// What the system said.
        source: std::io::Error,
    },
    /// A certificate or key.
    #[error("{path}: {reason}; expected PEM")]
    Tls {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A setting that makes no sense.
    #[error("{setting} is {got}, expected {expected}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// What it is.
        got: String,
        /// What would do.
        expected: &'static str,
    },
    /// A position of a feed that does not read.
    #[error(
        "{path} is not a number, expected the position of a feed; remove it to read the feed from its start"
    )]
    Position {
        /// The file.
        path: PathBuf,
    },
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// A timeout and a request to stop have names of their own.
pub(crate) fn network(source: std::io::Error) -> Error {
    match source.kind() {
        std::io::ErrorKind::TimedOut => Error::TimedOut,
        std::io::ErrorKind::ConnectionAborted => Error::Stopping,
        std::io::ErrorKind::UnexpectedEof => Error::Closed,
        _ => Error::Network { source },
    }
}
