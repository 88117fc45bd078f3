//! Talks to PACS, and keeps what arrives. Knows no pixels, no codes and no galleries.

mod association;
mod command;
mod elements;
mod error;
mod event;
pub mod inbox;
mod part10;
mod query;
pub mod scp;
pub mod scu;
mod tls;
mod uids;

pub use association::Timeouts;
pub use dicom_core::Tag;
pub use error::{Error, Result};
pub use event::{Event, Events};
pub use query::Query;
pub use tls::{ClientTls, ServerTls};
pub use uids::IMAGE_STORAGE;
