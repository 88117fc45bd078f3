//! DICOM and FHIR objects that we write.

mod answer;
mod capture;
pub mod deidentify;
mod derived;
mod doubt;
mod error;
mod fhir;
mod kind;
mod object;
mod outline;
mod presentation;
mod report;
mod source;
mod viewer;

pub use answer::{Answer, Neighbor, Software};
pub use capture::{Picture, capture};
pub use doubt::Doubt;
pub use error::{Error, Result};
pub use fhir::bundle;
pub use outline::Region;
pub use presentation::presentation_state;
pub use report::report;
pub use source::Source;
pub use viewer::Viewer;
