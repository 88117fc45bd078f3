//! From bytes and data sets to radiographs: decoding, greyscale, preprocessing. Also hand-made
//! features, to compare with learnt ones.

mod collimation;
pub mod dataset;
pub mod dates;
mod decode;
mod dicom;
mod error;
pub mod features;
mod geometry;
pub mod image_qc;
mod limits;
pub mod memory;
mod options;
mod preprocess;
mod radiograph;
mod raster;
mod region;
mod resample;
mod warning;

pub use self::dicom::{texts, transfer_syntaxes};
pub use decode::{ContentHash, decode, decode_with, read};
pub use error::{Error, Result};
pub use geometry::{Orientation, Spacing};
pub use limits::Limits;
pub use options::Options;
pub use preprocess::{Frame, Input, Preprocess};
pub use radiograph::{Format, Header, Radiograph};
pub use region::Region;
pub use warning::Warning;
