//! Communication with a PACS, and a durable inbox for received instances. It knows no pixels, no
//! codes and no galleries.

mod association;
mod authorization;
mod command;
pub mod dicomweb;
mod elements;
mod error;
mod event;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod http;
pub mod inbox;
mod media_type;
mod multipart;
pub mod orthanc;
mod part10;
mod query;
mod receive;
pub mod scp;
pub mod scu;
mod uids;

pub use association::Timeouts;
pub use authorization::Authorization;
pub use connections::{ClientTls, ServerTls};
pub use dicom_core::Tag;
pub use error::{Error, Result};
pub use event::{Event, Events, SharedEvents};
pub use http::Server;
pub use query::Query;
pub use receive::Fetched;
pub use uids::IMAGE_STORAGE;
