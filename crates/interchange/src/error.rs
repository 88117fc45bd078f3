//! Errors of objects that are read or written. Each says what was got, what was expected and what
//! to do.

use std::path::PathBuf;

use dicom_core::Tag;

use crate::doubt::Doubt;

/// Errors of this crate. None shows patient data or a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A key file cannot be read or made.
    #[error("cannot {action} the key file `{path}`: {source}")]
    KeyFile {
        /// The action that failed, a verb: `read`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A key that is too short to keep anything secret, or no key at all.
    #[error("the key file `{path}` has {got} bytes, expected 32 to 4096; have one made")]
    KeyLength {
        /// The file.
        path: PathBuf,
        /// Its size.
        got: u64,
    },
    /// A key that others may read.
    #[error(
        "the key file `{path}` has the mode {mode:o}, expected one that its owner alone may read: \
         chmod 600 it"
    )]
    KeyReadable {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    /// Bytes that are no DICOM file.
    #[error(
        "not a DICOM file: {got}, expected `DICM` after 128 bytes and the UIDs of class, instance \
         and transfer syntax"
    )]
    NotDicom {
        /// The fault that was found.
        got: &'static str,
    },
    /// More bytes than the limit, of the file or of its inflated data set.
    #[error(
        "more than {limit} bytes, expected fewer; raise the limit if this is a real radiograph"
    )]
    TooManyBytes {
        /// The limit.
        limit: u64,
    },
    /// A data set that ends where it should not, or claims what is not there.
    #[error("DICOM does not parse: {tag} at byte {at} {problem}")]
    Parse {
        /// The element.
        tag: Tag,
        /// The position of the fault in bytes; in a deflated data set, after inflation.
        at: usize,
        /// The fault.
        problem: &'static str,
    },
    /// A deflated data set that does not inflate.
    #[error("the deflated data set does not inflate: {0}")]
    Inflate(std::io::Error),
    /// A transfer syntax that nobody knows, whose data set cannot be read.
    #[error(
        "TransferSyntaxUID names no transfer syntax of the standard; have the sender transcode"
    )]
    TransferSyntax,
    /// A directory of files, whose offsets would be wrong afterwards.
    #[error(
        "a DICOMDIR is a table of contents, expected an instance; make a new DICOMDIR of the new \
         files"
    )]
    Directory,
    /// A picture that names, or may name, the patient.
    #[error(
        "the picture itself may name the patient ({0}), and pixels are not cleaned; look at it, \
         and allow burned-in text if it is harmless"
    )]
    BurnedIn(Doubt),
    /// Compressed pixels whose comments and application data cannot be removed.
    #[error(
        "the compressed picture cannot be cleaned ({problem}), expected frames as in PS3.5 A.4; \
         have the sender transcode"
    )]
    Frames {
        /// The fault of the frames.
        problem: &'static str,
    },
    /// A query without the identifiers that an object of its study needs.
    #[error(
        "the query has no usable {attribute}, expected a DICOM instance of a study; without one, \
         write FHIR"
    )]
    NotOfAStudy {
        /// The attribute that is missing, or that is no UID.
        attribute: &'static str,
    },
    /// A text of the query that cannot be repeated as it stands.
    #[error(
        "{attribute} of the query does not decode by its SpecificCharacterSet, expected text; \
         nothing is filed under a name that may be another's: have the sender name the right set"
    )]
    Undecodable {
        /// Which.
        attribute: &'static str,
    },
    /// A presentation that a presentation state cannot repeat.
    #[error(
        "the query is shown through {attribute}, which our presentation states cannot repeat; \
         expected greys and a window: write a capture instead"
    )]
    Lookup {
        /// The attribute, or what it is.
        attribute: &'static str,
    },
    /// Pixels that do not fill a picture.
    #[error(
        "{got} values do not fill {width} × {height}, expected sides of 1 to 65535 and a value \
         for each place"
    )]
    Size {
        /// The number of values.
        got: usize,
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// A viewer's address that cannot be made a link.
    #[error("the viewer's address has {got}, expected {expected}")]
    Viewer {
        /// The fault.
        got: String,
        /// The expected form.
        expected: &'static str,
    },
    /// An object that does not become a file.
    #[error("the DICOM object cannot be written: {0}")]
    Write(Box<dicom_object::WriteError>),
    /// A file meta group that cannot be made.
    #[error("the file meta group of the object cannot be made: {0}")]
    FileMeta(Box<dicom_object::WithMetaError>),
}

impl From<dicom::Error> for Error {
    fn from(error: dicom::Error) -> Self {
        let (tag, at, problem) = match error {
            dicom::Error::NoPrefix => return Self::NotDicom { got: "no DICM after 128 bytes" },
            dicom::Error::Inflate(error) => return Self::Inflate(error),
            dicom::Error::CutOff { header_at, .. } => (Tag(0, 0), header_at, "is cut short"),
            dicom::Error::Length { tag, header_at, .. } => {
                (tag, header_at, "claims more bytes than are left")
            }
            dicom::Error::Depth { tag, at } => (tag, at, "lies in more than 64 sequences"),
            dicom::Error::NoItem { got, at } => (got, at, "is where an item was expected"),
            dicom::Error::TooManyFragments { tag, at } => (tag, at, "has too many fragments"),
        };
        Self::Parse { tag, at, problem }
    }
}

/// Result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
