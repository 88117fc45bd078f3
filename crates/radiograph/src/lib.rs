//! Bytes and data sets to radiographs: decoding, greyscale, preprocessing.

pub mod dataset;
mod decode;
mod dicom;
mod error;
mod preprocess;
mod radiograph;
mod raster;

pub use decode::{ContentHash, Limits, decode, read};
pub use error::{Error, Result};
pub use preprocess::{Frame, Input, Preprocess};
pub use radiograph::{Format, Header, Radiograph};
