//! Comparison of methods on the same data, splits, backbone, budget and bits. Every run is kept,
//! so that a comparison continues after a kill.

pub(crate) mod config;
pub(crate) mod encodings;
pub(crate) mod experiment;
mod failures;
pub(crate) mod measure;
pub(crate) mod origin;
pub(crate) mod page;
pub(crate) mod report;
pub(crate) mod run;
mod shallow;
