//! Talks to PACS, and keeps what arrives. Knows no pixels, no codes and no galleries.

mod error;
pub mod inbox;

pub use error::{Error, Result};
