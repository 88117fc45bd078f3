//! Elements and files of DICOM, read from bytes of strangers and written (PS3.5, PS3.10).
//!
//! Values are slices of the file: what a length claims is compared with the bytes that are there,
//! before anything is allocated. Sequences in sequences have a limit. A file that is not written as
//! it says is read as it is.

mod deflate;
mod detection;
mod element;
mod error;
mod file;
mod fragments;
mod layout;
mod limits;
mod reader;
pub mod text;
mod transfer_syntax;
mod uid;
mod vr;
mod writer;

pub use deflate::{deflated, inflate, inflated_length};
pub use element::{Element, Item};
pub use error::{Error, Result};
pub use file::{FileMeta, Identity, Implementation, is_file};
pub use fragments::{Fragment, Fragments};
pub use layout::{Layout, Order};
pub use reader::Reader;
pub use transfer_syntax::{EXPLICIT_VR_BIG_ENDIAN, Form, guessed};
pub use uid::is_uid;
pub use vr::standard_vr;
pub use writer::Writer;
