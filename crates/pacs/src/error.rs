//! The errors of communication with a PACS. Each says what was got, what was expected and what to
//! do.

use connections::TlsError;
use std::path::{Path, PathBuf};

/// Errors of this crate. None shows patient data.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder that the system refuses to read or write.
    #[error(transparent)]
    File(#[from] files::Error),
    /// A folder that holds something else than an inbox.
    #[error("{path} is no inbox: got {got}, expected an empty folder or an inbox of this version")]
    NotAnInbox {
        /// The folder.
        path: PathBuf,
        /// A description of what is there.
        got: String,
    },
    /// An inbox that another process consumes.
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
    /// A disk with less free space than the limits require.
    #[error("{free} bytes are free on the inbox's disk, expected at least {needed}: make room")]
    OutOfSpace {
        /// Free bytes.
        free: u64,
        /// The number of bytes that the limits leave free.
        needed: u64,
    },
    /// Bytes that are no DICOM file.
    #[error("not a DICOM file as PS3.10 defines it: got {got}")]
    NotDicom {
        /// A description of what was found.
        got: &'static str,
    },
    /// A data set that contradicts its file meta group or its command.
    #[error(
        "{attribute} of the data set differs from that of the request; refused, as it may be \
         another instance"
    )]
    Mismatch {
        /// The attribute's name.
        attribute: &'static str,
    },
    /// An address that cannot be listened at or connected to.
    #[error("{address}: {source}")]
    Address {
        /// The address.
        address: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// A connection that broke.
    #[error("the connection broke: {source}")]
    Network {
        /// The system's error.
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
    /// An association that ended because the listener stops.
    #[error("the listener is stopping")]
    Stopping,
    /// An association that a peer rejects.
    #[error("the peer rejects the association {}: {reason}; expected it to know our AE title and \
             address", if *permanent { "for good" } else { "for now" })]
    Rejected {
        /// True if trying again is of no use.
        permanent: bool,
        /// The peer's reason.
        reason: String,
    },
    /// An association that this program rejects.
    #[error("rejected: {reason}")]
    Refused {
        /// The reason, in words.
        reason: &'static str,
    },
    /// A PDU that is longer than agreed.
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
        /// A description of what came.
        got: String,
        /// A description of what should have come.
        expected: &'static str,
    },
    /// A body that is not the multipart body it should be.
    #[error("got {got}, expected a multipart body as RFC 2046 5.1 defines it")]
    Multipart {
        /// A description of what came.
        got: &'static str,
    },
    /// A server that cannot be reached, or whose answer breaks off.
    #[error("{url}: {reason}")]
    Http {
        /// The address, without a query.
        url: String,
        /// The fault, in words.
        reason: String,
    },
    /// A server that refuses a request.
    #[error("{url}: the server answers {status}, expected success; {hint}")]
    HttpStatus {
        /// The address, without a query.
        url: String,
        /// The status (RFC 9110 15).
        status: u16,
        /// The remedy, in words.
        hint: &'static str,
    },
    /// A server's answer that cannot be used.
    #[error("{url}: got {got}, expected {expected}")]
    Answer {
        /// The address, without a query.
        url: String,
        /// A description of what came.
        got: String,
        /// A description of what should have come.
        expected: &'static str,
    },
    /// An instance of a SOP class that is not kept.
    #[error("SOP class {sop_class} is no picture, expected the storage of images")]
    NoImage {
        /// The class.
        sop_class: String,
    },
    /// An instance in a transfer syntax that is not accepted.
    #[error(
        "transfer syntax {uid} is not among those that are accepted; have the sender transcode"
    )]
    TransferSyntax {
        /// The transfer syntax's UID.
        uid: String,
    },
    /// A service that the peer does not offer.
    #[error("the peer accepts no {service}; expected it to be configured for us")]
    NotAccepted {
        /// The service's name.
        service: String,
    },
    /// A response with the status of a failure.
    #[error("the peer answers {operation} with status {status:04X}{comment}")]
    Status {
        /// The operation that was requested.
        operation: &'static str,
        /// The status (PS3.7 annex C).
        status: u16,
        /// The peer's comment, in brackets.
        comment: String,
    },
    /// An instance to be sent that cannot be read.
    #[error("the file to send cannot be read: {source}")]
    Source {
        /// The system's error.
        source: std::io::Error,
    },
    /// A certificate or key that cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A setting that is not allowed.
    #[error("{setting} is {got}, expected {expected}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// The value given.
        got: String,
        /// A description of allowed values.
        expected: &'static str,
    },
    /// A feed's position that cannot be read.
    #[error(
        "{path} is not a number, expected the position of a feed; remove it to read the feed from \
         its start"
    )]
    Position {
        /// The file.
        path: PathBuf,
    },
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Converts an error of a file to one that names the path.
pub(crate) fn at(path: &Path) -> impl Fn(std::io::Error) -> Error + Copy + '_ {
    move |source| Error::File(files::Error::at(path)(source))
}

/// Converts an error of a connection. A timeout and a request to stop have their own variants.
pub(crate) fn network(source: std::io::Error) -> Error {
    match source.kind() {
        std::io::ErrorKind::TimedOut => Error::TimedOut,
        std::io::ErrorKind::ConnectionAborted => Error::Stopping,
        std::io::ErrorKind::UnexpectedEof => Error::Closed,
        _ => Error::Network { source },
    }
}
