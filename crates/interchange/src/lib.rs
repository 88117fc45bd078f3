//! DICOM and FHIR objects that we write.

pub mod deidentify;
mod error;

pub use error::{Error, Result};
